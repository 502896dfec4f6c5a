//! Duties of the appliance that it does all the time.

use super::duty::{Duty, DutyAction, DutyState, Frequency};
use super::facts::{RunbookFacts, last_run, last_success};
use crate::jobs::RunResult;
use crate::sync::SyncState;
use crate::util::counted;

/// The self-check runs daily, and a run takes seconds.
const SELF_CHECK_LATE_US: i64 = 36 * 3_600_000_000;

pub(super) fn health(key: &'static str, facts: &RunbookFacts<'_>) -> Duty {
    let health = &facts.health;
    let evidence = match &health.reason {
        None => format!("The appliance is {}", health.status),
        Some(reason) => format!("The appliance is {}: {reason}", health.status),
    };
    let state = match health.status {
        "healthy" => DutyState::Ok,
        "degraded" => DutyState::Warning,
        _ => DutyState::Error,
    };
    Duty {
        state,
        evidence,
        command: Some("curl http://localhost:5001/health"),
        last_done_at: Some(facts.now),
        ..Duty::of_appliance(key, "Health", Frequency::Continuous, "/operations/health")
    }
}

pub(super) fn api(key: &'static str, facts: &RunbookFacts<'_>) -> Duty {
    let devices = counted(facts.read.device_count, "device");
    let list = format!("The list has {devices}, at change {}", facts.read.seq);
    let (state, evidence) = match &facts.read.asked {
        None => (DutyState::Unknown, format!("{list}; it has not been asked for by HTTP yet")),
        Some((_, Ok(()))) => (DutyState::Ok, list),
        Some((_, Err(why))) => (DutyState::Error, why.clone()),
    };
    Duty {
        state,
        evidence,
        command: Some("curl http://localhost:5001/api/devices?limit=1"),
        last_done_at: facts.read.asked.as_ref().map(|(at, _)| *at),
        ..Duty::of_appliance(key, "The API lists devices", Frequency::Continuous, "/inventory")
    }
}

pub(super) fn database(key: &'static str, facts: &RunbookFacts<'_>) -> Duty {
    let base =
        Duty::of_appliance(key, "Database connectivity", Frequency::Continuous, "/operations/sync");
    let state = match facts.sync.state {
        SyncState::Off => {
            return Duty {
                state: DutyState::Ok,
                evidence: "No PostgreSQL is configured; all data is on the local disk".to_owned(),
                ..base
            };
        }
        SyncState::Live => DutyState::Ok,
        SyncState::Connecting | SyncState::Loading | SyncState::Waiting => DutyState::Warning,
        SyncState::Stopped => DutyState::Error,
    };
    Duty {
        state,
        evidence: facts.sync_message.trim_end_matches('.').to_owned(),
        command: Some("unoc sync status"),
        last_done_at: facts.sync.rounds.back().map(|round| round.at),
        action: Some(DutyAction { label: "Sync now", path: "/api/sync/now" }),
        ..base
    }
}

pub(super) fn self_check(key: &'static str, facts: &RunbookFacts<'_>) -> Duty {
    let job = facts.job("self-check");
    let run = last_run(job);
    let late = facts.now.0.saturating_sub(SELF_CHECK_LATE_US);
    let is_late = run.map_or(facts.created_at, |run| run.started_at).0 < late;
    let state = match run.map(|run| run.result) {
        Some(RunResult::Failed) => DutyState::Error,
        Some(RunResult::Interrupted) => DutyState::Warning,
        _ if job.is_none_or(|job| !job.is_enabled) || is_late => DutyState::Warning,
        Some(RunResult::Ok | RunResult::Running) => DutyState::Ok,
        None => DutyState::Unknown,
    };
    let evidence = match run {
        Some(run) => run.message.clone().unwrap_or_else(|| "It was interrupted".to_owned()),
        None => "It has not run yet".to_owned(),
    };
    Duty {
        state,
        evidence,
        last_done_at: last_success(job).map(|run| run.started_at),
        next_due_at: job.and_then(|job| job.next_run_at),
        action: Some(DutyAction { label: "Check now", path: "/api/jobs/self-check/run" }),
        ..Duty::of_appliance(key, "Self-check", Frequency::Daily, "/operations/jobs")
    }
}
