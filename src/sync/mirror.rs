//! The mirror's thread: contact, follow, and what to do when either ends.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tracing::{error, info, warn};
use uuid::Uuid;

use super::claim::{Identity, Remote, Wish};
use super::contact::Link;
use super::error::SyncError;
use super::handle::{Handle, REQUESTS_MAX, Request};
use super::status::{Reconciled, Shared, State, Trouble};
use super::target::Target;
use super::watched::Watch;
use crate::domain::Timestamp;
use crate::engine::{self, Clock};

/// First pause after a failure; doubled with each further one.
const BACKOFF_MIN: Duration = Duration::from_secs(1);
const BACKOFF_MAX: Duration = Duration::from_secs(60);
/// While waiting, the server is asked for a sign of life this often, without logging in: one that
/// comes back is noticed soon, and one that has trouble is not bothered.
const PROBE_EVERY: Duration = Duration::from_secs(1);
const PROBE_TIMEOUT: Duration = Duration::from_secs(1);
/// An obstacle may go away by what somebody does in PostgreSQL.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// How to mirror.
pub struct SyncOptions {
    pub target: Target,
    /// The address with secrets masked.
    pub database: String,
    pub site_name: String,
    /// Host name and data directory.
    pub holder: String,
    pub clock: Clock,
}

/// The thread and what it owns.
pub(super) struct Mirror {
    pub(super) options: SyncOptions,
    pub(super) engine: engine::Handle,
    pub(super) shared: Shared,
    pub(super) identity: Identity,
    pub(super) seqs: watch::Receiver<u64>,
    requests: mpsc::Receiver<Request>,
    /// Taken from the queue in this order, not answered yet. What an operator wishes is read from here
    /// alone: a request that was answered, or that nobody waits for any more, has no effect.
    pub(super) pending: Vec<Request>,
    /// Carried out, to be answered when the contact that did it has ended, however it ended.
    pub(super) carried_out: Vec<Request>,
    /// For waiting and for asking the engine; PostgreSQL's client brings its own.
    runtime: tokio::runtime::Runtime,
    /// Until the first attempt has ended.
    pub(super) is_starting: bool,
    pub(super) seq_at_start: u64,
    /// PostgreSQL's state that could not be adopted, since it breaks a rule, and which one. It is not
    /// read again until it changes or an operator asks.
    pub(super) unfit: Option<(Remote, String)>,
    /// The next round compares everything, since the last one met rows that nobody here wrote.
    pub(super) is_suspicious: bool,
    is_stopping: bool,
    /// Ends a call to PostgreSQL that is still running when the process has to end.
    pub(super) watch: Watch,
}

/// What ended a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Woken {
    Time,
    /// There was a commit.
    Commit,
    /// A request is pending.
    Request,
    Stop,
}

/// Starts the mirror. The thread ends after [`Handle::stop`], or with the engine.
///
/// # Errors
/// When no thread can be started.
pub fn start(
    options: SyncOptions,
    engine: engine::Handle,
) -> std::io::Result<(Handle, JoinHandle<()>)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let (sender, requests) = mpsc::channel(REQUESTS_MAX);
    let shared = Shared::new(State::Connecting, options.clock.now());
    let watch = Watch::default();
    let handle = Handle {
        watch: watch.clone(),
        shared: shared.clone(),
        requests: Some(sender),
        database: Some(options.database.clone()),
    };
    let identity = Identity {
        site_id: engine.site_id(),
        instance_id: Uuid::new_v4(),
        session_id: Uuid::new_v4(),
        holder: options.holder.clone(),
    };
    let seq_at_start = engine.read().head().seq;
    let mirror = Mirror {
        seqs: engine.watch_seq(),
        options,
        engine,
        shared,
        identity,
        requests,
        pending: Vec::new(),
        carried_out: Vec::new(),
        runtime,
        is_starting: true,
        seq_at_start,
        unfit: None,
        is_suspicious: false,
        is_stopping: false,
        watch: watch.clone(),
    };
    let thread = std::thread::Builder::new().name("sync".to_owned());
    Ok((handle, thread.spawn(move || mirror.run())?))
}

impl Mirror {
    fn run(mut self) {
        self.note_backlog();
        let mut failures = 0;
        while !self.is_stopping {
            let mut was_linked = false;
            let attempt = AssertUnwindSafe(|| {
                let contacted = self.contact();
                for request in std::mem::take(&mut self.carried_out) {
                    request.fulfil(None);
                }
                let link = contacted?;
                was_linked = true;
                self.is_starting = false;
                self.follow(link)
            });
            // A fault of this program must not end the mirror for good: it begins anew.
            let ended = catch_unwind(attempt).unwrap_or(Err(SyncError::Panicked));
            // A contact that broke off while it put PostgreSQL's state in place begins anew.
            self.is_starting &= self.shared.is_adopting();
            if was_linked {
                failures = 0;
            }
            let Err(error) = ended else { return };
            if matches!(error, SyncError::Engine(engine::EngineError::Stopped)) {
                return;
            }
            match error {
                SyncError::Stopped(obstacle) => {
                    failures = 0;
                    self.stand_still(obstacle);
                }
                SyncError::Changed(what) if failures == 0 => {
                    warn!("Connecting anew: {what}");
                    failures = 1;
                }
                error => {
                    // A server that recovers says so, and is soon done.
                    failures = if error.is_starting_up() { 1 } else { failures + 1 };
                    if self.back_off(&error, failures) {
                        failures = 0;
                    }
                }
            }
        }
    }

