//! The task that runs the probes, records their values, and reports problems.
//!
//! Nothing here waits for a probe, the engine or the incidents: each of those is a future of its own with a
//! deadline, so that one that hangs delays no other.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tracing::{info, warn};

use super::handle::{CheckBoard, HealthHandle, QUEUE_LIMIT, RunRequest};
use super::probe::{CheckReading, Probe, ProbeResult, ProbeTable, Unmeasured};
use super::reading::read;
use super::report::{self, PREFIX};
use super::spec::CheckSpec;
use super::tracker::{CheckState, CheckTracker};
use crate::engine::{EngineError, EngineHandle};
use crate::incidents::{IncidentState, IncidentsHandle};
use crate::store::{Sample, StoreError};

/// How often it looks for checks that are due.
const TICK: Duration = Duration::from_secs(1);
/// A check first runs after a third of its interval, at most after this: the start has enough to do.
const FIRST_RUN_AFTER_MAX: Duration = Duration::from_secs(15);
/// How often values are recorded: the finest bucket of a time series.
const RECORD_INTERVAL: Duration = Duration::from_secs(60);
/// Values that wait to be recorded, while a full volume or a busy engine refuses them; others are dropped.
const SAMPLES_MAX: usize = 1_000;
/// How long a record or a report may take: longer than the engine's queue makes a caller wait.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long it waits after a report that failed, such as on a volume without free space.
const RETRY_PAUSE: Duration = Duration::from_secs(30);

/// Owner of the checks. It runs as one task.
pub struct HealthService {
    engine: EngineHandle,
    incidents: IncidentsHandle,
    board: CheckBoard,
    requests: mpsc::Receiver<RunRequest>,
    slots: Vec<CheckSlot>,
    /// Keys of incidents whose check does not exist any longer.
    orphans: Vec<String>,
    samples: Vec<Sample>,
    record_at: Instant,
    is_recording: bool,
    /// Whether the last record failed, which was logged then.
    is_record_failing: bool,
    work: FuturesUnordered<BoxFuture<'static, Finished>>,
}

/// One check and what is under way of it.
struct CheckSlot {
    spec: Arc<CheckSpec>,
    probe: Probe,
    tracker: CheckTracker,
    next_run: Instant,
    is_running: bool,
    /// Who waits for the run under way, and for the one after it.
    waiting: Vec<Arc<oneshot::Sender<()>>>,
    queued: Vec<Arc<oneshot::Sender<()>>>,
    /// The state that the incidents know of; `None` until that is certain.
    reported: Option<CheckState>,
    is_reporting: bool,
    report_after: Instant,
}

/// What a future of the service has done.
enum Finished {
    Reading { index: usize, result: ProbeResult },
    Report { index: usize, state: CheckState, is_done: bool },
    Record(Result<(), String>),
    Orphan,
}

/// Prepares the checks of the table that have a probe; others do not apply here.
///
/// # Errors
/// When the incidents of an earlier run cannot be read.
pub fn start(
    engine: EngineHandle,
    incidents: IncidentsHandle,
    table: Vec<CheckSpec>,
    probes: ProbeTable,
) -> Result<(HealthHandle, HealthService), StoreError> {
    let mut open = open_incidents(&engine)?;
    let mut probes = probes.probes;
    let now = Instant::now();
    let mut slots = Vec::new();
    for spec in table {
        let Some(probe) = probes.remove(spec.id) else { continue };
        let is_open = open.remove(&report::key(&spec));
        slots.push(CheckSlot {
            next_run: now + (spec.interval / 3).min(FIRST_RUN_AFTER_MAX),
            spec: Arc::new(spec),
            probe,
            tracker: CheckTracker::default(),
            is_running: false,
            waiting: Vec::new(),
            queued: Vec::new(),
            reported: (!is_open).then_some(CheckState::Ok),
            is_reporting: false,
            report_after: now,
        });
    }
    debug_assert!(probes.is_empty(), "probes without a check: {:?}", probes.keys());
    let board = CheckBoard::new(slots.iter().map(|slot| Arc::clone(&slot.spec)));
    let (sender, requests) = mpsc::channel(QUEUE_LIMIT);
    let handle = HealthHandle { board: board.clone(), requests: sender };
    let service = HealthService {
        engine,
        incidents,
        board,
        requests,
        slots,
        orphans: open.into_iter().collect(),
        samples: Vec::new(),
        record_at: now + RECORD_INTERVAL,
        is_recording: false,
        is_record_failing: false,
        work: FuturesUnordered::new(),
    };
    Ok((handle, service))
}

