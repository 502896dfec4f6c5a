//! From a connection to a claim: whose state counts is decided here, before anything is written.

use tokio::time::Instant;
use tracing::{info, warn};

use super::claim::{self, Claim, Identity, Local, Remote, Verdict};
use super::error::{Obstacle, SyncError};
use super::mirror::Mirror;
use super::reconcile;
use super::round::{self, Applied};
use super::session::{Session, Tx};
use super::status::{ROUNDS_KEPT, Reconciled, Round, RoundKind, State};
use super::{first, hydrate, schema};
use crate::domain::{IdCounters, Timestamp};
use crate::engine::{Adopted, Adoption};
use crate::sql::Value;
use crate::store::{Floors, Holder, MirrorState, Space};

/// A connection that may write the site.
pub(super) struct Link {
    pub(super) session: Session,
    pub(super) claim: Claim,
}

/// Attempts to set the local store aside between two writes.
const ADOPT_ATTEMPTS: u32 = 5;

impl Mirror {
    /// Connects, prepares the tables, settles whose state counts, and becomes the holder.
    pub(super) fn contact(&mut self) -> Result<Link, SyncError> {
        if self.shared.state() != State::Waiting && self.shared.state() != State::Stopped {
            self.shared.enter(State::Connecting, self.now(), None);
        }
        let mut session = Session::open(&self.options.target, &self.watch)?;
        schema::prepare(&mut session)?;
        if let Some(mirror) = self.engine.read().mirror()? {
            self.identity.instance_id = mirror.instance_id;
        }
        let mut tx = session.begin()?;
        round::limit(&mut tx)?;
        let remote = claim::read(&mut tx, self.identity.site_id)?;
        let verdict = self.decide(remote.as_ref())?;
        match (verdict, remote) {
            (Verdict::Refuse(obstacle), _) => Err(obstacle.into()),
            (Verdict::First, _) | (_, None) => {
                drop(tx);
                self.send_all(session)
            }
            (Verdict::Follow, Some(remote)) => {
                let claim = self.take(tx, &remote)?;
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
                let head = self.engine.read().head();
                let is_later = remote.applied_seq >= head.seq;
                if is_later || remote.next_audit > head.next_audit {
                    let floors = match is_later {
                        true => Floors::beyond(remote.applied_seq, remote.next_audit),
                        false => Floors { seq: head.seq, next_audit: remote.next_audit },
                    };
                    self.ask(self.engine.raise(floors))?;
                }
                let claim = self.take(tx, &remote)?;
                self.settled(Link { session, claim }, why)
            }
            (Verdict::Adopt(why), Some(remote)) => {
                drop(tx);
                self.adopt(&mut session, &remote, &why)?;
                let mut tx = session.begin()?;
                round::limit(&mut tx)?;
                let found = claim::read(&mut tx, self.identity.site_id)?;
                if !found.is_some_and(|found| found.is_same_state(&remote)) {
                    return Err(SyncError::Changed("it changed while it was adopted"));
                }
                let claim = self.take(tx, &remote)?;
                self.settled(Link { session, claim }, "the site was adopted")
            }
        }
    }

    fn decide(&self, remote: Option<&Remote>) -> Result<Verdict, SyncError> {
        let snapshot = self.engine.read();
        let local = Local {
            identity: &self.identity,
            seq: snapshot.head().seq,
            mirror: snapshot.mirror()?,
            // Once somebody has written, the local state has what PostgreSQL lacks.
            is_starting: self.is_starting && snapshot.head().seq == self.seq_at_start,
            wish: self.wish,
        };
        Ok(claim::decide(local, remote))
    }

    /// Compares everything once whose state counts is settled.
    fn settled(&mut self, mut link: Link, why: &str) -> Result<Link, SyncError> {
        self.wish = None;
        self.greet(&link, why);
        self.compare(&mut link, true)?;
        Ok(link)
    }

    /// Becomes the holder of a site that PostgreSQL knows.
    fn take(&mut self, mut tx: Tx<'_>, remote: &Remote) -> Result<Claim, SyncError> {
        // First here: a run that ends in between is recognised as this store's own.
        let known = self.engine.read().mirror()?;
        let epoch = remote.epoch + 1;
        self.remember(MirrorState {
            epoch,
            acknowledged_seq: known.map_or(0, |mirror| mirror.acknowledged_seq),
            adopted: known.and_then(|mirror| mirror.adopted),
            ..self.unknown_mirror()
        })?;
        let epoch = claim::take(&mut tx, &self.identity, remote)?;
        self.write_site(&mut tx)?;
        tx.commit()?;
        let claim = Claim {
            identity: self.identity.clone(),
            epoch,
            applied_seq: remote.applied_seq,
            next_audit: remote.next_audit,
            counters: remote.counters,
        };
        self.note_claim(&claim);
        Ok(claim)
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
        let applied = first::run(&mut session, &claim, &snapshot)?;
        drop(snapshot);
        let mut tx = session.begin()?;
        self.write_site(&mut tx)?;
        tx.commit()?;
        let mut link = Link { session, claim };
        self.note_claim(&link.claim);
        self.confirm(&mut link, RoundKind::First, applied, start)?;
        self.wish = None;
        self.greet(&link, "copied the whole site");
        Ok(link)
    }