    /// Waits for an operator, or for the obstacle to go away.
    fn stand_still(&mut self, obstacle: super::error::Obstacle) {
        let known = self.shared.get().obstacle;
        if known.as_ref() != Some(&obstacle) {
            error!(remedy = %obstacle.remedy, "The mirror stands still: {obstacle}");
        }
        for request in std::mem::take(&mut self.pending) {
            request.refuse(|| SyncError::Stopped(obstacle.clone()));
        }
        self.shared.enter(State::Stopped, self.now(), None);
        self.shared.update(|status| {
            status.obstacle = Some(obstacle);
            status.trouble = None;
        });
        let until = Instant::now() + LOOK_AGAIN;
        while self.wait(until, true) == Woken::Commit {
            self.note_behind();
        }
    }

    /// Waits before the next attempt: longer after each failure, but not longer than it takes
    /// until the server can be reached again. Returns whether it came back meanwhile.
    fn back_off(&mut self, error: &SyncError, failures: u32) -> bool {
        let message = error.to_string();
        for request in std::mem::take(&mut self.pending) {
            request.refuse(|| SyncError::Away(message.clone()));
        }
        let pause = pause(failures, jitter());
        let now = self.now();
        self.note_trouble(&message, failures, pause);
        if failures == 1 {
            warn!(retry_in_s = pause.as_secs_f64(), "The mirror waits: {message}");
        }
        self.shared.enter(State::Waiting, now, None);
        let until = Instant::now() + pause;
        let mut probe = Instant::now() + PROBE_EVERY;
        let (mut was_away, mut is_noted) = (false, false);
        loop {
            // One commit is enough to know; a flood of them must not keep the probes from their time.
            match self.wait(until.min(probe), !is_noted) {
                Woken::Request | Woken::Stop => return false,
                Woken::Commit => {
                    self.note_behind();
                    is_noted = true;
                }
                Woken::Time => {}
            }
            let now = Instant::now();
            if now >= until {
                return false;
            }
            if now >= probe {
                let is_there = self.options.target.is_reachable(PROBE_TIMEOUT);
                if was_away && is_there {
                    return true;
                }
                was_away = !is_there;
                probe = Instant::now() + PROBE_EVERY;
            }
        }
    }

    fn note_trouble(&self, message: &str, attempts: u32, pause: Duration) {
        let now = self.now();
        let pause_us = i64::try_from(pause.as_micros()).unwrap_or(i64::MAX);
        self.shared.update(|status| {
            let since = status.trouble.as_ref().map_or(now, |trouble| trouble.since);
            status.trouble = Some(Trouble {
                message: message.to_owned(),
                since,
                at: now,
                attempts,
                next_attempt_at: Some(Timestamp(now.0.saturating_add(pause_us))),
            });
        });
    }

    /// Waits for a request, the given time or, with `for_commits`, a commit.
    pub(super) fn wait(&mut self, until: Instant, for_commits: bool) -> Woken {
        if self.is_stopping {
            return Woken::Stop;
        }
        let Self { runtime, requests, seqs, .. } = self;
        let woken = runtime.block_on(async {
            tokio::select! {
                biased;
                request = requests.recv() => Ok(request),
                changed = seqs.changed(), if for_commits => {
                    // Without the engine nothing is left to do.
                    if changed.is_ok() { Err(Woken::Commit) } else { Err(Woken::Stop) }
                }
                () = tokio::time::sleep_until(until) => Err(Woken::Time),
            }
        });
        match woken {
            Ok(Some(Request::Stop) | None) => {
                self.is_stopping = true;
                Woken::Stop
            }
            Ok(Some(request)) => {
                self.pending.push(request);
                Woken::Request
            }
            Err(Woken::Stop) => {
                self.is_stopping = true;
                Woken::Stop
            }
            Err(woken) => woken,
        }
    }

    /// The wish of the first request that waits for one to be carried out.
    pub(super) fn wish(&mut self) -> Option<Wish> {
        self.pending.retain(|request| !request.is_abandoned());
        self.pending.iter().find_map(Request::wish)
    }

