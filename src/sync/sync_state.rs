//! Who may write a site into PostgreSQL, and whose state counts when both sides differ.
//!
//! `sync_state` names the one holder. Every run that begins to write raises the epoch, in a
//! transaction of its own; a round of an earlier epoch finds another number and fails (S4).

use uuid::Uuid;

use super::error::{Obstacle, SyncError};
use crate::domain::{IdCounters, Timestamp};
use crate::pg::{Param, PgError, Tx};
use crate::sql::{ColumnType, Value};
use crate::store::MirrorState;

/// A holder that was seen within this time is alive: three heartbeats.
pub(super) const ALIVE_S: f64 = 30.0;

/// Who this run is.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    pub(super) site_id: Uuid,
    pub(super) instance_id: Uuid,
    /// Drawn at every start.
    pub(super) session_id: Uuid,
    /// Host name and data directory: the lock on that directory proves that an earlier run there
    /// is over.
    pub(super) holder: String,
}

/// `sync_state` of the site.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Remote {
    pub(super) epoch: u64,
    pub(super) instance_id: Uuid,
    pub(super) session_id: Option<Uuid>,
    pub(super) holder: String,
    pub(super) heartbeat_age_s: f64,
    pub(super) applied_seq: u64,
    pub(super) counters: IdCounters,
    pub(super) next_audit: u64,
    pub(super) reconciled_at: Option<Timestamp>,
    /// Name of the backup that was loaded, when one was.
    pub(super) restored_from: Option<String>,
}

impl Remote {
    /// Whether the site is as it was, whoever looked at it meanwhile.
    pub(super) fn is_same_state(&self, other: &Self) -> bool {
        let heartbeat_age_s = other.heartbeat_age_s;
        Self { heartbeat_age_s, ..self.clone() } == *other
    }
}

/// What the local side knows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Local<'a> {
    pub(super) identity: &'a Identity,
    /// The last commit; 0 for a store that nothing was ever written to.
    pub(super) seq: u64,
    pub(super) mirror: Option<MirrorState>,
    /// Whether this is the first contact of the process, before anyone could write (S8).
    pub(super) is_starting: bool,
    pub(super) wish: Option<Wish>,
}

/// How an operator settled a conflict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// The local state wins.
    TakeOver,
    /// PostgreSQL's state wins.
    Adopt,
}

/// What to do about a site.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Verdict {
    /// PostgreSQL does not know it: send all of it.
    First,
    /// Go on from where it is.
    Follow,
    /// The local state wins: compare everything and repair.
    Reconcile(&'static str),
    /// PostgreSQL's state wins: take it over.
    Adopt {
        why: String,
        /// The local commit that the verdict rests on; without one it holds whatever is written here.
        at_seq: Option<u64>,
    },
    Refuse(Obstacle),
}

/// Whose state counts: S4, S7 and S8 as one table.
pub(super) fn decide(local: Local<'_>, remote: Option<&Remote>) -> Verdict {
    let Some(remote) = remote else { return Verdict::First };
    let is_ours = local.mirror.is_some_and(|mirror| mirror.instance_id == remote.instance_id);
    if let Some(refusal) = other_holder(local, remote, is_ours) {
        return Verdict::Refuse(refusal);
    }
    if let Some(backup) = &remote.restored_from {
        let why = format!("the backup {backup} was loaded into PostgreSQL");
        return Verdict::Adopt { why, at_seq: None };
    }
    match local.wish {
        Some(Wish::TakeOver) => return Verdict::Reconcile("an operator took the site over"),
        Some(Wish::Adopt) => {
            return Verdict::Adopt { why: "an operator chose it".to_owned(), at_seq: None };
        }
        None => {}
    }
    if local.seq == 0 {
        return Verdict::Adopt { why: "the local store is empty".to_owned(), at_seq: Some(0) };
    }
    let was_adopted = |mirror: MirrorState| {
        mirror.adopted.is_some_and(|holder| {
            holder.instance_id == remote.instance_id && holder.epoch == remote.epoch
        })
    };
    if local.mirror.is_some_and(was_adopted) {
        return Verdict::Reconcile("the site was adopted before this contact");
    }
    let Some(mirror) = local.mirror.filter(|_| is_ours) else {
        return Verdict::Refuse(conflict(format!(
            "PostgreSQL holds this site as another store wrote it ({}, up to seq {}), and the \
             local store has a state of its own (seq {})",
            remote.holder, remote.applied_seq, local.seq
        )));
    };
    if remote.applied_seq > local.seq {
        return Verdict::Refuse(conflict(format!(
            "PostgreSQL is ahead (seq {}) of the local store (seq {}): the local store was \
             replaced by an older one",
            remote.applied_seq, local.seq
        )));
    }
    if remote.applied_seq >= mirror.acknowledged_seq {
        return Verdict::Follow;
    }
    if local.is_starting {
        let seq = remote.applied_seq;
        let why = format!("PostgreSQL was put back to seq {seq} while the service was stopped");
        Verdict::Adopt { why, at_seq: Some(local.seq) }
    } else {
        Verdict::Reconcile("PostgreSQL had lost its last changes")
    }
}

