//! Duties that a job of the appliance does.

use super::duty::{Duty, DutyAction, DutyState, Frequency};
use super::facts::{RunbookFacts, last_run, last_success};
use crate::jobs::{JobStatus, RunResult};

const PAGE: &str = "/operations/jobs";

pub(super) fn incident_drill(key: &'static str, facts: &RunbookFacts<'_>) -> Duty {
    let job = facts.job("incident-drill");
    let base = Duty {
        command: Some("unoc jobs run incident-drill"),
        action: Some(DutyAction { label: "Drill now", path: "/api/jobs/incident-drill/run" }),
        ..by_job(key, "Incident drill", Frequency::Monthly, PAGE, job)
    };
    of_last_run(base, job, "No test notice has been sent to every contact yet")
}

/// The duty with what the last run found that succeeded; `otherwise` if none did.
fn of_last_run(duty: Duty, job: Option<&JobStatus>, otherwise: &str) -> Duty {
    let run = last_success(job);
    let duty = Duty { last_done_at: run.map(|run| run.started_at), ..duty };
    match run.and_then(|run| run.message.as_ref()) {
        Some(message) => with(duty, DutyState::Ok, message),
        None => with(duty, DutyState::Unknown, otherwise),
    }
}

/// A duty that a job does: it fails as the job does.
pub(super) fn by_job(
    key: &'static str,
    title: &'static str,
    frequency: Frequency,
    page: &'static str,
    job: Option<&JobStatus>,
) -> Duty {
    let base = Duty::of_appliance(key, title, frequency, page);
    let Some(job) = job else { return base };
    let state = match last_run(Some(job)).map(|run| run.result) {
        Some(RunResult::Failed) => DutyState::Error,
        Some(RunResult::Interrupted) => DutyState::Warning,
        _ if !job.is_enabled => DutyState::Warning,
        _ => DutyState::Ok,
    };
    let evidence = match last_run(Some(job)) {
        Some(run) if run.result == RunResult::Failed => {
            format!(
                "the last run failed: {}",
                run.message.as_deref().unwrap_or("no reason is known")
            )
        }
        Some(run) if run.result == RunResult::Interrupted => {
            "the last run was interrupted".to_owned()
        }
        _ if !job.is_enabled => format!("the job “{}” is turned off", job.name),
        _ => String::new(),
    };
    Duty { state, evidence, next_due_at: job.next_run_at, ..base }
}

/// Adds what was found to the state of the job: the worse one counts.
pub(super) fn with(duty: Duty, state: DutyState, evidence: &str) -> Duty {
    let evidence = match duty.evidence.as_str() {
        "" => evidence.to_owned(),
        of_job => format!("{evidence}; {of_job}"),
    };
    Duty { state: duty.state.max(state), evidence, ..duty }
}
