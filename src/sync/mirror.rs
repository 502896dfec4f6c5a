//! The mirror's thread: contact, follow, and what to do when either ends.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::JoinHandle;

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tracing::info;
use uuid::Uuid;

use super::error::SyncError;
use super::handle::{Handle, REQUESTS_MAX, Request};
use super::handshake::Link;
use super::retry::Failures;
use super::status::{Reconciliation, Shared, State};
use super::sync_state::{Identity, Remote, Wish};
use crate::domain::Timestamp;
use crate::engine::{Clock, EngineError, EngineHandle};
use crate::pg::{Target, Watch};

/// How to mirror.
pub struct SyncOptions {
    pub database: Database,
    /// Reads the address again, before each attempt to connect: a password that was changed needs no
    /// restart. Why it cannot be used, for people; then the one read before stays in use.
    pub read_again: Box<dyn Fn() -> Result<Database, String> + Send>,
    pub site_name: String,
    /// Host name and data directory.
    pub holder: String,
    pub clock: Clock,
}

/// The database that holds the mirror.
#[derive(Clone)]
pub struct Database {
    pub target: Target,
    /// The address with secrets masked.
    pub shown: String,
}

/// The thread and what it owns.
pub(super) struct Mirror {
    pub(super) options: SyncOptions,
    pub(super) engine: EngineHandle,
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
    pub(super) failures: Failures,
    /// Why the address could not be read again.
    pub(super) address_fault: Option<String>,
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
    engine: EngineHandle,
) -> std::io::Result<(Handle, JoinHandle<()>)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let (sender, requests) = mpsc::channel(REQUESTS_MAX);
    let shared = Shared::new(State::Connecting, options.clock.now());
    let watch = Watch::default();
    shared.update(|status| status.database = Some(options.database.shown.clone()));
    let handle = Handle { watch: watch.clone(), shared: shared.clone(), requests: Some(sender) };
    let identity = Identity {
        site_id: engine.site_id(),
        instance_id: Uuid::new_v4(),
        session_id: Uuid::new_v4(),
        holder: options.holder.clone(),
    };
    let seq_at_start = engine.read().seq();
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
        failures: Failures::default(),
        address_fault: None,
        is_stopping: false,
        watch: watch.clone(),
    };
    let thread = std::thread::Builder::new().name("sync".to_owned());
    Ok((handle, thread.spawn(move || mirror.run())?))
}

impl Mirror {
    fn run(mut self) {
        self.note_backlog();
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
            let Err(error) = ended else { return };
            if matches!(error, SyncError::Engine(EngineError::Stopped)) {
                return;
            }
            self.failed(error, was_linked);
        }
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
        let Ok(rows) = snapshot.audit(None, 0) else { return };
        let unsent = rows.map_while(Result::ok).take_while(|row| row.seq > mirror.acknowledged_seq);
        let oldest = unsent.last().map_or(snapshot.last_commit().committed_at, |row| row.at);
        self.shared.update(|status| status.behind_since = Some(oldest));
    }

    /// Notes since when there is something that PostgreSQL lacks.
    pub(super) fn note_behind(&self) {
        let now = self.now();
        self.shared.update(|status| {
            status.behind_since.get_or_insert(now);
        });
    }

    /// Says that the connection stands, once; not where it is the next of several attempts.
    pub(super) fn greet(&self, link: &Link, why: &str) {
        if !self.failures.are_none() {
            return;
        }
        let claim = &link.claim;
        info!(
            site.id = %claim.identity.site_id,
            sync.epoch = claim.epoch,
            sync.applied_seq = claim.applied_seq,
            "Mirroring into {}: {why}",
            self.options.database.shown
        );
    }
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
    pub(super) fn fulfil(self, reconciled: Option<Reconciliation>) {
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