/// The reason why another holder keeps the site, if one does.
fn other_holder(local: Local<'_>, remote: &Remote, is_ours: bool) -> Option<Obstacle> {
    let session = remote.session_id?;
    let is_this_run = session == local.identity.session_id;
    // A run notes its epoch here before PostgreSQL does. One that ended in between had been allowed
    // to follow whoever PostgreSQL still names.
    let is_passed =
        |mirror: MirrorState| mirror.session_id == session || mirror.epoch > remote.epoch;
    let is_last_run =
        is_ours && remote.holder == local.identity.holder && local.mirror.is_some_and(is_passed);
    let is_silent = remote.heartbeat_age_s > ALIVE_S;
    if is_this_run || is_last_run || is_silent || remote.restored_from.is_some() {
        return None;
    }
    // An operator may take a site over from a living appliance, but not by mistake.
    if local.wish == Some(Wish::TakeOver) {
        return None;
    }
    Some(Obstacle {
        message: format!(
            "another appliance writes this site: {}, seen {:.0} s ago",
            remote.holder, remote.heartbeat_age_s
        ),
        remedy: format!(
            "stop the other one, and this one continues automatically {ALIVE_S:.0} s later; if the \
             other one is the wrong one: unoc sync takeover"
        ),
        is_conflict: true,
    })
}

fn conflict(message: String) -> Obstacle {
    Obstacle {
        message,
        remedy: "choose: unoc sync adopt (PostgreSQL's state wins; the local store is kept in \
                 quarantine/) or unoc sync takeover (the local state wins)"
            .to_owned(),
        is_conflict: true,
    }
}

const COLUMNS: &str = "epoch, instance_id, session_id, holder, \
     extract(epoch FROM now() - heartbeat_at)::float8, applied_seq, next_device_id, \
     next_interface_id, next_link_id, next_audit_id, \
     (extract(epoch FROM reconciled_at) * 1000000)::bigint, \
     CASE WHEN restored_at IS NULL THEN NULL ELSE coalesce(restored_from, 'of unknown name') END";

/// Reads the site's row and keeps others from changing it until the transaction ends.
pub(super) fn read(tx: &mut Tx<'_>, site_id: Uuid) -> Result<Option<Remote>, SyncError> {
    let sql = format!("SELECT {COLUMNS} FROM sync_state WHERE site_id = $1 FOR UPDATE");
    let rows = tx.query(&sql, &[Value::Uuid(site_id).into()])?;
    let Some(row) = rows.first() else { return Ok(None) };
    let number = |index: usize| u64::try_from(row.get::<_, i64>(index)).unwrap_or_default();
    Ok(Some(Remote {
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
    }))
}

