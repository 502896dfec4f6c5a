//! The incident drill: a test notice to every contact, as evidence that an incident would be told.

use anyhow::Result;

use super::{Findings, with_report};
use crate::domain::Timestamp;
use crate::engine::EngineHandle;
use crate::jobs::{JobContext, Trigger};
use crate::notices::{Contact, NoticeSender, NoticeTest, QuietHours};
use crate::store::{ReportKind, ReportResult, ReportSection, ReportTable, ReportValue};
use crate::util::{Zone, counted};

/// From 20:00 to 08:00 a drill that was missed tells nobody.
const NIGHT: QuietHours =
    QuietHours { start_min: 20 * 60, end_min: 8 * 60, severities: Vec::new() };

/// Sends every contact a message that says that it is a drill. It fails if one was not delivered.
pub(in crate::app) async fn incident_drill(
    engine: EngineHandle,
    sender: NoticeSender,
    context: JobContext,
) -> Result<String> {
    let work = tell_all(&engine, &sender, &context);
    with_report(ReportKind::IncidentDrill, &engine, context.clone(), work).await
}

async fn tell_all(
    engine: &EngineHandle,
    sender: &NoticeSender,
    context: &JobContext,
) -> Result<Findings> {
    let policy = sender.policy();
    if policy.contacts.is_empty() {
        return Ok(without_contacts());
    }
    let now = engine.now();
    let mut told: Vec<&Contact> = Vec::new();
    let mut rows = Vec::new();
    for contact in &policy.contacts {
        match reason_to_wait(contact, context.trigger, now, &policy.zone) {
            None => told.push(contact),
            Some(reason) => rows.push((contact, Outcome::NotTold(reason))),
        }
    }
    let tests = sender.drill(&told, now).await;
    rows.extend(told.into_iter().zip(tests.into_iter().map(Outcome::Tested)));
    for (contact, outcome) in &rows {
        context.log.line(format!("{}: {}", contact.name, outcome.text()));
    }
    Ok(findings(&rows))
}

/// What came of the drill for a contact.
enum Outcome {
    Tested(NoticeTest),
    /// Why it has to wait.
    NotTold(&'static str),
}

impl Outcome {
    const fn word(&self) -> &'static str {
        match self {
            Self::Tested(NoticeTest { outcome: Ok(_), .. }) => "delivered",
            Self::Tested(NoticeTest { outcome: Err(_), .. }) => "failed",
            Self::NotTold(_) => "not told",
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::Tested(NoticeTest { outcome: Ok(answer), .. }) => answer.clone(),
            Self::Tested(NoticeTest { outcome: Err(error), .. }) => error.to_string(),
            Self::NotTold(reason) => (*reason).to_owned(),
        }
    }

    fn text(&self) -> String {
        format!("{}, {}", self.word(), self.detail())
    }

    fn is_failed(&self) -> bool {
        matches!(self, Self::Tested(NoticeTest { outcome: Err(_), .. }))
    }
}

/// A drill wakes nobody, unless a person asked for it.
fn reason_to_wait(
    contact: &Contact,
    trigger: Trigger,
    now: Timestamp,
    zone: &Zone,
) -> Option<&'static str> {
    let is_quiet = |hours: &QuietHours| hours.include(now, zone);
    match trigger {
        Trigger::Manual => None,
        _ if contact.quiet_hours.as_ref().is_some_and(is_quiet) => Some("its quiet hours"),
        Trigger::Missed if is_quiet(&NIGHT) => Some("the drill was missed, and now it is night"),
        Trigger::Missed | Trigger::Schedule | Trigger::Repair => None,
    }
}

fn without_contacts() -> Findings {
    Findings {
        result: ReportResult::Warning,
        summary: "No contacts are configured, so nobody is told of an incident. Set contacts in the \
                  configuration file or UNOC_CONTACTS, restart the service, then run the drill again"
            .to_owned(),
        sections: Vec::new(),
    }
}

fn findings(rows: &[(&Contact, Outcome)]) -> Findings {
    let failed = rows.iter().filter(|(_, outcome)| outcome.is_failed());
    let failed: Vec<String> = failed
        .map(|(contact, outcome)| format!("{}: {}", contact.name, outcome.detail()))
        .collect();
    let waiting = rows.iter().filter(|(_, outcome)| matches!(outcome, Outcome::NotTold(_))).count();
    let delivered = rows.len() - failed.len() - waiting;
    let mut summary = format!("{delivered} of {} told", counted(rows.len(), "contact"));
    if waiting > 0 {
        summary.push_str(&format!(
            "; {waiting} not, to wake nobody: run the drill by day, with unoc jobs run incident-drill"
        ));
    }
    if !failed.is_empty() {
        summary.push_str(&format!("; {} failed: {}", failed.len(), failed.join("; ")));
    }
    let result = match (failed.len(), waiting) {
        (0, 0) => ReportResult::Ok,
        (0, _) => ReportResult::Warning,
        (_, _) => ReportResult::Failed,
    };
    let columns = ["contact", "channel", "address", "result", "took", "answer"];
    let table = ReportTable {
        columns: columns.map(str::to_owned).to_vec(),
        rows: rows.iter().map(|(contact, outcome)| row(contact, outcome)).collect(),
        omitted: 0,
    };
    let section =
        ReportSection { title: "Contacts".to_owned(), table: Some(table), ..Default::default() };
    Findings { result, summary, sections: vec![section] }
}

fn row(contact: &Contact, outcome: &Outcome) -> Vec<ReportValue> {
    let text = |text: &str| ReportValue::Text(text.to_owned());
    let took = match outcome {
        Outcome::Tested(test) => ReportValue::Seconds(test.duration.as_secs_f64()),
        Outcome::NotTold(_) => ReportValue::Absent,
    };
    vec![
        text(&contact.name),
        text(contact.channel.as_str()),
        ReportValue::Text(contact.channel.masked()),
        text(outcome.word()),
        took,
        ReportValue::Text(outcome.detail()),
    ]
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::notices::Channel;

    const HOUR_US: i64 = 3_600_000_000;

    #[test]
    fn only_a_person_wakes_somebody() {
        let zone = Zone::from(TimeZone::UTC);
        let lunch = QuietHours { start_min: 720, end_min: 780, severities: Vec::new() };
        let contact = |quiet_hours: Option<&QuietHours>| Contact {
            name: "ops".to_owned(),
            channel: Channel::Email { address: "ops@example.org".to_owned() },
            severities: Vec::new(),
            quiet_hours: quiet_hours.cloned(),
            reports: Vec::new(),
        };
        for (quiet_hours, trigger, hour, is_told) in [
            (None, Trigger::Schedule, 10, true),
            (None, Trigger::Schedule, 3, true),
            (None, Trigger::Missed, 3, false),
            (None, Trigger::Missed, 20, false),
            (None, Trigger::Missed, 8, true),
            (None, Trigger::Manual, 3, true),
            (Some(&lunch), Trigger::Schedule, 12, false),
            (Some(&lunch), Trigger::Missed, 12, false),
            (Some(&lunch), Trigger::Manual, 12, true),
            (Some(&lunch), Trigger::Schedule, 13, true),
        ] {
            let now = Timestamp(hour * HOUR_US);
            let reason = reason_to_wait(&contact(quiet_hours), trigger, now, &zone);
            assert_eq!(reason.is_none(), is_told, "{trigger:?} at {hour}");
        }
    }
}
