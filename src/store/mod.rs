//! The site on local disk: redb tables, versioned records, snapshots and commits.
//!
//! Only this module knows redb and bincode. It knows no rule of the network: it writes what the engine
//! decided, together with the audit row and the mirror's dirty marks, in one transaction.

mod access;
mod audit;
mod audit_chain;
mod audit_event;
mod audit_image;
mod audit_row;
mod audit_size;
mod audit_verify;
mod audit_writer;
mod auth;
mod closed;
mod codec;
mod commit;
mod counters;
mod detached;
mod disk_space;
mod duties;
mod error;
mod incidents;
mod jobs;
mod marker;
mod meta;
mod mirror;
mod notices;
mod open;
mod open_outages;
mod outages;
mod quarantine;
mod records;
mod replace;
mod reports;
mod run;
mod scratch;
mod series;
mod settings;
mod snapshot;
mod table_writer;
mod tables;
mod write_probe;

pub use audit::AuditEntry;
pub use audit_chain::{AuditAnchor, AuditChain, AuditHash, AuditHead, AuditLink};
pub use audit_event::{
    ACCEPT_AUDIT_PROBLEMS, ADOPT_SITE, AUDIT_DETAILS_BYTES_MAX, AuditEvent, AuditOrigin,
    AuditOutcome, CONTINUE_NUMBERS, RESTORE_BACKUP, RESTORE_DUMP, UNDO_RESTORE,
};
pub use audit_image::AuditImage;
pub use audit_row::DirectCounts;
pub use audit_size::{AUDIT_BYTES_MAX, AUDIT_ROWS_MAX, AuditUsage};
pub use audit_verify::{AUDIT_FAULTS_MAX, AuditFault, AuditGap, AuditHeadState, AuditVerification};
pub use auth::{
    ApiToken, AuthBatch, AuthCounters, AuthRows, LastLogin, LoginSession, Role, SessionId, TokenId,
    TokenScope, TotpState, User, UserId,
};
pub use closed::{ClosedStore, ClosedStoreFacts, UPGRADE_DIR};
pub use commit::{AUDIT_DERIVED_IMAGES_MAX, AdoptionRecord, CommitBatch, CommitEntry};
pub use counters::CounterFloors;
pub use disk_space::DiskSpace;
pub use duties::{DUTY_RECORDS_MAX, DutyRecord};
pub use error::{StoreError, catch_damage};
pub use incidents::{
    Acknowledgement, CLOSED_INCIDENT_AGE_US_MAX, CLOSED_INCIDENTS_MAX, Closure, Incident,
    IncidentBatch, IncidentCounters, IncidentPosition, IncidentSource, IncidentState,
    MaintenanceWindow, TIMELINE_BYTES_MAX, TIMELINE_ENTRIES_MAX, TimelineEntry, TimelineKind,
};
pub use jobs::{JOB_RUNS_MAX, JobRun, JobSettings, JobWrite, RunResult, Trigger};
pub use marker::{MARKER_FILE, SiteMarker, read as read_marker};
pub use meta::{LastCommit, SCHEMA_VERSION};
pub use mirror::{ClearedDirty, DirtyEntity, Holder, MirrorState};
pub use notices::{
    NOTICES_MAX, Notice, NoticeBatch, NoticeKey, NoticeKind, NoticeState, NoticeSubject,
};
pub use open::{OpenOptions, STORE_FILE, Store};
pub use outages::{OUTAGE_BYTES_MAX, OUTAGE_DAYS_MAX};
pub use quarantine::{QUARANTINE_BYTES_MAX, QUARANTINE_DIR, QuarantineRefusal};
pub use replace::SiteReplacement;
pub use reports::{
    NewReport, REPORT_AGE_US_MAX, REPORT_BYTES_MAX, REPORTS_PER_KIND_MAX, Report, ReportFact,
    ReportHead, ReportKind, ReportResult, ReportSection, ReportTable, ReportValue,
};
pub use scratch::BulkLoader;
pub use series::{Bucket, SERIES_MAX, Sample, SeriesTier};
pub use settings::SettingChange;
pub use snapshot::{BLOCK_SIZE, IdRange, Snapshot};