/// The keys of the incidents of checks that are not closed.
fn open_incidents(engine: &EngineHandle) -> Result<BTreeSet<String>, StoreError> {
    let snapshot = engine.read();
    let mut keys = BTreeSet::new();
    for state in IncidentState::ALL.into_iter().filter(|state| *state != IncidentState::Closed) {
        for incident in snapshot.incidents(state, None)? {
            let key = incident?.key;
            if key.starts_with(PREFIX) {
                keys.insert(key);
            }
        }
    }
    Ok(keys)
}

impl HealthService {
    /// Runs the checks until every handle is gone, or the caller drops this.
    pub async fn run(mut self) {
        for key in std::mem::take(&mut self.orphans) {
            let incidents = self.incidents.clone();
            let clear = async move {
                if let Err(error) = incidents.clear(&key).await {
                    warn!(%error, "The incident of a former check could not be closed");
                }
                Finished::Orphan
            };
            self.work.push(clear.boxed());
        }
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                Some(finished) = self.work.next(), if !self.work.is_empty() => self.finish(finished),
                request = self.requests.recv() => match request {
                    Some(request) => self.accept(request),
                    None => return,
                },
                _ = tick.tick() => self.start_due(),
            }
        }
    }

    fn start_due(&mut self) {
        let now = Instant::now();
        for index in 0..self.slots.len() {
            if now >= self.slots[index].next_run {
                self.start_reading(index);
            }
            self.report(index, now);
        }
        if now >= self.record_at {
            self.record(now);
        }
    }

    fn accept(&mut self, RunRequest { index, done }: RunRequest) {
        let indexes = match index {
            Some(index) => index..index + 1,
            None => 0..self.slots.len(),
        };
        for index in indexes {
            let slot = &mut self.slots[index];
            // A reading under way may be of the time before the request.
            if slot.is_running {
                slot.queued.push(Arc::clone(&done));
            } else {
                slot.waiting.push(Arc::clone(&done));
                self.start_reading(index);
            }
        }
    }

    fn start_reading(&mut self, index: usize) {
        let slot = &mut self.slots[index];
        if slot.is_running {
            return;
        }
        slot.is_running = true;
        let reading = read(Arc::clone(&slot.spec), &mut slot.probe);
        let reading = async move {
            let result = reading.await;
            Finished::Reading { index, result }
        };
        self.work.push(reading.boxed());
    }

    fn finish(&mut self, finished: Finished) {
        let now = Instant::now();
        match finished {
            Finished::Reading { index, result } => {
                self.take_reading(index, result, now);
                self.report(index, now);
            }
            Finished::Report { index, state, is_done } => {
                let slot = &mut self.slots[index];
                slot.is_reporting = false;
                if is_done {
                    slot.reported = Some(state);
                } else {
                    slot.report_after = now + RETRY_PAUSE;
                }
                self.report(index, now);
            }
            Finished::Record(result) => {
                self.is_recording = false;
                match &result {
                    Err(error) if !self.is_record_failing => {
                        warn!(%error, "The values of the checks could not be recorded");
                    }
                    Ok(()) | Err(_) => {}
                }
                self.is_record_failing = result.is_err();
            }
            Finished::Orphan => {}
        }
    }

    fn take_reading(&mut self, index: usize, result: ProbeResult, now: Instant) {
        let at = self.engine.now();
        let slot = &mut self.slots[index];
        slot.is_running = false;
        slot.next_run = now + slot.spec.interval;
        let before = slot.tracker.state();
        let is_changed = match &result {
            Ok(reading) => slot.tracker.observe(&slot.spec, reading),
            Err(_) => slot.tracker.miss(),
        };
        let state = slot.tracker.state();
        if let Ok(CheckReading { value: Some(value), .. }) = result
            && self.samples.len() < SAMPLES_MAX
        {
            #[expect(clippy::cast_possible_truncation, reason = "kept with seven digits")]
            let value = value as f32;
            self.samples.push(Sample { series: slot.spec.id, value });
        }
        self.board.update(index, |status| {
            if is_changed {
                (status.state, status.since) = (state, Some(at));
            }
            match result {
                Ok(CheckReading { value, message }) => {
                    (status.value, status.message, status.checked_at) = (value, message, Some(at));
                }
                Err(Unmeasured(why)) => {
                    status.message = Some(why);
                    if state == CheckState::Unknown {
                        status.value = None;
                    }
                }
            }
        });
        if is_changed {
            self.log(index, before, state);
        }
        let slot = &mut self.slots[index];
        if !slot.waiting.is_empty() {
            // Who asks wants to see the value in the history, too.
            self.record_at = self.record_at.min(now);
        }
        slot.waiting = std::mem::take(&mut slot.queued);
        if !slot.waiting.is_empty() {
            self.start_reading(index);
        }
    }

    /// A change of state, except that a check was measured for the first time and is in order.
    fn log(&self, index: usize, before: CheckState, state: CheckState) {
        let Some(status) = self.board.get(index) else { return };
        let (id, title, unit) = (status.spec.id, status.spec.title, status.spec.unit);
        let value = status.value.map(|value| format!(" ({})", unit.text(value)));
        let value = value.unwrap_or_default();
        let message = status.message.map(|message| format!(": {message}")).unwrap_or_default();
        let word = state.as_str();
        match state {
            CheckState::Warning | CheckState::Critical => {
                warn!(check.id = id, "The check {id} is {word}: {title}{value}{message}");
            }
            CheckState::Ok if before == CheckState::Unknown => {}
            CheckState::Ok | CheckState::Unknown => {
                info!(check.id = id, "The check {id} is {word}: {title}{value}{message}");
            }
        }
    }

    /// Tells the incidents of a state that they do not know. Of an unknown state there is nothing to tell:
    /// an incident stays as it is.
    fn report(&mut self, index: usize, now: Instant) {
        let slot = &mut self.slots[index];
        let state = slot.tracker.state();
        let is_known = slot.reported == Some(state) || state == CheckState::Unknown;
        if is_known || slot.is_reporting || now < slot.report_after || !slot.spec.has_incident {
            return;
        }
        let Some(status) = self.board.get(index) else { return };
        slot.is_reporting = true;
        let (incidents, key) = (self.incidents.clone(), report::key(&slot.spec));
        let report = async move {
            let told = async {
                match report::problem(&status) {
                    Some(problem) => incidents.observe(problem).await,
                    None => incidents.clear(key).await,
                }
            };
            let is_done = match timeout(WRITE_TIMEOUT, told).await {
                Ok(Ok(())) => true,
                Ok(Err(error)) => {
                    warn!(%error, "A check could not be reported as an incident");
                    false
                }
                Err(_) => false,
            };
            Finished::Report { index, state, is_done }
        };
        self.work.push(report.boxed());
    }

    fn record(&mut self, now: Instant) {
        if self.is_recording {
            return;
        }
        self.record_at = now + RECORD_INTERVAL;
        let samples = std::mem::take(&mut self.samples);
        if samples.is_empty() {
            return;
        }
        self.is_recording = true;
        let engine = self.engine.clone();
        let record = async move {
            let at = engine.now();
            let recorded = match timeout(WRITE_TIMEOUT, engine.record_samples(at, samples)).await {
                Ok(Ok(_)) | Ok(Err(EngineError::Stopped)) => Ok(()),
                Ok(Err(error)) => Err(error.to_string()),
                Err(_) => Err("the engine does not respond".to_owned()),
            };
            Finished::Record(recorded)
        };
        self.work.push(record.boxed());
    }
}
