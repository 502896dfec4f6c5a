//! What PostgreSQL knows of the audit trail, compared with the local one.

use std::ops::Bound;

use serde_json::json;
use tracing::warn;

use super::error::SyncError;
use super::mirror::Mirror;
use super::round;
use super::status::AuditComparison;
use super::sync_state::{ClaimedSession, RemoteState};
use crate::engine::EngineError;
use crate::query::KnownAuditHead;
use crate::sql::id_of;
use crate::store::{
    AuditEvent, AuditHash, AuditHead, AuditHeadState, AuditOrigin, Snapshot, StoreError,
};

/// Differences that are named; more are counted.
const DIFFERENCES_NAMED_MAX: usize = 20;
/// Who PostgreSQL is among those who know the trail.
const SOURCE: &str = "PostgreSQL";
/// The trail and PostgreSQL's are not the same, and the local one is followed.
const TRAIL_DIFFERS: &str = "audit trail differs from the mirror's";

impl Mirror {
    /// Records it if the local trail has not the row that PostgreSQL has as its newest: from now on
    /// PostgreSQL follows the local trail.
    pub(super) fn check_audit_head(&self, remote: &RemoteState) -> Result<(), SyncError> {
        let Some(head) = remote.audit_head else { return Ok(()) };
        let state = self.engine.read().find_audit_head(head)?;
        if !is_problem(state) {
            return Ok(());
        }
        warn!(
            audit.id = head.id,
            "The audit trail does not have row {} as PostgreSQL has it ({state:?})", head.id
        );
        let details = json!({
            "audit_head_of_mirror": head.view(),
            "found": format!("{state:?}").to_lowercase(),
        });
        let event = AuditEvent::done(AuditOrigin::local("sync"), TRAIL_DIFFERS, details);
        match self.ask(self.engine.record_event(event)) {
            // The log has it; a full volume must not keep the mirror from following.
            Err(EngineError::ReadOnly { .. }) => Ok(()),
            recorded => Ok(recorded?),
        }
    }

    /// Keeps in the status which row PostgreSQL had as the newest when this run began to follow it.
    pub(super) fn show_audit_head(&self, remote: &RemoteState) {
        let at = self.now();
        let known = remote.audit_head.map(|head| {
            let source = SOURCE.to_owned();
            KnownAuditHead { source, at, head }
        });
        self.shared.update(|status| status.audit_head = known);
    }

    /// Compares the hash of each audit row in PostgreSQL with the local one.
    pub(super) fn compare_audit(
        &self,
        claimed: &mut ClaimedSession,
    ) -> Result<AuditComparison, SyncError> {
        let snapshot = self.engine.read();
        let next = claimed.claim.next_audit;
        let Some(first) =
            snapshot.audit_range((Bound::Unbounded, Bound::Excluded(next)), 0)?.next()
        else {
            return Ok(AuditComparison { at: self.now(), ..AuditComparison::default() });
        };
        let first = first?.id;
        let mut tx = claimed.session.begin()?;
        round::set_limits(&mut tx)?;
        tx.allow_long_calls();
        claimed.claim.check(&mut tx)?;
        let sql = format!(
            "SELECT id, hash FROM audit WHERE site_id = '{}' AND id >= {} AND id < {} ORDER BY id",
            claimed.claim.identity.site_id,
            id_of(first),
            id_of(next)
        );
        let mut local = snapshot.audit_links((Bound::Included(first), Bound::Excluded(next)))?;
        let mut merge = Merge::new(&snapshot, &mut local)?;
        tx.copy_out_text(&sql, |line| {
            let (id, hash) =
                read_line(line).ok_or(SyncError::Changed("its audit rows are none"))?;
            Ok::<(), SyncError>(merge.remote(id, hash)?)
        })?;
        let mut found = merge.end()?;
        tx.commit()?;
        found.at = self.now();
        self.shared.update(|status| status.last_audit_comparison = Some(found.clone()));
        Ok(found)
    }
}

const fn is_problem(state: AuditHeadState) -> bool {
    match state {
        AuditHeadState::Different | AuditHeadState::Removed | AuditHeadState::Missing => true,
        AuditHeadState::Same | AuditHeadState::TooOld | AuditHeadState::LeftOut { .. } => false,
    }
}

/// A line of COPY: the id and the hash, which is `\N` in rows from before the chain.
fn read_line(line: &[u8]) -> Option<(u64, Option<AuditHash>)> {
    let (id, hash) = std::str::from_utf8(line).ok()?.split_once('\t')?;
    let hash = if hash == r"\N" { None } else { Some(AuditHash::parse(hash)?) };
    Some((id.parse().ok()?, hash))
}

type LocalRow = (u64, Option<AuditHash>);

/// Both sides, in the order of their ids.
struct Merge<'a, I> {
    snapshot: &'a Snapshot,
    local: &'a mut I,
    next: Option<LocalRow>,
    found: AuditComparison,
}

impl<'a, I: Iterator<Item = Result<LocalRow, StoreError>>> Merge<'a, I> {
    fn new(snapshot: &'a Snapshot, local: &'a mut I) -> Result<Self, StoreError> {
        let next = local.next().transpose()?;
        Ok(Self { snapshot, local, next, found: AuditComparison::default() })
    }

    fn remote(&mut self, id: u64, hash: Option<AuditHash>) -> Result<(), StoreError> {
        while let Some((local, _)) = self.next.filter(|(local, _)| *local < id) {
            self.found.missing_there += 1;
            self.found.first_missing_there.get_or_insert(local);
            self.next = self.local.next().transpose()?;
        }
        self.found.compared += 1;
        match self.next.filter(|(local, _)| *local == id) {
            Some((_, local)) => {
                self.next = self.local.next().transpose()?;
                if local != hash {
                    self.report(id, format!("Row {id} has another hash in PostgreSQL"));
                }
            }
            None => {
                let Some(hash) = hash else { return Ok(()) };
                if is_problem(self.snapshot.find_audit_head(AuditHead { id, hash })?) {
                    self.report(id, format!("Row {id} is in PostgreSQL, and was removed here"));
                }
            }
        }
        Ok(())
    }

    fn report(&mut self, id: u64, text: String) {
        self.found.difference_count += 1;
        if self.found.differences.len() < DIFFERENCES_NAMED_MAX {
            self.found.differences.push((id, text));
        }
    }

    fn end(mut self) -> Result<AuditComparison, StoreError> {
        while let Some((local, _)) = self.next {
            self.found.missing_there += 1;
            self.found.first_missing_there.get_or_insert(local);
            self.next = self.local.next().transpose()?;
        }
        Ok(self.found)
    }
}
