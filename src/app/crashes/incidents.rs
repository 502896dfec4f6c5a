//! Reports of panics and crash loops become incidents.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use tracing::warn;

use super::directory::CrashDirectory;
use super::hook::watch_written;
use super::report::{CrashReport, start_of};
use super::run::{NotedRun, RUN_FILE};
use super::service_result::result_at;
use crate::domain::Severity;
use crate::incidents::{IncidentError, IncidentSource, IncidentsHandle, ProblemReport};
use crate::util::{BlockingLimit, error_chain, format_span};
use crate::wire::Time;

/// When the last panic was that was reported, by the name of its report.
const REPORTED_FILE: &str = "reported.json";
/// How long it waits after an error, such as a volume without free space.
const RETRY_PAUSE: Duration = Duration::from_secs(30);
/// How long it waits for the disk.
const DISK_WAIT: Duration = Duration::from_secs(10);
/// Most of a message that the detail of an incident has; the file has all of it.
const MESSAGE_CHARS_MAX: usize = 400;

type Reported = BTreeMap<String, i64>;

/// What there is to report.
struct CrashFindings {
    run: Option<NotedRun>,
    reports: BTreeMap<String, CrashReport>,
    reported: Reported,
}

/// Reports a crash loop, and each panic that has a report, at the start and whenever this process has
/// written one. An incident is told of a panic once, also when the process is killed meanwhile: the number
/// of its occurrence is the time of the panic.
pub(crate) async fn report_crashes(data_dir: PathBuf, incidents: IncidentsHandle) {
    let directory = CrashDirectory::of(&data_dir);
    let disk = BlockingLimit::new(1);
    let mut written = watch_written();
    loop {
        written.borrow_and_update();
        match report(&directory, &disk, &incidents).await {
            Ok(()) => {
                if written.changed().await.is_err() {
                    return;
                }
            }
            Err(error) if matches!(error.downcast_ref(), Some(IncidentError::Stopping)) => return,
            Err(error) => {
                let error = error_chain(error.as_ref());
                warn!(error, "Reports of panics could not be turned into incidents");
                tokio::time::sleep(RETRY_PAUSE).await;
            }
        }
    }
}

async fn report(
    directory: &CrashDirectory,
    disk: &BlockingLimit,
    incidents: &IncidentsHandle,
) -> anyhow::Result<()> {
    let place = directory.clone();
    let found = disk.run_within(DISK_WAIT, move || find(&place)).await??;
    if let Some(report) = found.run.as_ref().and_then(crash_loop) {
        incidents.observe(report).await?;
    }
    let mut reported = Reported::new();
    for (name, report) in &found.reports {
        let Some(at) = report.last_at() else { continue };
        if found.reported.get(name) != Some(&at.0) {
            let path = directory.path_of(&report.location);
            incidents.observe(panic_problem(report, at.0, &path.display().to_string())).await?;
        }
        reported.insert(name.clone(), at.0);
    }
    if reported != found.reported {
        let place = directory.clone();
        let write = move || place.write(REPORTED_FILE, &reported);
        disk.run_within(DISK_WAIT, write).await??;
    }
    Ok(())
}

fn find(directory: &CrashDirectory) -> std::io::Result<CrashFindings> {
    Ok(CrashFindings {
        run: directory.read(RUN_FILE)?,
        reports: directory.reports()?,
        reported: directory.read(REPORTED_FILE)?.unwrap_or_default(),
    })
}

fn crash_loop(run: &NotedRun) -> Option<ProblemReport> {
    let ends = run.unclean_ends.as_ref().filter(|ends| ends.is_loop())?;
    let started_at = Time::parse(&run.started_at)?;
    let report = ProblemReport::lasting(
        IncidentSource::Service,
        "service:crash-loop",
        Severity::Critical,
        "The service is in a crash loop",
        ends.text(),
    );
    Some(report.occurred(occurrence(started_at.0)))
}

fn panic_problem(report: &CrashReport, at: i64, path: &str) -> ProblemReport {
    let CrashReport { location, thread, count, last_at, .. } = report;
    let message = start_of(&report.message, MESSAGE_CHARS_MAX);
    let times = if *count == 1 { String::new() } else { format!(", {count} times in all") };
    let key = format!("crash:{location}");
    if let Some(result) = result_at(location) {
        let (title, severity) = result.problem();
        #[expect(clippy::cast_precision_loss, reason = "exact enough for a text")]
        let uptime_s = report.uptime_s as f64;
        let detail = format!(
            "Last at {last_at}{times}, {} after its start: {message}. Every acknowledged change is kept. The log \
             before it: journalctl -u unoc; the report is in {path}",
            format_span(uptime_s)
        );
        return ProblemReport::lasting(IncidentSource::Service, key, severity, title, detail)
            .occurred(occurrence(at));
    }
    let (title, severity) = match thread.as_str() {
        "engine" => ("The engine panicked, which ends the service", Severity::Critical),
        "main" => ("The main thread panicked, which ends the service", Severity::Critical),
        "sync" => ("The mirror in PostgreSQL panicked and was started again", Severity::Major),
        _ => ("A request or a task panicked", Severity::Major),
    };
    let detail = format!(
        "At {location} in thread {thread}, last at {last_at}{times}: {message}. The report with the functions \
         and the log before it is in {path}"
    );
    ProblemReport::lasting(IncidentSource::Service, key, severity, title, detail)
        .occurred(occurrence(at))
}

/// Returns the time in microseconds as the number of an occurrence, from 1.
fn occurrence(at: i64) -> u64 {
    u64::try_from(at).unwrap_or(0).max(1)
}
