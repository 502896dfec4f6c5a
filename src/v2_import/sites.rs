//! The sites that a dump or a database holds, and the choice of one.

use std::collections::BTreeMap;
use std::fmt;

use super::columns::{OWN_COLUMN, RowLayout};
use super::error::V2ImportError;
use super::tables::{V2Table, V2Tables};

/// The choice of one site where there are several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SiteChoice {
    pub database: Option<String>,
    pub schema: Option<String>,
}

/// Where a site is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SiteLocation {
    /// `None` if the dump does not name it.
    pub(super) database: Option<String>,
    pub(super) schema: String,
}

impl fmt::Display for SiteLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(database) = &self.database {
            write!(f, "database {database}, ")?;
        }
        write!(f, "schema {}", self.schema)
    }
}

impl SiteLocation {
    fn is_meant(&self, choice: &SiteChoice) -> bool {
        let is_it = |asked: &Option<String>, have: Option<&str>| {
            asked.as_deref().is_none_or(|asked| have == Some(asked))
        };
        is_it(&choice.schema, Some(&self.schema))
            && is_it(&choice.database, self.database.as_deref())
    }
}

/// The location that `choice` selects among those that hold v2's devices; `None` if `places` is
/// empty.
///
/// # Errors
/// [`V2ImportError::Several`] unless one is chosen, and [`V2ImportError::NotThere`] when the choice
/// names another.
pub(super) fn choose<'a>(
    places: &[&'a SiteLocation],
    choice: &SiteChoice,
) -> Result<Option<&'a SiteLocation>, V2ImportError> {
    let listed = |places: &[&SiteLocation]| {
        places.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    };
    let meant: Vec<&SiteLocation> =
        places.iter().filter(|place| place.is_meant(choice)).copied().collect();
    match meant.as_slice() {
        [place] => Ok(Some(place)),
        [] if places.is_empty() => Ok(None),
        [] => Err(V2ImportError::NotThere { there: listed(places) }),
        several => Err(V2ImportError::Several { there: listed(several) }),
    }
}

/// Which program a table belongs to, by its columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum TableOwner {
    /// Its columns are not known.
    #[default]
    Unknown,
    V2,
    /// UNOC's mirror.
    Unoc,
    /// Another program: the table lacks this column of v2.
    Other(&'static str),
}

impl TableOwner {
    pub(super) fn of(table: V2Table, columns: &[String]) -> Self {
        if columns.iter().any(|column| column == OWN_COLUMN) {
            return Self::Unoc;
        }
        RowLayout::missing_column(table, columns).map_or(Self::V2, Self::Other)
    }
}

/// What is known of a table with one of v2's names.
#[derive(Debug, Default)]
pub(super) struct FoundTable {
    pub(super) is_there: bool,
    pub(super) owner: TableOwner,
    /// Whether the comment above its rows was found; a complete dump has it for empty tables too.
    pub(super) has_comment: bool,
    pub(super) is_copied: bool,
    pub(super) has_rows: bool,
    /// From CREATE TABLE, for rows without a list of columns.
    pub(super) columns: Option<Vec<String>>,
}

impl FoundTable {
    /// Whether the rows of this table could be v2's.
    pub(super) fn may_be_v2(&self) -> bool {
        matches!(self.owner, TableOwner::Unknown | TableOwner::V2)
    }
}

/// v2's tables in one schema of one database.
#[derive(Debug, Default)]
pub(super) struct SchemaTables {
    pub(super) tables: V2Tables,
    /// By table.
    pub(super) found: [FoundTable; 3],
}

/// All schemas of a dump that hold a table with one of v2's names.
#[derive(Debug, Default)]
pub(super) struct FoundSites {
    pub(super) schemas: BTreeMap<SiteLocation, SchemaTables>,
}

impl FoundSites {
    pub(super) fn schema(&mut self, place: &SiteLocation) -> &mut SchemaTables {
        if !self.schemas.contains_key(place) {
            self.schemas.insert(place.clone(), SchemaTables::default());
        }
        self.schemas.get_mut(place).expect("just entered")
    }

    pub(super) fn found(&mut self, place: &SiteLocation, table: V2Table) -> &mut FoundTable {
        &mut self.schema(place).found[table as usize]
    }

    pub(super) fn look(&self, place: &SiteLocation, table: V2Table) -> Option<&FoundTable> {
        self.schemas.get(place).map(|schema| &schema.found[table as usize])
    }

    /// The tables of the chosen site, with their rows.
    ///
    /// # Errors
    /// When there is none, or several, and when a table or its rows are missing.
    pub(super) fn take(mut self, choice: &SiteChoice) -> Result<V2Tables, V2ImportError> {
        let is_v2 = |schema: &SchemaTables| {
            let devices = &schema.found[V2Table::Devices as usize];
            devices.is_there && devices.may_be_v2()
        };
        let places: Vec<&SiteLocation> =
            self.schemas.iter().filter(|(_, it)| is_v2(it)).map(|(place, _)| place).collect();
        let Some(place) = choose(&places, choice)?.cloned() else {
            return Err(self.why_none());
        };
        let mut schema = self.schemas.remove(&place).expect("it was chosen from these");
        for table in V2Table::ALL {
            let found = &schema.found[table as usize];
            match found.owner {
                _ if !found.is_there => return Err(V2ImportError::NoTable(table)),
                TableOwner::Unoc => return Err(V2ImportError::OwnDump),
                TableOwner::Other(column) => return Err(V2ImportError::Column { table, column }),
                TableOwner::Unknown | TableOwner::V2 if found.has_comment || found.has_rows => {}
                TableOwner::Unknown | TableOwner::V2 => return Err(V2ImportError::NoRows(table)),
            }
        }
        schema.tables.sort();
        if schema.tables.devices.is_empty() { Err(V2ImportError::Empty) } else { Ok(schema.tables) }
    }

    fn why_none(&self) -> V2ImportError {
        let owners = self.schemas.values().map(|schema| &schema.found[V2Table::Devices as usize]);
        let mut other = None;
        for found in owners.filter(|found| found.is_there) {
            match found.owner {
                TableOwner::Unoc => return V2ImportError::OwnDump,
                TableOwner::Other(column) => {
                    other = Some(V2ImportError::Column { table: V2Table::Devices, column });
                }
                TableOwner::Unknown | TableOwner::V2 => {}
            }
        }
        other.unwrap_or(V2ImportError::NoTable(V2Table::Devices))
    }
}
