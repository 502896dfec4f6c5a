//! How runs ended, to name a crash loop with its first cause.

use std::fs::File;
use std::path::Path;

use serde::{Deserialize, Serialize};
use tracing::{error, warn};

use super::directory::CrashDirectory;
use super::hook;
use super::report::{CrashReport, start_of};
use super::service_result::result_at;
use crate::domain::Timestamp;
use crate::engine::Clock;
use crate::logs::Logs;
use crate::wire::Time;

/// The file exists while the service runs, and after a run that did not end as it should.
pub(super) const RUN_FILE: &str = "run.json";
/// So many ends in a row are a crash loop: systemd gives up after ten starts in five minutes.
pub(super) const LOOP_ENDS: u32 = 3;
/// A run that lasts longer than this begins no crash loop and ends one.
const LOOP_RUN_MINUTES: i64 = 10;
const MINUTE_MICROS: i64 = 60 * 1_000_000;
/// A panic so short before the end of a run is its cause: a stop takes less than this.
const CAUSE_WITHIN_MICROS: i64 = MINUTE_MICROS;
/// Longest description of a cause.
const CAUSE_CHARS_MAX: usize = 400;

/// The run of the service, and how those before it ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct NotedRun {
    pub(super) started_at: String,
    ended_at: Option<String>,
    /// Why it ended, if it noticed.
    failure: Option<String>,
    /// The ends right before it that were no shutdowns.
    pub(super) unclean_ends: Option<UncleanEnds>,
}

/// Ends in a row that were no shutdowns, each but the first after a short run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct UncleanEnds {
    pub(super) count: u32,
    /// When the run began that ended first.
    pub(super) since: String,
    pub(super) first_cause: String,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunEnd {
    /// By a shutdown.
    Stopped,
    /// The configuration or the store was refused, which is no crash: a retry does not help.
    Refused,
    /// With this error.
    Failed(String),
}

/// Notes that the service runs, until it notes how it ended.
pub struct RunRecorder {
    directory: CrashDirectory,
    clock: Clock,
    run: NotedRun,
    previous: Option<NotedRun>,
    /// `None` once the end is noted.
    lock: Option<File>,
}

impl RunRecorder {
    /// Notes the start of a run, logs a crash loop, and reports panics of this process from now on. Returns
    /// `None` if another process runs on this data directory, or nothing can be written there: then panics
    /// are only logged.
    pub fn begin(data_dir: &Path, clock: &Clock, logs: &Logs) -> Option<Self> {
        let directory = CrashDirectory::of(data_dir);
        let lock = match directory.lock() {
            Ok(lock) => lock?,
            Err(error) => {
                warn!(%error, "Panics will only be logged, because reports cannot be written");
                return None;
            }
        };
        if let Err(error) = hook::install(directory.clone(), clock.clone(), logs.clone()) {
            warn!(%error, "Panics will only be logged, because there is no thread for reports");
        }
        let now = clock.now();
        let previous: Option<NotedRun> = directory.read(RUN_FILE).ok().flatten();
        let reports = directory.reports().unwrap_or_default();
        let unclean_ends =
            previous.as_ref().map(|run| run.ends(now, reports.values().collect::<Vec<_>>()));
        let loops = unclean_ends.as_ref().filter(|ends| ends.is_loop());
        if let Some(ends) = loops {
            error!("The service is in a crash loop. {}", ends.text());
        }
        let started_at = Time(now).to_string();
        let run = NotedRun { started_at, ended_at: None, failure: None, unclean_ends };
        if let Err(error) = directory.write(RUN_FILE, &run) {
            warn!(%error, "A crash loop would not be noticed, because the run cannot be noted");
        }
        Some(Self { directory, clock: clock.clone(), run, previous, lock: Some(lock) })
    }

    /// Notes how the run ended.
    pub fn finish(mut self, end: RunEnd) {
        self.note(end);
    }

    fn note(&mut self, end: RunEnd) {
        if self.lock.is_none() {
            return;
        }
        let noted = match end {
            RunEnd::Failed(why) => {
                self.run.ended_at = Some(Time(self.clock.now()).to_string());
                self.run.failure = Some(start_of(&why, CAUSE_CHARS_MAX));
                Some(&self.run)
            }
            RunEnd::Refused => self.previous.as_ref(),
            RunEnd::Stopped => None,
        };
        let written = match noted {
            Some(run) => self.directory.write(RUN_FILE, run),
            None => self.directory.remove(RUN_FILE),
        };
        match written {
            Ok(()) => self.directory.remove_if_empty(),
            Err(error) => warn!(%error, "The end of the run could not be noted"),
        }
        self.lock = None;
    }
}

impl Drop for RunRecorder {
    fn drop(&mut self) {
        self.note(RunEnd::Failed("the main thread panicked".to_owned()));
    }
}

