//! The panic hook, and the thread that writes the reports.

use std::backtrace::Backtrace;
use std::collections::BTreeMap;
use std::io;
use std::panic::PanicHookInfo;
use std::sync::LazyLock;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use tokio::sync::watch;
use tracing::{error, warn};

use super::directory::{CrashDirectory, REPORTS_MAX};
use super::report::{CaughtPanic, CrashReport, location};
use crate::domain::Timestamp;
use crate::engine::Clock;
use crate::logs::Logs;

/// Panics that may wait to be written; more are only logged.
const QUEUE_MAX: usize = 16;
/// How long a thread that panics waits until its report is durable, because the process may end right
/// afterwards. The names of the functions take most of it; a disk may hang.
const WRITE_WAIT: Duration = Duration::from_secs(5);
/// How often the count of a place that panics again and again is written.
const REWRITE_AFTER: Duration = Duration::from_secs(60);
/// Reports that a process writes in a day: each is an fsync, and nobody reads more.
const WRITES_PER_DAY_MAX: u32 = 500;
const DAY_MICROS: i64 = 24 * 60 * 60 * 1_000_000;
const THREAD_NAME: &str = "crash-reports";

/// How many reports this process has written: like the hook, one for the whole process.
static WRITTEN: LazyLock<watch::Sender<u64>> = LazyLock::new(|| watch::Sender::new(0));

/// Returns what changes when this process has written a report.
pub(super) fn watch_written() -> watch::Receiver<u64> {
    WRITTEN.subscribe()
}

/// Reports panics of this process from now on, besides what the hook did before.
///
/// # Errors
/// There is no thread for it.
pub(super) fn install(directory: CrashDirectory, clock: Clock, logs: Logs) -> io::Result<()> {
    let (queue, panics) = sync_channel::<QueuedPanic>(QUEUE_MAX);
    let started_at = clock.now();
    let writer = CrashWriter {
        directory,
        logs,
        clock: clock.clone(),
        started_at,
        places: BTreeMap::new(),
        day: 0,
        writes: 0,
    };
    // It lasts as long as the hook, which is as long as the process.
    std::thread::Builder::new().name(THREAD_NAME.to_owned()).spawn(move || writer.run(&panics))?;
    let others = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        hand_over(&queue, panic, clock.now());
        others(panic);
    }));
    Ok(())
}

struct QueuedPanic {
    panic: CaughtPanic,
    /// Dropped when the report is written, or cannot be.
    _written: SyncSender<()>,
}

/// Hands a panic to the writer. It takes no lock that the thread may hold: what needs the log or the disk
/// happens on the writer's thread, for which it waits a bounded time.
fn hand_over(queue: &SyncSender<QueuedPanic>, panic: &PanicHookInfo<'_>, at: Timestamp) {
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or("unnamed");
    if thread == THREAD_NAME {
        return;
    }
    let place = panic.location().map(|place| location(place.file(), place.line()));
    let panic = CaughtPanic {
        at,
        location: place.unwrap_or_else(|| "unknown".to_owned()),
        thread: thread.to_owned(),
        message: panic.payload_as_str().unwrap_or("no message").to_owned(),
        backtrace: Backtrace::force_capture(),
    };
    let (written, wait) = sync_channel(0);
    if queue.try_send(QueuedPanic { panic, _written: written }).is_ok() {
        // Nothing is ever sent: it ends when the other side is dropped, or after the deadline.
        wait.recv_timeout(WRITE_WAIT).ok();
    }
}

/// Writes the reports.
struct CrashWriter {
    directory: CrashDirectory,
    logs: Logs,
    clock: Clock,
    started_at: Timestamp,
    /// By location; as many as there are reports.
    places: BTreeMap<String, PanicPlace>,
    /// The day of the last write, and how many there were in it.
    day: i64,
    writes: u32,
}

struct PanicPlace {
    report: CrashReport,
    tried_at: Timestamp,
    is_written: bool,
}

impl CrashWriter {
    fn run(mut self, panics: &Receiver<QueuedPanic>) {
        loop {
            let queued = match panics.recv_timeout(REWRITE_AFTER) {
                Ok(queued) => Some(queued),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            if let Some(QueuedPanic { panic, .. }) = &queued {
                self.note(panic);
            }
            self.write_due();
            // Only now may the thread that panicked go on: this may have written its count.
            drop(queued);
        }
    }

    fn note(&mut self, panic: &CaughtPanic) {
        if let Some(place) = self.places.get_mut(&panic.location) {
            place.report.count_again(panic.at);
            place.is_written = false;
            return;
        }
        let report = CrashReport::new(panic, self.started_at, &self.logs);
        let report = match self.directory.report(&panic.location) {
            Some(earlier) => report.after(earlier),
            None => report,
        };
        if self.places.len() >= REPORTS_MAX {
            let tried_at = |place: &PanicPlace| place.tried_at;
            let oldest = self.places.iter().min_by_key(|(_, place)| tried_at(place));
            if let Some(oldest) = oldest.map(|(location, _)| location.clone()) {
                self.places.remove(&oldest);
            }
        }
        let mut place = PanicPlace { report, tried_at: panic.at, is_written: false };
        self.write(&mut place);
        self.places.insert(panic.location.clone(), place);
    }

    /// Writes the counts that have grown since the last time.
    fn write_due(&mut self) {
        let now = self.clock.now();
        let mut places = std::mem::take(&mut self.places);
        let is_due = |place: &PanicPlace| {
            let elapsed = Duration::from_micros(place.tried_at.0.abs_diff(now.0));
            !place.is_written && elapsed >= REWRITE_AFTER
        };
        for place in places.values_mut().filter(|place| is_due(place)) {
            place.tried_at = now;
            self.write(place);
        }
        self.places = places;
    }

    fn write(&mut self, place: &mut PanicPlace) {
        let day = place.tried_at.0.div_euclid(DAY_MICROS);
        if day != self.day {
            (self.day, self.writes) = (day, 0);
        }
        if self.writes >= WRITES_PER_DAY_MAX {
            return;
        }
        self.writes += 1;
        match self.directory.write_report(&place.report) {
            Ok(()) => {
                place.is_written = true;
                let path = self.directory.path_of(&place.report.location);
                error!("The report of a panic is in {}", path.display());
                WRITTEN.send_modify(|count| *count += 1);
            }
            Err(error) => warn!(%error, "The report of a panic could not be written"),
        }
    }
}
