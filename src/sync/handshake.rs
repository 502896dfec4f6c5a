//! From a connection to a claim: whose state counts is decided here, before anything is written.

use tokio::time::Instant;
use tracing::{info, warn};

use super::error::{Obstacle, SyncError};
use super::handle::Request;
use super::mirror::Mirror;
use super::reconcile;
use super::round::{self, Applied};
use super::status::{ROUNDS_KEPT, Reconciliation, Round, RoundKind, State};
use super::sync_state::{self, Claim, Identity, Local, Remote, Verdict, Wish};
use super::{adoption, initial_copy, schema};
use crate::domain::{IdCounters, Timestamp};
use crate::engine::{Adoption, AdoptionOutcome};
use crate::pg::{Comparison, Session, Tx};
use crate::sql::Value;
use crate::store::{CounterFloors, Holder, MirrorState, QuarantineRefusal};
use uuid::Uuid;

/// A connection that may write the site.
pub(super) struct Link {
    pub(super) session: Session,
    pub(super) claim: Claim,
}

/// A site that was claimed and brought to the local state.
struct Settled {
    claim: Claim,
    applied: Applied,
    comparison: Comparison,
    repaired: u64,
    start: Instant,
}

impl Mirror {
    /// Connects, prepares the tables, settles whose state counts, and becomes the holder.
    pub(super) fn contact(&mut self) -> Result<Link, SyncError> {
        if self.shared.state() != State::Waiting && self.shared.state() != State::Stopped {
            self.shared.enter(State::Connecting, self.now(), None);
        }
        self.read_address();
        let mut session = Session::open(&self.options.database.target, &self.watch)?;
        schema::prepare(&mut session)?;
        if let Some(mirror) = self.engine.read().mirror()? {
            self.identity.instance_id = mirror.instance_id;
        }
        let mut tx = session.begin()?;
        round::limit(&mut tx)?;
        let remote = sync_state::read(&mut tx, self.identity.site_id)?;
        let verdict = self.decide(remote.as_ref())?;
        match (verdict, remote) {
            (Verdict::Refuse(obstacle), _) => Err(obstacle.into()),
            (Verdict::First, _) | (_, None) => {
                drop(tx);
                self.send_all(session)
            }
            (Verdict::Follow, Some(remote)) => {
                let claim = self.claim(&mut tx, &remote)?;
                tx.commit()?;
                self.note_claim(&claim);
                let mut link = Link { session, claim };
                self.greet(&link, "following");
                if std::mem::take(&mut self.is_suspicious) {
                    self.compare(&mut link, true)?;
                }
                Ok(link)
            }
            (Verdict::Reconcile(why), Some(remote)) => {
                warn!(
                    sync.applied_seq = remote.applied_seq,
                    "{why}: the local state wins, everything is compared"
                );
                self.go_beyond(&remote)?;
                let settled = self.settle(tx, &remote)?;
                self.carried_out(Wish::TakeOver);
                self.settled(session, settled, why)
            }
            (Verdict::Adopt { why, at_seq }, Some(remote)) => {
                drop(tx);
                self.adopt(&mut session, &remote, &why, at_seq)?;
                let mut tx = session.begin()?;
                round::limit(&mut tx)?;
                let found = sync_state::read(&mut tx, self.identity.site_id)?;
                if !found.is_some_and(|found| found.is_same_state(&remote)) {
                    return Err(SyncError::Changed("it changed while it was adopted"));
                }
                let settled = self.settle(tx, &remote)?;
                self.settled(session, settled, "the site was adopted")
            }
        }
    }

    /// Reads where PostgreSQL is: an operator may have changed the file that says so.
    fn read_address(&mut self) {
        match (self.options.read_again)() {
            Ok(database) => {
                self.address_fault = None;
                if database.shown != self.options.database.shown {
                    info!("The address of the mirror is now {}", database.shown);
                }
                self.shared.update(|status| status.database = Some(database.shown.clone()));
                self.options.database = database;
            }
            Err(fault) => {
                if self.address_fault.as_ref() != Some(&fault) {
                    warn!("The address of the mirror cannot be read again: {fault}");
                }
                self.address_fault = Some(fault);
            }
        }
    }