impl NotedRun {
    /// The unclean ends up to that of this run, which the start at `now` finds.
    fn ends(&self, now: Timestamp, reports: Vec<&CrashReport>) -> UncleanEnds {
        let started_at = Time::parse(&self.started_at).unwrap_or(now);
        let is_short = now.0.saturating_sub(started_at.0) <= LOOP_RUN_MINUTES * MINUTE_MICROS;
        match &self.unclean_ends {
            Some(ends) if is_short => {
                UncleanEnds { count: ends.count.saturating_add(1), ..ends.clone() }
            }
            _ => UncleanEnds {
                count: 1,
                since: self.started_at.clone(),
                first_cause: self.cause(started_at, reports),
            },
        }
    }

    /// Why it ended: a panic shortly before its end, the first if there are several, or its error.
    fn cause(&self, started_at: Timestamp, reports: Vec<&CrashReport>) -> String {
        let ended_at = self.ended_at.as_deref().and_then(Time::parse);
        let from = ended_at
            .map_or(started_at.0, |at| started_at.0.max(at.0.saturating_sub(CAUSE_WITHIN_MICROS)));
        let until = ended_at.map_or(i64::MAX, |at| at.0);
        let at = |report: &CrashReport| report.last_at().map_or(i64::MIN, |at| at.0);
        let in_time = reports.into_iter().filter(|report| (from..=until).contains(&at(report)));
        let first = in_time.min_by_key(|report| at(report));
        if let Some(CrashReport { location, message, .. }) = first
            && result_at(location).is_some()
        {
            return start_of(message, CAUSE_CHARS_MAX);
        }
        let panic = first.map(|report| {
            let CrashReport { thread, location, message, .. } = report;
            format!("thread {thread} panicked at {location}: {message}")
        });
        let text = match (&self.failure, panic) {
            (Some(_), Some(panic)) => panic,
            (Some(failure), None) => failure.clone(),
            (None, Some(panic)) => format!("it was killed, or the host failed, after {panic}"),
            (None, None) => "it was killed, or the host failed".to_owned(),
        };
        start_of(&text, CAUSE_CHARS_MAX)
    }
}

impl UncleanEnds {
    pub(super) fn is_loop(&self) -> bool {
        self.count >= LOOP_ENDS
    }

    /// Returns what an operator has to know, in two sentences.
    pub(super) fn text(&self) -> String {
        let Self { count, since, first_cause } = self;
        format!(
            "It ended {count} times in a row without a shutdown since the run that began at {since}, and each \
             later run lasted less than {LOOP_RUN_MINUTES} minutes. The first cause: {first_cause}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(second: i64) -> String {
        Time(Timestamp(second * 1_000_000)).to_string()
    }

    fn run(started: i64, end: Option<(i64, &str)>, ends: Option<UncleanEnds>) -> NotedRun {
        NotedRun {
            started_at: time(started),
            ended_at: end.map(|(at, _)| time(at)),
            failure: end.map(|(_, why)| why.to_owned()),
            unclean_ends: ends,
        }
    }

    fn panicked(at: i64, place: &str) -> CrashReport {
        CrashReport { last_at: time(at), ..CrashReport::example(place) }
    }

    #[test]
    fn the_cause_of_an_end_is_the_first_panic_shortly_before_it_or_its_error() {
        let check = |end: Option<(i64, &str)>, panics: &[(i64, &str)], expected: &str| {
            let reports: Vec<_> = panics.iter().map(|(at, place)| panicked(*at, place)).collect();
            let ends =
                run(1000, end, None).ends(Timestamp(9_000_000_000), reports.iter().collect());
            assert_eq!(ends.first_cause, expected, "{end:?} {panics:?}");
        };
        let failed = Some((2000, "the engine panicked"));
        check(failed, &[], "the engine panicked");
        let first = "thread engine panicked at a.rs:1: no page";
        check(failed, &[(1999, "b.rs:1"), (1990, "a.rs:1")], first);
        check(
            failed,
            &[(1500, "a.rs:1"), (900, "b.rs:1"), (2001, "c.rs:1")],
            "the engine panicked",
        );
        check(None, &[(900, "a.rs:1")], "it was killed, or the host failed");
        check(None, &[(1500, "systemd:watchdog")], "no page");
        check(
            None,
            &[(1500, "a.rs:1")],
            &format!("it was killed, or the host failed, after {first}"),
        );
    }

    #[test]
    fn a_loop_is_three_ends_with_short_runs_between_and_keeps_its_first_cause() {
        let at = |second: i64| Timestamp(second * 1_000_000);
        // The first run may have lasted for days.
        let first = run(0, Some((500_000, "disk")), None).ends(at(500_001), Vec::new());
        assert_eq!((first.count, first.first_cause.as_str()), (1, "disk"));
        let second = run(500_001, Some((500_002, "other")), Some(first)).ends(at(500_003), vec![]);
        assert!(!second.is_loop());
        let third = run(500_003, None, Some(second)).ends(at(500_600), Vec::new());
        assert_eq!((third.count, third.first_cause.as_str()), (3, "disk"));
        assert!(third.is_loop() && third.text().contains("first cause: disk"), "{third:?}");
        let late = run(500_600, Some((501_300, "late")), Some(third)).ends(at(501_301), Vec::new());
        assert_eq!((late.count, late.first_cause.as_str()), (1, "late"));
    }
}
