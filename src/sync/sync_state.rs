//! The site's row in `sync_state`: it names the one run that may write the site into PostgreSQL.
//!
//! Every run that claims the site raises the epoch in a transaction of its own. A round of an
//! earlier epoch finds another number and fails (S4).

use uuid::Uuid;

use super::error::{Obstacle, SyncError};
use crate::domain::{IdCounters, Timestamp};
use crate::pg::{Param, PgError, PgTransaction, Session};
use crate::sql::{ColumnType, Value};
use crate::store::{AuditHash, AuditHead};

/// Seconds since the last heartbeat within which a holder is alive: three heartbeats.
pub(super) const ALIVE_S: f64 = 30.0;

/// The identity of this run.
#[derive(Clone, Debug)]
pub(super) struct RunIdentity {
    pub(super) site_id: Uuid,
    pub(super) instance_id: Uuid,
    /// New at every start.
    pub(super) session_id: Uuid,
    /// Host name and data directory. The lock on that directory proves that earlier runs there have
    /// ended.
    pub(super) holder: String,
}

/// The site's row in `sync_state`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct RemoteState {
    pub(super) epoch: u64,
    pub(super) instance_id: Uuid,
    pub(super) session_id: Option<Uuid>,
    pub(super) holder: String,
    pub(super) heartbeat_age_s: f64,
    pub(super) applied_seq: u64,
    pub(super) counters: IdCounters,
    pub(super) next_audit: u64,
    /// The newest audit row that arrived; `None` when it is from before the chain.
    pub(super) audit_head: Option<AuditHead>,
    pub(super) reconciled_at: Option<Timestamp>,
    /// Name of the backup that was loaded into the database, if any.
    pub(super) restored_from: Option<String>,
}

impl RemoteState {
    /// Whether the site has not changed, heartbeats excepted.
    pub(super) fn is_same_state(&self, other: &Self) -> bool {
        let heartbeat_age_s = other.heartbeat_age_s;
        Self { heartbeat_age_s, ..self.clone() } == *other
    }
}

const COLUMNS: &str = "epoch, instance_id, session_id, holder, \
     extract(epoch FROM now() - heartbeat_at)::float8, applied_seq, next_device_id, \
     next_interface_id, next_link_id, next_audit_id, \
     (extract(epoch FROM reconciled_at) * 1000000)::bigint, \
     CASE WHEN restored_at IS NULL THEN NULL ELSE coalesce(restored_from, 'of unknown name') END, \
     audit_head_id, audit_head_hash";

/// Reads the site's row and locks it until the transaction ends.
pub(super) fn read(
    tx: &mut PgTransaction<'_>,
    site_id: Uuid,
) -> Result<Option<RemoteState>, SyncError> {
    let sql = format!("SELECT {COLUMNS} FROM sync_state WHERE site_id = $1 FOR UPDATE");
    let rows = tx.query(&sql, &[Value::Uuid(site_id).into()])?;
    let Some(row) = rows.first() else { return Ok(None) };
    let number = |index: usize| u64::try_from(row.get::<_, i64>(index)).unwrap_or_default();
    Ok(Some(RemoteState {
        epoch: number(0),
        instance_id: row.get(1),
        session_id: row.get(2),
        holder: row.get(3),
        heartbeat_age_s: row.get(4),
        applied_seq: number(5),
        counters: IdCounters { device: number(6), interface: number(7), link: number(8) },
        next_audit: number(9),
        reconciled_at: row.get::<_, Option<i64>>(10).map(Timestamp),
        restored_from: row.get(11),
        audit_head: audit_head(row.get(12), row.get(13)),
    }))
}

fn audit_head(id: Option<i64>, hash: Option<&str>) -> Option<AuditHead> {
    Some(AuditHead { id: u64::try_from(id?).ok()?, hash: AuditHash::parse(hash?)? })
}

/// Makes this run the holder and returns its epoch. Clears the mark of a loaded backup, which was
/// adopted before.
pub(super) fn claim(
    tx: &mut PgTransaction<'_>,
    identity: &RunIdentity,
    remote: &RemoteState,
) -> Result<u64, PgError> {
    let epoch = remote.epoch + 1;
    tx.execute(
        "UPDATE sync_state SET epoch = $2, instance_id = $3, session_id = $4, holder = $5, \
         heartbeat_at = now(), restored_at = NULL, restored_from = NULL WHERE site_id = $1",
        &[
            Value::Uuid(identity.site_id).into(),
            Value::id(epoch).into(),
            Value::Uuid(identity.instance_id).into(),
            Value::Uuid(identity.session_id).into(),
            Value::text(&identity.holder).into(),
        ],
    )?;
    Ok(epoch)
}

/// A connection with the claim that this run has on the site.
pub(super) struct ClaimedSession {
    pub(super) session: Session,
    pub(super) claim: Claim,
}

/// This run's claim on the site.
#[derive(Clone, Debug)]
pub(super) struct Claim {
    pub(super) identity: RunIdentity,
    pub(super) epoch: u64,
    /// The commit that PostgreSQL holds, as far as this run knows.
    pub(super) applied_seq: u64,
    pub(super) next_audit: u64,
    /// Ids from these on were never sent.
    pub(super) counters: IdCounters,
}

