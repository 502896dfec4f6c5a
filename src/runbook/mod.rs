//! The runbook: the duties that keep a site running, who does each, when it was last done and what shows
//! that.
//!
//! [`duties`] decides by [`RunbookFacts`], without time, threads or disks. What the appliance does is
//! shown by its own records; what a person does, by what people record. A duty of a person that is not
//! done in time is reported as an incident. What the appliance reviews is a person's while a report says that
//! somebody should look at it, and nobody has recorded that they did.

mod backup_duties;
mod duty;
mod duty_source;
mod facts;
mod job_duties;
mod operator_duties;
mod service_duties;

pub use duty::{DoneBy, Duty, DutyAction, DutyState, Frequency};
pub use duty_source::{DUTY_PREFIX, overdue};
pub use facts::{HealthFacts, ReadFacts, ReportFacts, RunbookFacts, VolumeFacts};

use crate::store::ReportKind;
pub use crate::store::{DUTY_RECORDS_MAX, DutyRecord};

type DutyFunction = fn(&'static str, &RunbookFacts<'_>) -> Duty;

/// Every duty by its key, in the order in which they are shown.
const DUTIES: [(&str, DutyFunction); 16] = [
    ("health", service_duties::health),
    ("api", service_duties::api),
    ("database", service_duties::database),
    ("self-check", service_duties::self_check),
    ("logs", job_duties::logs),
    ("overrides", operator_duties::overrides),
    ("backup", backup_duties::backup),
    ("restore-test", backup_duties::restore_test),
    ("off-host", backup_duties::off_host),
    ("prune", backup_duties::prune),
    ("provisioning-test", job_duties::provisioning_test),
    ("disaster-recovery-test", backup_duties::disaster_recovery_test),
    ("reconcile", job_duties::reconcile),
    ("capacity", job_duties::capacity),
    ("contacts", operator_duties::contacts),
    ("incident-drill", job_duties::incident_drill),
];

/// The keys of all duties, which records of them use. They never change.
pub fn duty_keys() -> impl Iterator<Item = &'static str> {
    DUTIES.iter().map(|(key, _)| *key)
}

/// Returns every duty with its state.
pub fn duties(facts: &RunbookFacts<'_>) -> Vec<Duty> {
    let duty = |(key, function): &(&'static str, DutyFunction)| {
        let report = report_kind(key).and_then(|kind| facts.report(kind));
        Duty { report_id: report.map(|report| report.shown.id), ..function(key, facts) }
    };
    DUTIES.iter().map(duty).collect()
}

/// The kind of reports that show that a duty was done.
pub fn report_kind(key: &str) -> Option<ReportKind> {
    Some(match key {
        "logs" => ReportKind::DailyReview,
        "restore-test" => ReportKind::RestoreTest,
        "prune" => ReportKind::Pruning,
        "reconcile" => ReportKind::Reconciliation,
        "provisioning-test" => ReportKind::ProvisioningTest,
        "capacity" => ReportKind::Capacity,
        "disaster-recovery-test" => ReportKind::DisasterDrill,
        "incident-drill" => ReportKind::IncidentDrill,
        _ => return None,
    })
}