    fn decide(&mut self, remote: Option<&Remote>) -> Result<Verdict, SyncError> {
        let wish = self.wish();
        let snapshot = self.engine.read();
        let local = Local {
            identity: &self.identity,
            seq: snapshot.seq(),
            mirror: snapshot.mirror()?,
            // Once somebody has written, the local state has what PostgreSQL lacks.
            is_starting: self.is_starting && snapshot.seq() == self.seq_at_start,
            wish,
        };
        Ok(sync_state::decide(local, remote))
    }

    /// Lets the local state be later than everything that PostgreSQL holds.
    fn go_beyond(&mut self, remote: &Remote) -> Result<(), SyncError> {
        let last_commit = self.engine.read().last_commit();
        if remote.applied_seq > last_commit.seq && remote.instance_id == self.identity.instance_id {
            // What PostgreSQL holds counts as another store's from now on: if this contact ends before
            // the local state is there, the next one must not take it for an earlier state of this store.
            self.identity.instance_id = Uuid::new_v4();
            self.remember(self.unknown_mirror())?;
        }
        let is_later = remote.applied_seq >= last_commit.seq;
        if is_later || remote.next_audit > last_commit.next_audit {
            let floors = match is_later {
                true => CounterFloors::beyond(remote.applied_seq, remote.next_audit),
                false => CounterFloors { seq: last_commit.seq, next_audit: remote.next_audit },
            };
            self.ask(self.engine.raise_counters(floors))?;
        }
        Ok(())
    }

    /// Becomes the holder and makes PostgreSQL the same as the local state, in one transaction: one
    /// that breaks off leaves the site to whoever had it.
    fn settle(&mut self, mut tx: Tx<'_>, remote: &Remote) -> Result<Settled, SyncError> {
        let activity = "Comparing every row with PostgreSQL.".to_owned();
        self.shared.enter(State::Loading, self.now(), Some(activity));
        let start = Instant::now();
        let claim = self.claim(&mut tx, remote)?;
        let snapshot = self.engine.read();
        let (applied, comparison, repaired) = reconcile::run(tx, &claim, &snapshot, true)?;
        Ok(Settled { claim, applied, comparison, repaired, start })
    }

    /// Notes what [`Self::settle`] did.
    fn settled(
        &mut self,
        session: Session,
        settled: Settled,
        why: &str,
    ) -> Result<Link, SyncError> {
        let Settled { claim, applied, comparison, repaired, start } = settled;
        self.note_claim(&claim);
        let mut link = Link { session, claim };
        self.greet(&link, why);
        self.compared(&mut link, applied, (comparison, repaired), start)?;
        Ok(link)
    }

    /// Becomes the holder of a site that PostgreSQL knows, once the transaction is committed.
    fn claim(&mut self, tx: &mut Tx<'_>, remote: &Remote) -> Result<Claim, SyncError> {
        // First here: a run that ends in between is recognised as this store's own.
        let known = self.engine.read().mirror()?;
        let epoch = remote.epoch + 1;
        self.remember(MirrorState {
            epoch,
            acknowledged_seq: known.map_or(0, |mirror| mirror.acknowledged_seq),
            adopted: known.and_then(|mirror| mirror.adopted),
            ..self.unknown_mirror()
        })?;
        let epoch = sync_state::take(tx, &self.identity, remote)?;
        self.write_site(tx)?;
        Ok(Claim {
            identity: self.identity.clone(),
            epoch,
            applied_seq: remote.applied_seq,
            next_audit: remote.next_audit,
            counters: remote.counters,
        })
    }

    /// Sends the whole site to a PostgreSQL that does not know it.
    fn send_all(&mut self, mut session: Session) -> Result<Link, SyncError> {
        self.shared.enter(
            State::Loading,
            self.now(),
            Some("Copying the whole site into PostgreSQL.".to_owned()),
        );
        self.remember(self.unknown_mirror())?;
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
        let mut link = Link { session, claim };
        self.note_claim(&link.claim);
        self.confirm(&mut link, RoundKind::First, applied, start)?;
        self.carried_out(Wish::TakeOver);
        self.refuse_adoption();
        self.greet(&link, "copied the whole site");
        Ok(link)
    }