impl Claim {
    /// Checks, at the beginning of a transaction, that this run still holds the site and that it is
    /// as this run left it. The row stays locked until the transaction ends.
    ///
    /// # Errors
    /// [`SyncError::Changed`] or [`SyncError::Stopped`].
    pub(super) fn check(&self, tx: &mut PgTransaction<'_>) -> Result<(), SyncError> {
        let remote = read(tx, self.identity.site_id)?;
        let remote = remote.ok_or(SyncError::Changed("it no longer holds the site"))?;
        if remote.restored_from.is_some() {
            return Err(SyncError::Changed("a backup was loaded"));
        }
        if remote.epoch != self.epoch || remote.session_id != Some(self.identity.session_id) {
            return Err(taken_over(&remote).into());
        }
        if remote.applied_seq != self.applied_seq {
            return Err(SyncError::Changed("it holds another seq than this run wrote"));
        }
        Ok(())
    }

    /// Records that this run is alive.
    ///
    /// # Errors
    /// As [`Claim::check`].
    pub(super) fn heartbeat(&self, tx: &mut PgTransaction<'_>) -> Result<(), SyncError> {
        self.check(tx)?;
        tx.execute(
            "UPDATE sync_state SET heartbeat_at = now() WHERE site_id = $1",
            &[Value::Uuid(self.identity.site_id).into()],
        )?;
        Ok(())
    }

    /// Gives the claim up, so that the next holder need not wait.
    pub(super) fn release(&self, tx: &mut PgTransaction<'_>) -> Result<(), PgError> {
        tx.execute(
            "UPDATE sync_state SET session_id = NULL WHERE site_id = $1 AND epoch = $2",
            &[Value::Uuid(self.identity.site_id).into(), Value::id(self.epoch).into()],
        )?;
        Ok(())
    }
}

fn taken_over(remote: &RemoteState) -> Obstacle {
    Obstacle {
        message: format!("another appliance took this site over: {}", remote.holder),
        remedy: "if this one should write it: stop the other one, then unoc sync takeover"
            .to_owned(),
        is_conflict: true,
    }
}

/// The state of the site that is written together with its rows.
pub(super) struct AppliedState<'a> {
    pub(super) claim: &'a Claim,
    pub(super) seq: u64,
    pub(super) committed_at: Timestamp,
    pub(super) counters: IdCounters,
    pub(super) next_audit: u64,
    /// The newest audit row below that number.
    pub(super) audit_head: Option<AuditHead>,
    /// Whether both sides were compared row by row.
    pub(super) is_reconciled: bool,
}

impl AppliedState<'_> {
    /// Inserts the site's row and locks it until the transaction ends.
    ///
    /// # Errors
    /// [`SyncError::Changed`] when another run has inserted it meanwhile.
    pub(super) fn insert(&self, tx: &mut PgTransaction<'_>) -> Result<(), SyncError> {
        match self.upsert(tx, "DO NOTHING")? {
            0 => Err(SyncError::Changed("another appliance has copied the site")),
            _ => Ok(()),
        }
    }

    /// Updates the site's row, which this run holds.
    pub(super) fn update(&self, tx: &mut PgTransaction<'_>) -> Result<(), SyncError> {
        self.upsert(
            tx,
            "DO UPDATE SET heartbeat_at = now(), \
             applied_seq = EXCLUDED.applied_seq, applied_at = now(), \
             committed_at = EXCLUDED.committed_at, next_device_id = EXCLUDED.next_device_id, \
             next_interface_id = EXCLUDED.next_interface_id, \
             next_link_id = EXCLUDED.next_link_id, next_audit_id = EXCLUDED.next_audit_id, \
             audit_head_id = EXCLUDED.audit_head_id, \
             audit_head_hash = EXCLUDED.audit_head_hash, \
             reconciled_at = coalesce(EXCLUDED.reconciled_at, s.reconciled_at)",
        )?;
        Ok(())
    }

    /// Returns how many rows were written.
    fn upsert(&self, tx: &mut PgTransaction<'_>, on_conflict: &str) -> Result<u64, PgError> {
        let identity = &self.claim.identity;
        let params: [Param<'_>; 14] = [
            Value::Uuid(identity.site_id).into(),
            Value::id(self.claim.epoch).into(),
            Value::Uuid(identity.instance_id).into(),
            Value::Uuid(identity.session_id).into(),
            Value::text(&identity.holder).into(),
            Value::id(self.seq).into(),
            Value::Time(self.committed_at).into(),
            Value::id(self.counters.device).into(),
            Value::id(self.counters.interface).into(),
            Value::id(self.counters.link).into(),
            Value::id(self.next_audit).into(),
            Param::of_column(
                if self.is_reconciled { Value::Int(1) } else { Value::Null },
                ColumnType::Int,
            ),
            Param::of_column(
                self.audit_head.map_or(Value::Null, |head| Value::id(head.id)),
                ColumnType::Int,
            ),
            Param::of_column(
                self.audit_head
                    .map_or(Value::Null, |head| Value::Text(head.hash.to_string().into())),
                ColumnType::Text,
            ),
        ];
        let sql = format!(
            "INSERT INTO sync_state AS s (site_id, epoch, instance_id, session_id, holder, \
             heartbeat_at, applied_seq, applied_at, committed_at, next_device_id, \
             next_interface_id, next_link_id, next_audit_id, reconciled_at, audit_head_id, audit_head_hash) \
             VALUES ($1, $2, $3, $4, $5, now(), $6, now(), $7, $8, $9, $10, $11, \
             CASE WHEN $12 IS NULL THEN NULL ELSE now() END, $13, $14) ON CONFLICT (site_id) {on_conflict}"
        );
        tx.execute(&sql, &params)
    }
}
