//! Importing the site of UNOC v2, which kept it in PostgreSQL.
//!
//! [`read_database`] and [`read_dump`] read v2's three tables into [`V2Tables`]: plain rows,
//! unchanged. [`correct`] turns them into a [`Site`](crate::domain::Site) that holds every
//! invariant, by [`CORRECTION_RULES`]. Its [`V2ImportReport`] lists each row that was corrected or
//! left out. [`archive()`] moves v2's tables into a schema of their own, once they are imported.
//!
//! Invariant: nothing here changes the rows of v2's tables, and only [`archive()`] moves the tables.

mod archive;
mod columns;
mod completeness;
mod correction;
mod database;
mod dump;
mod error;
mod escapes;
mod file_kind;
mod import_record;
mod lexer;
mod lines;
mod report;
mod row_statements;
mod rules;
mod sites;
mod statements;
mod tables;
mod time;

pub use archive::{ArchiveOutcome, archive};
pub use correction::{CorrectedSite, V2LinkStatus, correct};
pub use database::read_database;
pub use dump::read_dump;
pub use error::V2ImportError;
pub use file_kind::{FileKind, FileRefusal, detect, refusal_of};
pub use import_record::{IMPORT_RECORD_FILE, ImportRecord};
pub use report::{Finding, V2ImportReport};
pub use rules::{
    CORRECTION_RULES, CorrectionOutcome, CorrectionRule, CorrectionRuleId, markdown_table,
};
pub use sites::SiteChoice;
pub use tables::{
    ARCHIVE_SCHEMA, RowCounts, V2Device, V2Interface, V2Link, V2NextIds, V2Table, V2Tables,
};
