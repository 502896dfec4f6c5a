//! Moving in from UNOC v2, which kept its site in PostgreSQL.
//!
//! [`read_database`] and [`read_dump`] bring v2's three tables as [`Tables`]: plain rows, as found.
//! [`mend`] makes a [`Site`](crate::domain::Site) of them that holds every invariant, and a [`Report`]
//! that names each row which could not be taken over as it was, by the rules of [`MENDING_RULES`].
//! [`archive`] moves v2's tables out of the way, once they are known to be imported.
//!
//! Invariant: nothing here writes into v2's tables, and only [`archive`] touches them at all.

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

pub use archive::{ARCHIVE_SCHEMA, Archived, archive};
pub use correction::{LinkStatus, Mended, mend};
pub use database::read_database;
pub use dump::read_dump;
pub use error::LegacyError;
pub use file_kind::{FileFault, FileKind, fault_of, recognise};
pub use import_record::{STAMP_FILE, Stamp};
pub use report::{Finding, Report, RowCounts};
pub use rules::{MENDING_RULES, MendingRule, Outcome, RuleId, markdown_table};
pub use sites::Choice;
pub use tables::{DeviceRow, InterfaceRow, LinkRow, NextIds, Table, Tables};
