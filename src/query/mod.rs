//! Answers that need several records of a snapshot: upstream paths, availability, exports, the check of a
//! whole site and of the audit trail, what undoes a change; and reports as text.
//!
//! Everything here reads a [`Snapshot`](crate::store::Snapshot) and never waits for the engine.

mod audit_check;
mod audit_export;
mod audit_search;
mod audit_view;
mod availability;
mod changes_before;
mod check;
mod path;
mod report_text;
mod series_history;
mod site_export;
mod table_export;
mod undo;

pub use audit_check::{AuditCheck, AuditCheckView, KnownAuditHead, check_audit};
pub use audit_export::{AuditExport, AuditFormat};
pub use audit_search::{AUDIT_ROWS_SEARCHED_MAX, AuditFilter, AuditPage, search_audit};
pub use audit_view::AuditView;
pub use availability::{
    AVAILABILITY_TIME_MIN_S, Availability, OutageDay, OutageSpan, availability,
};
pub use changes_before::{ChangesBefore, changes_before};
pub use check::check_site;
pub use path::{Hop, hops_along, upstream_hops};
pub use report_text::{report_text, value_text};
pub use series_history::{HISTORY_HOURS_MAX, HISTORY_POINTS_MAX, HistoryRange, series_history};
pub use site_export::{ExportError, SiteExport, export_site};
pub use table_export::{TableExport, export_table};
pub use undo::{NotUndoable, UndoTarget, check_undoable, undo_of};