    /// Puts PostgreSQL's state in place of the local one.
    fn adopt(
        &mut self,
        session: &mut Session,
        remote: &Remote,
        why: &str,
    ) -> Result<(), SyncError> {
        warn!(sync.applied_seq = remote.applied_seq, "Adopting PostgreSQL's state: {why}");
        self.shared.enter(
            State::Loading,
            self.now(),
            Some(format!("Taking the site over from PostgreSQL: {why}.")),
        );
        self.shared.update(|status| status.is_adopting = true);
        let site = hydrate::read(session, self.identity.site_id, remote)?;
        let site = site.ok_or(SyncError::Changed("it changed while it was read"))?;
        for _ in 0..ADOPT_ATTEMPTS {
            let snapshot = self.engine.read();
            let expected_seq = snapshot.head().seq;
            if expected_seq > 0 {
                let name = format!("{}-seq{expected_seq}", self.stamp());
                let directory = self.engine.set_aside(&snapshot, &name)?;
                info!("The local store was set aside in {}", directory.display());
            }
            drop(snapshot);
            let adoption = Adoption {
                site: Box::new(site.clone()),
                floors: Floors::beyond(remote.applied_seq, remote.next_audit),
                expected_seq,
                mirror: MirrorState {
                    adopted: Some(Holder { instance_id: remote.instance_id, epoch: remote.epoch }),
                    ..self.unknown_mirror()
                },
                actor: "sync",
            };
            match self.ask(self.engine.adopt(adoption))? {
                Adopted::Done { seq } => {
                    info!(seq, "The site is now PostgreSQL's");
                    return Ok(());
                }
                Adopted::Overtaken => {}
                Adopted::Refused(refusal) => return Err(unfit(&refusal.to_string()).into()),
                Adopted::NoRoom(space) => return Err(no_room(&space).into()),
            }
        }
        Err(SyncError::Changed("the local site changed again and again while it was set aside"))
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
        use postgres::types::Type;
        tx.execute(
            "INSERT INTO sites (site_id, name, host, version) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (site_id) DO UPDATE SET name = EXCLUDED.name, host = EXCLUDED.host, \
             version = EXCLUDED.version",
            &[
                (Value::Uuid(self.identity.site_id), Type::UUID),
                (Value::text(&self.options.site_name), Type::TEXT),
                (Value::text(&self.options.holder), Type::TEXT),
                (Value::text(env!("CARGO_PKG_VERSION")), Type::TEXT),
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
    ) -> Result<Reconciled, SyncError> {
        let activity = "Comparing every row with PostgreSQL.".to_owned();
        self.shared.enter(State::Loading, self.now(), Some(activity));
        let snapshot = self.engine.read();
        let start = Instant::now();
        let (applied, result) = reconcile::run(&mut link.session, &link.claim, &snapshot, repair)?;
        drop(snapshot);
        let duration_ms = start.elapsed().as_secs_f64() * 1000.0;
        self.confirm(link, RoundKind::Reconcile, applied, start)?;
        let reconciled = Reconciled { at: self.now(), duration_ms, result };
        self.shared.update(|status| status.last_reconcile = Some(reconciled));
        if result.differences() > 0 {
            warn!(
                sync.missing = result.missing,
                sync.extra = result.extra,
                sync.different = result.different,
                sync.repaired = result.repaired,
                "PostgreSQL differed from the local store"
            );
        } else {
            info!(sync.compared = result.compared, duration_ms, "Both sides are the same");
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
        self.ask(self.engine.confirm_mirrored(applied.seq))?;
        let at = self.now();
        let took_us = i64::try_from(start.elapsed().as_micros()).unwrap_or(i64::MAX);
        let is_behind = self.engine.read().head().seq > applied.seq;
        let round = Round { at, kind, seq: applied.seq, rows: applied.rows, duration_ms };
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

fn no_room(space: &Space) -> Obstacle {
    Obstacle {
        message: format!(
            "{} has too little room to take the site over from PostgreSQL ({} MiB free)",
            space.directory.display(),
            space.free_bytes >> 20
        ),
        remedy: "free some space there; it goes on by itself".to_owned(),
        is_conflict: false,
    }
}

fn unfit(refusal: &str) -> Obstacle {
    Obstacle {
        message: format!(
            "the site in PostgreSQL cannot be adopted, since it breaks a rule of the network: \
             {refusal}"
        ),
        remedy: "mend the rows in PostgreSQL, or keep the local state: unoc sync takeover"
            .to_owned(),
        is_conflict: true,
    }
}
