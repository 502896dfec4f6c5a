//! The sites that a dump or a server holds, and which of them is meant.

use std::collections::BTreeMap;
use std::fmt;

use super::columns::{OWN_COLUMN, Shape};
use super::error::LegacyError;
use super::tables::{Table, Tables};

/// Which site is meant where there are several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    pub database: Option<String>,
    pub schema: Option<String>,
}

/// Where a site is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// `None` where a dump does not name it.
    pub(super) database: Option<String>,
    pub(super) schema: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(database) = &self.database {
            write!(f, "database {database}, ")?;
        }
        write!(f, "schema {}", self.schema)
    }
}

impl Place {
    fn is_meant(&self, choice: &Choice) -> bool {
        let is_it = |asked: &Option<String>, have: Option<&str>| {
            asked.as_deref().is_none_or(|asked| have == Some(asked))
        };
        is_it(&choice.schema, Some(&self.schema))
            && is_it(&choice.database, self.database.as_deref())
    }
}

/// The one place of those that hold v2's devices.
///
/// # Errors
/// [`LegacyError::Several`] unless one is chosen, and [`LegacyError::NotThere`] when the choice
/// names another. `Ok(None)` when there is no place at all.
pub(super) fn choose<'a>(
    places: &[&'a Place],
    choice: &Choice,
) -> Result<Option<&'a Place>, LegacyError> {
    let listed =
        |places: &[&Place]| places.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    let meant: Vec<&Place> =
        places.iter().filter(|place| place.is_meant(choice)).copied().collect();
    match meant.as_slice() {
        [place] => Ok(Some(place)),
        [] if places.is_empty() => Ok(None),
        [] => Err(LegacyError::NotThere { there: listed(places) }),
        several => Err(LegacyError::Several { there: listed(several) }),
    }
}

/// Whose table it is, by its columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Owner {
    /// Nothing said which columns it has.
    #[default]
    Unknown,
    V2,
    /// UNOC's own mirror.
    Unoc,
    /// Another program's: this column of v2 is not in it.
    Other(&'static str),
}

impl Owner {
    pub(super) fn of(table: Table, columns: &[String]) -> Self {
        if columns.iter().any(|column| column == OWN_COLUMN) {
            return Self::Unoc;
        }
        Shape::missing_column(table, columns).map_or(Self::V2, Self::Other)
    }
}

/// What is known of a table of v2's names.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) is_there: bool,
    pub(super) owner: Owner,
    /// The comment above its rows, which a whole dump has also where there are none.
    pub(super) has_comment: bool,
    pub(super) is_copied: bool,
    pub(super) has_rows: bool,
    /// From CREATE TABLE, for rows that come without a list of columns.
    pub(super) columns: Option<Vec<String>>,
}

impl Found {
    /// Whether the rows of this table could be v2's.
    pub(super) fn may_be_v2(&self) -> bool {
        matches!(self.owner, Owner::Unknown | Owner::V2)
    }
}

/// What one schema of one database holds of v2.
#[derive(Debug, Default)]
pub(super) struct Schema {
    pub(super) tables: Tables,
    /// By table.
    pub(super) found: [Found; 3],
}

/// All schemas of a dump in which a table of v2's names is.
#[derive(Debug, Default)]
pub(super) struct Sites {
    pub(super) schemas: BTreeMap<Place, Schema>,
}

impl Sites {
    pub(super) fn schema(&mut self, place: &Place) -> &mut Schema {
        if !self.schemas.contains_key(place) {
            self.schemas.insert(place.clone(), Schema::default());
        }
        self.schemas.get_mut(place).expect("just entered")
    }

    pub(super) fn found(&mut self, place: &Place, table: Table) -> &mut Found {
        &mut self.schema(place).found[table as usize]
    }

    pub(super) fn look(&self, place: &Place, table: Table) -> Option<&Found> {
        self.schemas.get(place).map(|schema| &schema.found[table as usize])
    }

    /// The tables of the site that is meant, each with its rows.
    ///
    /// # Errors
    /// When none or several are there, and when a table or its rows are missing.
    pub(super) fn take(mut self, choice: &Choice) -> Result<Tables, LegacyError> {
        let is_v2 = |schema: &Schema| {
            let devices = &schema.found[Table::Devices as usize];
            devices.is_there && devices.may_be_v2()
        };
        let places: Vec<&Place> =
            self.schemas.iter().filter(|(_, it)| is_v2(it)).map(|(place, _)| place).collect();
        let Some(place) = choose(&places, choice)?.cloned() else {
            return Err(self.why_none());
        };
        let mut schema = self.schemas.remove(&place).expect("it was chosen from these");
        for table in Table::ALL {
            let found = &schema.found[table as usize];
            match found.owner {
                _ if !found.is_there => return Err(LegacyError::NoTable(table)),
                Owner::Unoc => return Err(LegacyError::OwnDump),
                Owner::Other(column) => return Err(LegacyError::Column { table, column }),
                Owner::Unknown | Owner::V2 if found.has_comment || found.has_rows => {}
                Owner::Unknown | Owner::V2 => return Err(LegacyError::NoRows(table)),
            }
        }
        schema.tables.sort();
        if schema.tables.devices.is_empty() { Err(LegacyError::Empty) } else { Ok(schema.tables) }
    }

    fn why_none(&self) -> LegacyError {
        let owners = self.schemas.values().map(|schema| &schema.found[Table::Devices as usize]);
        let mut other = None;
        for found in owners.filter(|found| found.is_there) {
            match found.owner {
                Owner::Unoc => return LegacyError::OwnDump,
                Owner::Other(column) => {
                    other = Some(LegacyError::Column { table: Table::Devices, column });
                }
                Owner::Unknown | Owner::V2 => {}
            }
        }
        other.unwrap_or(LegacyError::NoTable(Table::Devices))
    }
}
