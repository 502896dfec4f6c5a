//! Why v2's site could not be read or archived.

use super::file_kind::FileRefusal;
use super::tables::{ARCHIVE_SCHEMA, RowCounts, V2Table};
use crate::pg::PgError;

/// Why an import from v2 failed.
#[derive(Debug, thiserror::Error)]
pub enum V2ImportError {
    #[error(transparent)]
    Pg(#[from] PgError),
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error(transparent)]
    File(#[from] FileRefusal),
    #[error("this is not a pg_dump of UNOC v2's database: none of its tables is in it")]
    NotADump,
    #[error("line {line}: {what}")]
    Line { line: u64, what: String },
    #[error("row {row} of {table}: {what}")]
    Row { table: V2Table, row: u64, what: String },
    #[error("{0}")]
    Sequence(String),
    #[error("the dump is truncated: {0}; make it again")]
    Truncated(String),
    #[error(
        "the dump has table {0} without its rows: make the dump again, without --schema-only and \
         --exclude-table-data"
    )]
    NoRows(V2Table),
    #[error(
        "there are several sites of UNOC v2: {there}. Choose one: unoc import … --schema NAME, and for \
         a dump of several databases --database NAME"
    )]
    Several { there: String },
    #[error("no site of UNOC v2 matches --schema and --database; available: {there}")]
    NotThere { there: String },
    #[error("table {table} has no column {column}: it is not a table of UNOC v2")]
    Column { table: V2Table, column: &'static str },
    #[error(
        "table {0} of UNOC v2 does not exist here: check that this is the right database and that the \
         user may see its tables"
    )]
    NoTable(V2Table),
    #[error(
        "these are the tables of UNOC itself (they have a site_id), not those of v2; there is nothing to move"
    )]
    OwnTables,
    #[error(
        "this is a dump of the tables of UNOC itself (they have a site_id), not of those of v2. Load it \
         into an empty database: psql -d DATABASE -f FILE. Then start unoc on an empty data directory \
         with that database as database_url and the site's site_id: it takes the site over"
    )]
    OwnDump,
    #[error("v2's tables hold no device: there is nothing to import")]
    Empty,
    #[error(
        "this appliance has not imported these tables, so they stay where they are; \
         import first: unoc import --from-postgres"
    )]
    NotImported,
    #[error(
        "v2's tables changed since they were imported (then {then}, now {now}): v2 may still be running. \
         Stop it, and import again: unoc import --from-postgres --replace"
    )]
    Changed { then: RowCounts, now: RowCounts },
    #[error(
        "the schema {ARCHIVE_SCHEMA} holds another archive already; rename that one first: \
         ALTER SCHEMA {ARCHIVE_SCHEMA} RENAME TO {ARCHIVE_SCHEMA}_older"
    )]
    ArchiveTaken,
    #[error(
        "v2's tables are in use by another session: stop v2 and close what is connected to the database, then try again"
    )]
    InUse,
    #[error("{path} cannot be used: {what}; remove it and import again")]
    ImportRecord { path: String, what: String },
}

impl V2ImportError {
    /// Whether the same command may succeed later without further action.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::InUse => true,
            Self::Pg(error) => error.is_unreachable(),
            _ => false,
        }
    }

    /// Whether the command is refused: another attempt would fail in the same way.
    pub fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::OwnTables
                | Self::OwnDump
                | Self::File(_)
                | Self::NoRows(_)
                | Self::Several { .. }
                | Self::NotThere { .. }
                | Self::Empty
                | Self::Sequence(_)
                | Self::NoTable(_)
                | Self::Column { .. }
                | Self::NotImported
                | Self::Changed { .. }
                | Self::ArchiveTaken
                | Self::ImportRecord { .. }
        )
    }
}
