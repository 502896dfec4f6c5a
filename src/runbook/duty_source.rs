//! Duties of people that were not done in time, as problems.

use super::duty::{DoneBy, Duty};
use crate::domain::{Severity, Timestamp};
use crate::incidents::{IncidentSource, ProblemReport};

/// The keys of these problems begin with it.
pub const DUTY_PREFIX: &str = "duty:";

/// Returns a problem for each duty of a person that is overdue. What the appliance does has sources of
/// its own: its jobs and checks.
pub fn overdue(duties: &[Duty], now: Timestamp) -> Vec<ProblemReport> {
    let late = duties.iter().filter(|duty| {
        duty.done_by == DoneBy::Operator && duty.overdue_at.is_some_and(|at| at <= now)
    });
    late.map(report).collect()
}

fn report(duty: &Duty) -> ProblemReport {
    let title = format!("The duty “{}” was not done in time", duty.title);
    let detail = "Do it, then record it in the runbook on the Overview";
    let key = format!("{DUTY_PREFIX}{}", duty.key);
    ProblemReport::lasting(IncidentSource::Duty, key, Severity::Minor, title, detail)
}