    /// The first request that somebody waits for.
    pub(super) fn next_request(&mut self) -> Option<Request> {
        self.pending.retain(|request| !request.is_abandoned());
        if self.pending.is_empty() { None } else { Some(self.pending.remove(0)) }
    }

    /// Notes that a wish was carried out.
    pub(super) fn carried_out(&mut self, wish: Wish) {
        let has_wish = |request: &mut Request| request.wish() == Some(wish);
        self.carried_out.extend(self.pending.extract_if(.., has_wish));
    }

    /// Asks the engine.
    pub(super) fn ask<T>(&self, question: impl Future<Output = T>) -> T {
        self.runtime.block_on(question)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.options.clock.now()
    }

    /// Notes what an earlier run left unsent. The trail of changes tells since when.
    fn note_backlog(&self) {
        let snapshot = self.engine.read();
        let known = snapshot.mirror().ok().flatten();
        let Some(mirror) = known.filter(|_| snapshot.dirty_count().is_ok_and(|marks| marks > 0))
        else {
            return;
        };
        let Ok(rows) = snapshot.audit(u64::MAX, 0) else { return };
        let unsent = rows.map_while(Result::ok).take_while(|row| row.seq > mirror.acknowledged_seq);
        let oldest = unsent.last().map_or(snapshot.head().committed_at, |row| row.at);
        self.shared.update(|status| status.behind_since = Some(oldest));
    }

    /// Notes since when there is something that PostgreSQL lacks.
    pub(super) fn note_behind(&self) {
        let now = self.now();
        self.shared.update(|status| {
            status.behind_since.get_or_insert(now);
        });
    }

    /// Says that the connection stands, once.
    pub(super) fn greet(&self, link: &Link, why: &str) {
        let claim = &link.claim;
        info!(
            site.id = %claim.identity.site_id,
            sync.epoch = claim.epoch,
            sync.applied_seq = claim.applied_seq,
            "Mirroring into {}: {why}",
            self.options.database
        );
    }
}

/// The pause before the next attempt: between half of it and all of it, so that many appliances
/// do not come back at the same moment.
fn pause(failures: u32, jitter: f64) -> Duration {
    let doubled = BACKOFF_MIN.saturating_mul(1 << failures.saturating_sub(1).min(6));
    doubled.min(BACKOFF_MAX).mul_f64(0.5 + jitter / 2.0).max(BACKOFF_MIN)
}

/// A random number from 0 up to 1.
fn jitter() -> f64 {
    let (random, _) = Uuid::new_v4().as_u64_pair();
    f64::from(u32::try_from(random >> 32).unwrap_or_default()) / f64::from(u32::MAX)
}

impl Request {
    /// Whether whoever asked has gone away.
    fn is_abandoned(&self) -> bool {
        match self {
            Self::Now(answer) | Self::TakeOver(answer) | Self::Adopt(answer) => answer.is_closed(),
            Self::Compare { answer, .. } => answer.is_closed(),
            Self::Stop => false,
        }
    }

    /// How it settles a conflict, if it does.
    fn wish(&self) -> Option<Wish> {
        match self {
            Self::TakeOver(_) => Some(Wish::TakeOver),
            Self::Adopt(_) => Some(Wish::Adopt),
            Self::Now(_) | Self::Compare { .. } | Self::Stop => None,
        }
    }

    /// Answers that it was done.
    pub(super) fn fulfil(self, reconciled: Option<Reconciled>) {
        // Whoever asked may have gone away.
        match (self, reconciled) {
            (Self::Now(answer) | Self::TakeOver(answer) | Self::Adopt(answer), _) => {
                answer.send(Ok(())).ok();
            }
            (Self::Compare { answer, .. }, Some(reconciled)) => {
                answer.send(Ok(reconciled)).ok();
            }
            (Self::Compare { .. } | Self::Stop, _) => {}
        }
    }

    /// Answers that it cannot be done.
    pub(super) fn refuse(self, error: impl Fn() -> SyncError) {
        // Whoever asked may have gone away.
        match self {
            Self::Now(answer) | Self::TakeOver(answer) | Self::Adopt(answer) => {
                answer.send(Err(error())).ok();
            }
            Self::Compare { answer, .. } => {
                answer.send(Err(error())).ok();
            }
            Self::Stop => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_minute_and_differ() {
        let check = |failures, jitter, expected_s: f64| {
            let found = pause(failures, jitter).as_secs_f64();
            assert!((found - expected_s).abs() < 1e-9, "{failures} {jitter}: {found}");
        };
        check(1, 0.0, 1.0);
        check(1, 1.0, 1.0);
        check(2, 1.0, 2.0);
        check(2, 0.0, 1.0);
        check(5, 1.0, 16.0);
        check(7, 1.0, 60.0);
        check(u32::MAX, 1.0, 60.0);
        check(u32::MAX, 0.0, 30.0);
    }
}
