//! From a connection to a claim: connects, decides whose state wins, and becomes the holder.

use serde_json::json;
use tokio::time::Instant;
use tracing::{info, warn};
use uuid::Uuid;

use super::claim_decision::{self, ClaimDecision, ClaimOverride, LocalState};
use super::error::SyncError;
use super::mirror::Mirror;
use super::reconcile::{self, RowsReconciled};
use super::request::SyncRequest;
use super::status::{RoundKind, SyncState};
use super::sync_state::{self, Claim, ClaimedSession, RemoteState};
use super::{initial_copy, round, schema};
use crate::domain::IdCounters;
use crate::pg::{PgError, PgTransaction, Session};
use crate::sql::Value;
use crate::store::{
    AuditEvent, AuditHead, AuditOrigin, CONTINUE_NUMBERS, CounterFloors, MirrorState,
};

/// A site that was claimed and brought to the local state in one transaction.
struct ReconciledClaim {
    claim: Claim,
    rows: RowsReconciled,
    start: Instant,
}

impl Mirror {
    /// Connects, prepares the tables, decides whose state wins, and becomes the holder of the site.
    pub(super) fn handshake(&mut self) -> Result<ClaimedSession, SyncError> {
        if ![SyncState::Waiting, SyncState::Stopped].contains(&self.shared.state()) {
            self.shared.enter(SyncState::Connecting, self.now(), None);
        }
        self.reload_address();
        let mut session = Session::open(&self.options.database.config, &self.control)?;
        schema::prepare(&mut session)?;
        if let Some(mirror) = self.engine.read().mirror()? {
            self.identity.instance_id = mirror.instance_id;
        }
        let mut tx = session.begin()?;
        round::set_limits(&mut tx)?;
        let remote = sync_state::read(&mut tx, self.identity.site_id)?;
        let decision = self.decide(remote.as_ref())?;
        match (decision, remote) {
            (ClaimDecision::Refuse(obstacle), _) => Err(obstacle.into()),
            (ClaimDecision::Copy, _) | (_, None) => {
                drop(tx);
                self.copy_site(session)
            }
            (ClaimDecision::Follow, Some(remote)) => {
                self.check_audit_head(&remote)?;
                self.show_audit_head(&remote);
                let claim = self.claim(&mut tx, &remote)?;
                tx.commit()?;
                self.show_claim(&claim);
                self.log_connected(&claim, "following");
                let mut claimed = ClaimedSession { session, claim };
                if std::mem::take(&mut self.needs_comparison) {
                    self.compare(&mut claimed, true)?;
                }
                Ok(claimed)
            }
            (ClaimDecision::Reconcile(reason), Some(remote)) => {
                warn!(
                    sync.applied_seq = remote.applied_seq,
                    "{reason}: the local state wins, all rows are compared"
                );
                self.check_audit_head(&remote)?;
                self.raise_local_counters(&remote)?;
                let reconciled = self.reconcile_claim(tx, &remote)?;
                self.complete(ClaimOverride::TakeOver);
                self.finish_claim(session, reconciled, reason)
            }
            (ClaimDecision::Adopt { reason, at_seq }, Some(remote)) => {
                drop(tx);
                self.adopt(&mut session, &remote, &reason, at_seq)?;
                let mut tx = session.begin()?;
                round::set_limits(&mut tx)?;
                let found = sync_state::read(&mut tx, self.identity.site_id)?;
                if !found.is_some_and(|found| found.is_same_state(&remote)) {
                    return Err(SyncError::Changed("it changed during its adoption"));
                }
                let reconciled = self.reconcile_claim(tx, &remote)?;
                self.finish_claim(session, reconciled, "adopted the site")
            }
        }
    }

    /// Reads the address of the database again, which an operator may have changed.
    fn reload_address(&mut self) {
        match (self.options.reload_database)() {
            Ok(database) => {
                self.address_error = None;
                if database.masked_url != self.options.database.masked_url {
                    info!("The address of the mirror is now {}", database.masked_url);
                }
                self.shared.update(|status| status.database = Some(database.masked_url.clone()));
                self.options.database = database;
            }
            Err(reason) => {
                if self.address_error.as_ref() != Some(&reason) {
                    warn!("The address of the mirror cannot be read again: {reason}");
                }
                self.address_error = Some(reason);
            }
        }
    }

    fn decide(&mut self, remote: Option<&RemoteState>) -> Result<ClaimDecision, SyncError> {
        let claim_override = self.claim_override();
        let snapshot = self.engine.read();
        let local = LocalState {
            identity: &self.identity,
            seq: snapshot.seq(),
            mirror: snapshot.mirror()?,
            // After a write, the local state has changes that PostgreSQL lacks.
            is_starting: self.is_starting && snapshot.seq() == self.seq_at_start,
            claim_override,
        };
        Ok(claim_decision::decide(local, remote))
    }

