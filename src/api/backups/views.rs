//! Backups as JSON.

use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::Schema;

use crate::backup::{
    Activity, BackupReason, Backups, CatalogEntry, CopyState, Depth, Operation, Overview,
    PostgresResult, ProgressUnit, Retained, TargetOverview, TargetState, UndoRecord, key_id,
};
use crate::domain::Timestamp;
use crate::wire::{Time, nullable_words_schema, words_schema};

/// Everything about backups.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Backups)]
pub struct BackupsView {
    /// When the newest verified backup was made: the state that can be restored.
    #[schema(value_type = Option<String>, format = DateTime)]
    restorable_as_of: Option<Time>,
    /// Its age: the changes since then would be lost.
    rpo_s: Option<f64>,
    /// How long the last test restore took.
    rto_s: Option<f64>,
    #[schema(value_type = Option<String>, format = DateTime)]
    rehearsed_at: Option<Time>,
    /// Whether it is older than `backup_stale_hours`; then `/health` is degraded.
    is_stale: bool,
    stale_after_s: u64,
    directory: String,
    free_bytes: u64,
    total_bytes: u64,
    encryption: EncryptionView,
    retention: RetentionView,
    targets: Vec<TargetView>,
    /// The current operation.
    activity: Option<ActivityView>,
    /// When the directory was last read. Everything except `activity` and the ages is as of then.
    #[schema(value_type = String, format = DateTime)]
    looked_at: Time,
    /// False while the directory does not respond, for example a mount whose server is down.
    is_directory_answering: bool,
    /// The restore that can be undone.
    undo: Option<UndoView>,
    /// The newest first.
    backups: Vec<BackupView>,
}

/// The public keys that backups are encrypted to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BackupEncryption)]
struct EncryptionView {
    is_on: bool,
    recipients: Vec<RecipientView>,
}

/// A public key.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BackupRecipient)]
struct RecipientView {
    /// 16 hexadecimal digits, as in manifests.
    key_id: String,
    recipient: String,
}

/// How many backups are kept.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BackupRetention)]
struct RetentionView {
    last: usize,
    daily: usize,
    weekly: usize,
    monthly: usize,
}

/// An off-host target.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BackupTarget)]
struct TargetView {
    name: String,
    /// The address without secrets.
    url: String,
    /// `ok`, `failing` or `unknown` (nothing has been copied yet).
    #[schema(schema_with = target_state_schema)]
    state: &'static str,
    copies: u64,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_ok_at: Option<Time>,
    last_error: Option<String>,
}

/// An operation that is running.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BackupActivity)]
struct ActivityView {
    /// `backup`, `verify`, `restore`, `undo`, `copy` or `prune`.
    #[schema(schema_with = operation_schema)]
    kind: &'static str,
    backup_id: Option<String>,
    /// Such as `Writing devices`.
    phase: &'static str,
    done: u64,
    /// 0 if it is unknown.
    total: u64,
    /// `rows` or `bytes`.
    #[schema(schema_with = unit_schema)]
    unit: &'static str,
    #[schema(value_type = String, format = DateTime)]
    since: Time,
}

/// A restore that can be undone.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BackupUndo)]
struct UndoView {
    #[schema(value_type = String, format = DateTime)]
    at: Time,
    backup_id: String,
    seq_before: u64,
    seq_after: u64,
}

/// One backup.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Backup)]
pub struct BackupView {
    id: String,
    file: String,
    bytes: u64,
    /// Of the SQL text inside.
    plain_bytes: u64,
    #[schema(value_type = String, format = DateTime)]
    taken_at: Time,
    /// `schedule`, `manual`, `missed`, `upgrade`, `restore` or `repair`.
    #[schema(schema_with = reason_schema)]
    reason: &'static str,
    seq: u64,
    /// The version of UNOC that made it.
    version: String,
    duration_ms: u64,
    rows: RowsView,
    is_encrypted: bool,
    key_ids: Vec<String>,
    /// `unverified`, `verified` or `bad`.
    #[schema(schema_with = state_schema)]
    state: &'static str,
    is_newest_verified: bool,
    /// Whether its file is on this host.
    is_local: bool,
    verification: Option<VerificationView>,
    /// Why the last verification could not be completed; null if it was.
    verification_error: Option<String>,
    copies: Vec<CopyView>,
    /// The retention rules that keep it; if empty, the next pruning removes it.
    kept_as: Vec<&'static str>,
}

/// Rows by table.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BackupRows)]
struct RowsView {
    devices: u64,
    interfaces: u64,
    links: u64,
    audit: u64,
}

/// A test restore.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BackupVerification)]
struct VerificationView {
    #[schema(value_type = String, format = DateTime)]
    at: Time,
    /// `quick`, `full` or `offhost`.
    #[schema(schema_with = depth_schema)]
    kind: &'static str,
    is_ok: bool,
    duration_ms: u64,
    message: String,
    /// The version of PostgreSQL that it was loaded into, if it was.
    postgres: Option<String>,
    /// The result of loading it into PostgreSQL: `passed`; `not_possible`: the role may not create
    /// databases; `failed`: for a reason other than the backup. Null if it was not to be loaded.
    #[schema(schema_with = postgres_result_schema)]
    postgres_result: Option<&'static str>,
}

/// An off-host copy.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BackupCopy)]
struct CopyView {
    target: String,
    /// `pending`, `done` or `failed`.
    #[schema(schema_with = copy_state_schema)]
    state: &'static str,
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<Time>,
    attempts: u32,
    #[schema(value_type = Option<String>, format = DateTime)]
    next_attempt_at: Option<Time>,
    message: Option<String>,
}