    /// Puts PostgreSQL's state in place of the local one. Whether that can be done is looked at before
    /// the site is read, and by the engine before it copies the store.
    fn adopt(
        &mut self,
        session: &mut Session,
        remote: &Remote,
        why: &str,
        at_seq: Option<u64>,
    ) -> Result<(), SyncError> {
        if let Some(refusal) = self.engine.check_quarantine()? {
            return Err(no_room(&refusal).into());
        }
        let is_asked_for = self.wish() == Some(Wish::Adopt);
        let known = self.unfit.take_if(|(unfit, _)| is_asked_for || !unfit.is_same_state(remote));
        if let (None, Some((_, refusal))) = (known, &self.unfit) {
            return Err(unfit(refusal).into());
        }
        warn!(sync.applied_seq = remote.applied_seq, "Adopting PostgreSQL's state: {why}");
        self.shared.enter(
            State::Loading,
            self.now(),
            Some(format!("Taking the site over from PostgreSQL: {why}.")),
        );
        self.shared.update(|status| status.is_adopting = true);
        let site = adoption::read(session, self.identity.site_id, remote)?;
        let site = site.ok_or(SyncError::Changed("it changed while it was read"))?;
        let adoption = Adoption {
            site,
            floors: CounterFloors::beyond(remote.applied_seq, remote.next_audit),
            expected_seq: at_seq,
            quarantine_name: self.stamp(),
            mirror: MirrorState {
                adopted: Some(Holder { instance_id: remote.instance_id, epoch: remote.epoch }),
                ..self.unknown_mirror()
            },
            actor: "sync",
        };
        match self.ask(self.engine.adopt(adoption))? {
            AdoptionOutcome::Done { seq, quarantined } => {
                if let Some(directory) = quarantined {
                    info!("The local store was copied to {}", directory.display());
                }
                info!(seq, "The site now has PostgreSQL's state");
                self.carried_out(Wish::Adopt);
                Ok(())
            }
            AdoptionOutcome::Outdated => {
                Err(SyncError::Changed("the local site changed during the decision"))
            }
            AdoptionOutcome::Refused(refusal) => {
                let refusal = refusal.to_string();
                self.unfit = Some((remote.clone(), refusal.clone()));
                Err(unfit(&refusal).into())
            }
            AdoptionOutcome::NoSpace(refusal) => Err(no_room(&refusal).into()),
            AdoptionOutcome::Failed(error) => Err(error.into()),
        }
    }

    /// There is nothing to adopt where the local site was just sent for the first time.
    fn refuse_adoption(&mut self) {
        let is_adoption = |request: &mut Request| matches!(request, Request::Adopt(_));
        for request in self.pending.extract_if(.., is_adoption) {
            request.refuse(|| SyncError::NothingToAdopt);
        }
    }

    /// Notes the mirror in the local store: from now on changes are marked.
    fn remember(&self, state: MirrorState) -> Result<(), SyncError> {
        Ok(self.ask(self.engine.set_mirror(state))?)
    }

    /// The mirror of a site that was never sent by this store.
    fn unknown_mirror(&self) -> MirrorState {
        let Identity { instance_id, session_id, .. } = self.identity;
        MirrorState { instance_id, session_id, epoch: 1, acknowledged_seq: 0, adopted: None }
    }

