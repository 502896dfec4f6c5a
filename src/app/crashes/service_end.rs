//! Reports of ends of the service that it could not report itself.

use std::io;
use std::path::{Path, PathBuf};

use super::directory::CrashDirectory;
use super::report::CrashReport;
use super::run::{NotedRun, RUN_FILE};
use super::service_result::ServiceResult;
use crate::engine::Clock;
use crate::wire::Time;

/// How the service ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceEnd {
    pub result: ServiceResult,
    /// The name of the signal, such as `KILL`, or the exit status; empty if it is not known.
    pub status: String,
}

/// Leaves a report of the end in the data directory, from which the next start makes an incident. Adds what
/// `log` returns, the last lines of the journal, the oldest first, once the report is written: reading them
/// may take long or fail. Returns the path of the report.
///
/// # Errors
/// The report cannot be written.
pub fn report_service_end(
    data_dir: &Path,
    clock: &Clock,
    end: &ServiceEnd,
    log: impl FnOnce() -> Vec<String>,
) -> io::Result<PathBuf> {
    let directory = CrashDirectory::of(data_dir);
    let report = write_report(&directory, clock, end)?;
    let path = directory.path_of(&report.location);
    let lines = log();
    let _lock = directory.lock()?;
    // A start meanwhile has made an incident of it.
    if !lines.is_empty() && directory.report(&report.location).is_some() {
        directory.write_report(&report.with_log(&lines))?;
    }
    Ok(path)
}

fn write_report(
    directory: &CrashDirectory,
    clock: &Clock,
    end: &ServiceEnd,
) -> io::Result<CrashReport> {
    // Held by the next run at most, which writes other files.
    let _lock = directory.lock()?;
    let now = clock.now();
    let run: Option<NotedRun> = directory.read(RUN_FILE)?;
    let started_at = run.and_then(|run| Time::parse(&run.started_at)).unwrap_or(now);
    let ServiceEnd { result, status } = end;
    let (place, message) = (result.place(), result.message(status));
    let mut report = CrashReport::of_service_end(place, &message, (started_at, now));
    if let Some(earlier) = directory.report(&report.location) {
        report = report.after(earlier);
    }
    directory.write_report(&report)?;
    Ok(report)
}