/// Makes this run the holder and returns its epoch. Whatever a loaded backup had marked has been
/// adopted by then.
pub(super) fn take(
    tx: &mut Tx<'_>,
    identity: &Identity,
    remote: &Remote,
) -> Result<u64, SyncError> {
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

/// The site as this run holds it.
#[derive(Clone, Debug)]
pub(super) struct Claim {
    pub(super) identity: Identity,
    pub(super) epoch: u64,
    /// What PostgreSQL was last known to hold.
    pub(super) applied_seq: u64,
    pub(super) next_audit: u64,
    /// Ids from these on were never sent.
    pub(super) counters: IdCounters,
}

impl Claim {
    /// Checks, at the beginning of a transaction, that the site is still this run's and as it
    /// left it; nobody else can change that until the transaction ends.
    ///
    /// # Errors
    /// [`SyncError::Changed`] or [`SyncError::Stopped`].
    pub(super) fn fence(&self, tx: &mut Tx<'_>) -> Result<(), SyncError> {
        let remote = read(tx, self.identity.site_id)?;
        let remote = remote.ok_or(SyncError::Changed("it no longer holds the site"))?;
        if remote.restored_from.is_some() {
            return Err(SyncError::Changed("a backup was loaded"));
        }
        if remote.epoch != self.epoch || remote.session_id != Some(self.identity.session_id) {
            return Err(fenced(&remote).into());
        }
        if remote.applied_seq != self.applied_seq {
            return Err(SyncError::Changed("it holds another seq than this run left"));
        }
        Ok(())
    }

    /// Notes that this run is alive.
    ///
    /// # Errors
    /// As [`Claim::fence`].
    pub(super) fn beat(&self, tx: &mut Tx<'_>) -> Result<(), SyncError> {
        self.fence(tx)?;
        tx.execute(
            "UPDATE sync_state SET heartbeat_at = now() WHERE site_id = $1",
            &[Value::Uuid(self.identity.site_id).into()],
        )?;
        Ok(())
    }

    /// Lets the site go, so that the next holder need not wait.
    pub(super) fn release(&self, tx: &mut Tx<'_>) -> Result<(), PgError> {
        tx.execute(
            "UPDATE sync_state SET session_id = NULL WHERE site_id = $1 AND epoch = $2",
            &[Value::Uuid(self.identity.site_id).into(), Value::id(self.epoch).into()],
        )?;
        Ok(())
    }
}

fn fenced(remote: &Remote) -> Obstacle {
    Obstacle {
        message: format!("another appliance took this site over: {}", remote.holder),
        remedy: "if this one should have it: stop the other one, then unoc sync takeover"
            .to_owned(),
        is_conflict: true,
    }
}

/// How far the site has come, to be written with its rows.
pub(super) struct Progress<'a> {
    pub(super) claim: &'a Claim,
    pub(super) seq: u64,
    pub(super) committed_at: Timestamp,
    pub(super) counters: IdCounters,
    pub(super) next_audit: u64,
    /// Whether both sides were compared row by row.
    pub(super) is_reconciled: bool,
}

impl Progress<'_> {
    /// Makes the site's row, which keeps others out until the transaction ends.
    ///
    /// # Errors
    /// [`SyncError::Changed`] when somebody else made it meanwhile.
    pub(super) fn begin(&self, tx: &mut Tx<'_>) -> Result<(), SyncError> {
        match self.insert(tx, "DO NOTHING")? {
            0 => Err(SyncError::Changed("the site was written there meanwhile")),
            _ => Ok(()),
        }
    }

    /// Writes it into the site's row, which is this run's.
    pub(super) fn write(&self, tx: &mut Tx<'_>) -> Result<(), SyncError> {
        self.insert(
            tx,
            "DO UPDATE SET heartbeat_at = now(), \
             applied_seq = EXCLUDED.applied_seq, applied_at = now(), \
             committed_at = EXCLUDED.committed_at, next_device_id = EXCLUDED.next_device_id, \
             next_interface_id = EXCLUDED.next_interface_id, \
             next_link_id = EXCLUDED.next_link_id, next_audit_id = EXCLUDED.next_audit_id, \
             reconciled_at = coalesce(EXCLUDED.reconciled_at, s.reconciled_at)",
        )?;
        Ok(())
    }

    /// Returns how many rows were written.
    fn insert(&self, tx: &mut Tx<'_>, on_conflict: &str) -> Result<u64, PgError> {
        let identity = &self.claim.identity;
        let params: [Param<'_>; 12] = [
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
        ];
        let sql = format!(
            "INSERT INTO sync_state AS s (site_id, epoch, instance_id, session_id, holder, \
             heartbeat_at, applied_seq, applied_at, committed_at, next_device_id, \
             next_interface_id, next_link_id, next_audit_id, reconciled_at) \
             VALUES ($1, $2, $3, $4, $5, now(), $6, now(), $7, $8, $9, $10, $11, \
             CASE WHEN $12 IS NULL THEN NULL ELSE now() END) ON CONFLICT (site_id) {on_conflict}"
        );
        tx.execute(&sql, &params)
    }
}