    fn write_site(&self, tx: &mut Tx<'_>) -> Result<(), SyncError> {
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

    fn note_claim(&self, claim: &Claim) {
        self.shared.update(|status| {
            status.instance_id = Some(claim.identity.instance_id);
            status.epoch = Some(claim.epoch);
            status.applied_seq = Some(claim.applied_seq);
        });
    }

    /// Compares both sides and repairs PostgreSQL's if asked to.
    pub(super) fn compare(
        &mut self,
        link: &mut Link,
        repair: bool,
    ) -> Result<Reconciliation, SyncError> {
        let activity = "Comparing every row with PostgreSQL.".to_owned();
        self.shared.enter(State::Loading, self.now(), Some(activity));
        let snapshot = self.engine.read();
        let start = Instant::now();
        let mut tx = link.session.begin()?;
        round::limit(&mut tx)?;
        link.claim.fence(&mut tx)?;
        let (applied, comparison, repaired) = reconcile::run(tx, &link.claim, &snapshot, repair)?;
        drop(snapshot);
        self.compared(link, applied, (comparison, repaired), start)
    }

    /// Notes how a comparison ended.
    fn compared(
        &mut self,
        link: &mut Link,
        applied: Applied,
        (comparison, repaired): (Comparison, u64),
        start: Instant,
    ) -> Result<Reconciliation, SyncError> {
        let duration_ms = start.elapsed().as_secs_f64() * 1000.0;
        self.confirm(link, RoundKind::Reconcile, applied, start)?;
        let reconciled = Reconciliation { at: self.now(), duration_ms, comparison, repaired };
        self.shared.update(|status| status.last_reconcile = Some(reconciled));
        if comparison.differences() > 0 {
            warn!(
                sync.missing = comparison.missing,
                sync.extra = comparison.extra,
                sync.different = comparison.different,
                sync.repaired = repaired,
                "PostgreSQL differed from the local store"
            );
        } else {
            info!(sync.compared = comparison.compared, duration_ms, "Both sides are equal");
        }
        Ok(reconciled)
    }

    /// After PostgreSQL's COMMIT: takes the marks away and notes the round.
    pub(super) fn confirm(
        &mut self,
        link: &mut Link,
        kind: RoundKind,
        applied: Applied,
        start: Instant,
    ) -> Result<(), SyncError> {
        link.claim.applied_seq = applied.seq;
        link.claim.next_audit = applied.next_audit;
        link.claim.counters = applied.counters;
        let duration_ms = start.elapsed().as_secs_f64() * 1000.0;
        self.ask(self.engine.clear_dirty(applied.seq))?;
        let at = self.now();
        let took_us = i64::try_from(start.elapsed().as_micros()).unwrap_or(i64::MAX);
        let is_behind = self.engine.read().seq() > applied.seq;
        let Applied { seq, rows, indexes_ms, .. } = applied;
        let round = Round { at, kind, seq, rows, duration_ms, indexes_ms };
        self.shared.update(|status| {
            status.applied_seq = Some(applied.seq);
            // What is not there was made after the round had begun.
            status.behind_since = is_behind.then_some(Timestamp(at.0.saturating_sub(took_us)));
            if status.rounds.len() == ROUNDS_KEPT {
                status.rounds.pop_front();
            }
            status.rounds.push_back(round);
            status.trouble = None;
        });
        Ok(())
    }

    /// The time as a part of a file name.
    fn stamp(&self) -> String {
        let now = jiff::Timestamp::from_microsecond(self.now().0).unwrap_or_default();
        now.strftime("%Y%m%d_%H%M%S").to_string()
    }
}

fn no_room(refusal: &QuarantineRefusal) -> Obstacle {
    let remedy = match refusal {
        QuarantineRefusal::VolumeFull { .. } => "free some space there; sync resumes automatically",
        QuarantineRefusal::QuarantineFull { .. } => {
            "check the stores there (unoc export --data-dir shows what one holds), and move or \
             delete those that are not needed; sync resumes automatically"
        }
    };
    Obstacle {
        message: format!("the site cannot be taken over from PostgreSQL: {refusal}"),
        remedy: remedy.to_owned(),
        is_conflict: false,
    }
}

fn unfit(refusal: &str) -> Obstacle {
    Obstacle {
        message: format!(
            "the site in PostgreSQL cannot be adopted, since it breaks a rule of the network: \
             {refusal}"
        ),
        remedy:
            "correct the rows in PostgreSQL and try again with unoc sync adopt, or keep the local \
             state: unoc sync takeover"
                .to_owned(),
        is_conflict: true,
    }
}