impl BackupsView {
    pub fn new(backups: &Backups, overview: Overview) -> Self {
        let options = backups.options();
        let newest = overview.newest_verified.as_ref().map(|entry| entry.id.clone());
        let view = |entry: &CatalogEntry| {
            BackupView::new(entry, newest.as_ref() == Some(&entry.id), &overview.retained)
        };
        Self {
            restorable_as_of: overview
                .newest_verified
                .as_ref()
                .map(|it| Time(it.manifest.taken_at())),
            rpo_s: overview.rpo_s,
            rto_s: overview.rto_s,
            rehearsed_at: overview.rehearsed_at.map(Time),
            is_stale: overview.is_stale,
            stale_after_s: options.stale_after_s,
            directory: options.directory.display().to_string(),
            free_bytes: overview.space.as_ref().map_or(0, |space| space.free_bytes),
            total_bytes: overview.space.as_ref().map_or(0, |space| space.total_bytes),
            encryption: EncryptionView {
                is_on: options.keyring.is_on(),
                recipients: options.keyring.recipients().iter().map(|it| recipient(it)).collect(),
            },
            retention: RetentionView {
                last: options.retention.last,
                daily: options.retention.daily,
                weekly: options.retention.weekly,
                monthly: options.retention.monthly,
            },
            backups: overview.entries.iter().map(view).collect(),
            targets: overview.targets.into_iter().map(target).collect(),
            activity: overview.activity.map(activity),
            looked_at: Time(overview.looked_at),
            is_directory_answering: overview.is_answering,
            undo: overview.undo.map(undo),
        }
    }
}

impl BackupView {
    pub fn new(entry: &CatalogEntry, is_newest_verified: bool, retained: &Retained) -> Self {
        let CatalogEntry { id, manifest, notes, is_local } = entry;
        Self {
            id: id.to_string(),
            file: manifest.file.clone(),
            bytes: manifest.bytes,
            plain_bytes: manifest.plain_bytes,
            taken_at: Time(manifest.taken_at()),
            reason: manifest.reason.as_str(),
            seq: manifest.header.seq,
            version: manifest.header.version.clone(),
            duration_ms: manifest.duration_ms,
            rows: RowsView {
                devices: manifest.rows("devices"),
                interfaces: manifest.rows("interfaces"),
                links: manifest.rows("links"),
                audit: manifest.rows("audit"),
            },
            is_encrypted: !manifest.key_ids.is_empty(),
            key_ids: manifest.key_ids.clone(),
            state: match (entry.is_bad(), entry.is_verified()) {
                (true, _) => "bad",
                (_, true) => "verified",
                _ => "unverified",
            },
            is_newest_verified,
            is_local: *is_local,
            verification: notes.verification.as_ref().map(|it| VerificationView {
                at: Time(it.at()),
                kind: it.depth.as_str(),
                is_ok: it.is_ok,
                duration_ms: it.duration_ms,
                message: it.message.clone(),
                postgres: it.postgres.clone(),
                postgres_result: it.postgres_result.map(PostgresResult::as_str),
            }),
            verification_error: notes.verification_error.clone(),
            copies: notes
                .copies
                .iter()
                .map(|(target, note)| CopyView {
                    target: target.clone(),
                    state: note.state.as_str(),
                    at: note.at_us.map(|us| Time(Timestamp(us))),
                    attempts: note.attempts,
                    next_attempt_at: note.next_attempt_us.map(|us| Time(Timestamp(us))),
                    message: note.message.clone(),
                })
                .collect(),
            kept_as: retained.get(id).cloned().unwrap_or_default(),
        }
    }
}

fn recipient(text: &str) -> RecipientView {
    RecipientView { key_id: key_id(text), recipient: text.to_owned() }
}

fn target(target: TargetOverview) -> TargetView {
    TargetView {
        name: target.name,
        url: target.url,
        state: target.state.as_str(),
        copies: target.copies,
        last_ok_at: target.last_ok_at.map(Time),
        last_error: target.last_error,
    }
}

fn activity(activity: Activity) -> ActivityView {
    ActivityView {
        kind: activity.operation.as_str(),
        backup_id: activity.backup_id,
        phase: activity.phase,
        done: activity.done,
        total: activity.total.unwrap_or(0),
        unit: activity.unit.as_str(),
        since: Time(activity.since),
    }
}

fn undo(undo: UndoRecord) -> UndoView {
    UndoView {
        at: Time(Timestamp(undo.at_us)),
        seq_before: undo.seq_before,
        seq_after: undo.seq_of_restore(),
        backup_id: undo.backup_id,
    }
}

fn operation_schema() -> Schema {
    words_schema(Operation::ALL.map(Operation::as_str))
}

fn unit_schema() -> Schema {
    words_schema(ProgressUnit::ALL.map(ProgressUnit::as_str))
}

fn reason_schema() -> Schema {
    words_schema(BackupReason::ALL.map(BackupReason::as_str))
}

fn depth_schema() -> Schema {
    words_schema(Depth::ALL.map(Depth::as_str))
}

fn postgres_result_schema() -> Schema {
    nullable_words_schema(PostgresResult::ALL.map(PostgresResult::as_str))
}

fn copy_state_schema() -> Schema {
    words_schema(CopyState::ALL.map(CopyState::as_str))
}

fn target_state_schema() -> Schema {
    words_schema(TargetState::ALL.map(TargetState::as_str))
}

fn state_schema() -> Schema {
    words_schema(["unverified", "verified", "bad"])
}