    /// Raises the local counters above those of PostgreSQL, so that the local state is the later
    /// one.
    fn raise_local_counters(&mut self, remote: &RemoteState) -> Result<(), SyncError> {
        let last_commit = self.engine.read().last_commit();
        if remote.applied_seq > last_commit.seq && remote.instance_id == self.identity.instance_id {
            // With a new instance, PostgreSQL's state counts as that of another store: if this
            // handshake fails, the next one must not take it for an earlier state of this store.
            self.identity.instance_id = Uuid::new_v4();
            self.save_mirror_state(self.new_mirror_state())?;
        }
        let is_later = remote.applied_seq >= last_commit.seq;
        if is_later || remote.next_audit > last_commit.next_audit {
            let floors = match is_later {
                true => CounterFloors::beyond(remote.applied_seq, remote.next_audit),
                false => CounterFloors { seq: last_commit.seq, next_audit: remote.next_audit },
            };
            let details = json!({
                "because": "PostgreSQL has later numbers, and the local state wins",
                "seq_before": last_commit.seq,
                "next_audit_id_before": last_commit.next_audit,
                "seq_of_mirror": remote.applied_seq,
                "next_audit_id_of_mirror": remote.next_audit,
                "audit_head_of_mirror": remote.audit_head.map(AuditHead::view),
            });
            let event = AuditEvent::done(AuditOrigin::local("sync"), CONTINUE_NUMBERS, details);
            self.ask(self.engine.raise_counters(floors, event))?;
        }
        Ok(())
    }

    /// Becomes the holder and brings PostgreSQL to the local state in one transaction: if it fails,
    /// the previous holder keeps the site.
    fn reconcile_claim(
        &mut self,
        mut tx: PgTransaction<'_>,
        remote: &RemoteState,
    ) -> Result<ReconciledClaim, SyncError> {
        self.show_comparison();
        let start = Instant::now();
        let claim = self.claim(&mut tx, remote)?;
        let snapshot = self.engine.read();
        let rows = reconcile::run(tx, &claim, &snapshot, true)?;
        Ok(ReconciledClaim { claim, rows, start })
    }

    /// Shows and logs what [`Self::reconcile_claim`] did.
    fn finish_claim(
        &mut self,
        session: Session,
        reconciled: ReconciledClaim,
        reason: &str,
    ) -> Result<ClaimedSession, SyncError> {
        let ReconciledClaim { claim, rows, start } = reconciled;
        self.show_claim(&claim);
        self.log_connected(&claim, reason);
        let mut claimed = ClaimedSession { session, claim };
        self.finish_comparison(&mut claimed, rows, start)?;
        Ok(claimed)
    }

    /// Becomes the holder of a site in PostgreSQL once `tx` is committed.
    fn claim(
        &mut self,
        tx: &mut PgTransaction<'_>,
        remote: &RemoteState,
    ) -> Result<Claim, SyncError> {
        // In the local store first: if this run ends before the commit, the next one recognises it
        // as its own.
        let known = self.engine.read().mirror()?;
        let epoch = remote.epoch + 1;
        self.save_mirror_state(MirrorState {
            epoch,
            acknowledged_seq: known.map_or(0, |mirror| mirror.acknowledged_seq),
            adopted: known.and_then(|mirror| mirror.adopted),
            ..self.new_mirror_state()
        })?;
        let epoch = sync_state::claim(tx, &self.identity, remote)?;
        self.write_site(tx)?;
        Ok(Claim {
            identity: self.identity.clone(),
            epoch,
            applied_seq: remote.applied_seq,
            next_audit: remote.next_audit,
            counters: remote.counters,
        })
    }

    /// Copies the whole site to a PostgreSQL that does not hold it.
    fn copy_site(&mut self, mut session: Session) -> Result<ClaimedSession, SyncError> {
        let activity = "Copying the whole site into PostgreSQL.".to_owned();
        self.shared.enter(SyncState::Loading, self.now(), Some(activity));
        self.save_mirror_state(self.new_mirror_state())?;
        let snapshot = self.engine.read();
        let claim = Claim {
            identity: self.identity.clone(),
            epoch: 1,
            applied_seq: 0,
            next_audit: 0,
            counters: IdCounters::default(),
        };
        let start = Instant::now();
        let applied = initial_copy::run(&mut session, &claim, &snapshot)?;
        drop(snapshot);
        let mut tx = session.begin()?;
        self.write_site(&mut tx)?;
        tx.commit()?;
        let mut claimed = ClaimedSession { session, claim };
        self.show_claim(&claimed.claim);
        self.confirm(&mut claimed, RoundKind::First, applied, start)?;
        self.complete(ClaimOverride::TakeOver);
        self.fail_adopt_requests();
        self.log_connected(&claimed.claim, "copied the whole site");
        Ok(claimed)
    }

    /// After an initial copy there is nothing to adopt.
    fn fail_adopt_requests(&mut self) {
        let is_adopt = |request: &mut SyncRequest| matches!(request, SyncRequest::Adopt(_));
        for request in self.pending.extract_if(.., is_adopt) {
            request.fail(|| SyncError::NothingToAdopt);
        }
    }

    fn write_site(&self, tx: &mut PgTransaction<'_>) -> Result<(), PgError> {
        tx.execute(
            "INSERT INTO sites (site_id, name, host, version) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (site_id) DO UPDATE SET name = EXCLUDED.name, host = EXCLUDED.host, \
             version = EXCLUDED.version",
            &[
                Value::Uuid(self.identity.site_id).into(),
                Value::text(&self.options.site_name).into(),
                Value::text(&self.options.holder).into(),
                Value::text(env!("CARGO_PKG_VERSION")).into(),
            ],
        )?;
        Ok(())
    }
}
