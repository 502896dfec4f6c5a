//! What a notice says. Of incidents it has counts and the names of equipment, but nothing of customers; a report
//! is sent as it is kept.

use std::sync::Arc;

use super::book::FAILING_PREFIX;
use super::contact::EscalationStep;
use crate::domain::{Severity, Timestamp};
use crate::incidents::{Incident, IncidentSource};
use crate::query::report_text;
use crate::store::{NoticeKind, Report};
use crate::util::{Zone, counted};

/// Longest subject: a telephone shows one line.
const SUBJECT_CHARS_MAX: usize = 120;
/// Incidents that a digest lists.
const LISTED_MAX: usize = 10;
const MINUTE_US: i64 = 60_000_000;

/// Why a message is sent.
#[derive(Clone, Debug)]
pub(super) enum MessageOccasion {
    Incidents,
    /// A job has kept this report.
    Report(Arc<Report>),
    /// A person tests the way to the contact.
    Test,
    /// The appliance does, regularly.
    Drill,
    /// Closes the alert that a drill made at a receiver that keeps alerts.
    DrillEnd,
}

/// One message to one contact.
#[derive(Clone, Debug)]
pub(super) struct NoticeMessage {
    pub(super) site: Arc<SiteFacts>,
    pub(super) contact: String,
    pub(super) now: Timestamp,
    pub(super) occasion: MessageOccasion,
    /// At least one if it tells of incidents.
    pub(super) items: Vec<MessageItem>,
    /// Whether it only counts the incidents.
    pub(super) is_digest: bool,
}

/// What is told of one incident.
#[derive(Clone, Debug)]
pub(super) struct MessageItem {
    pub(super) kind: NoticeKind,
    pub(super) step: u8,
    /// As it is now.
    pub(super) incident: Arc<Incident>,
}

/// What all messages say of the appliance.
#[derive(Debug)]
pub struct SiteFacts {
    /// The name of the installation.
    pub name: String,
    /// Its identity.
    pub id: String,
    /// The address under which people open the page, without a slash at its end.
    pub page_url: String,
    pub zone: Zone,
}

impl SiteFacts {
    pub(super) fn incident_url(&self, id: u64) -> String {
        format!("{}/operations/incidents/{id}", self.page_url)
    }

    pub(super) fn incidents_url(&self) -> String {
        format!("{}/operations/incidents", self.page_url)
    }

    pub(super) fn report_url(&self, id: u64) -> String {
        format!("{}/operations/reports/{id}", self.page_url)
    }

    fn local(&self, at: Timestamp) -> String {
        let at = jiff::Timestamp::from_microsecond(at.0).unwrap_or_default();
        at.to_zoned_datetime(self.zone.time_zone().clone())
            .strftime("%Y-%m-%d %H:%M %Z")
            .to_string()
    }
}

impl NoticeMessage {
    pub(super) fn is_test(&self) -> bool {
        matches!(self.occasion, MessageOccasion::Test) || self.is_drill()
    }

    /// The report that it sends.
    pub(super) fn report(&self) -> Option<&Report> {
        match &self.occasion {
            MessageOccasion::Report(report) => Some(report),
            MessageOccasion::Incidents
            | MessageOccasion::Test
            | MessageOccasion::Drill
            | MessageOccasion::DrillEnd => None,
        }
    }

    fn is_drill(&self) -> bool {
        matches!(self.occasion, MessageOccasion::Drill | MessageOccasion::DrillEnd)
    }

    /// The worst incident that is not over, or else the last one.
    pub(super) fn worst(&self) -> Option<&MessageItem> {
        let open = self.items.iter().filter(|item| item.kind != NoticeKind::Closed);
        let rank = |item: &&MessageItem| {
            let incident = &item.incident;
            (incident.severity, std::cmp::Reverse(incident.customer_count), incident.id)
        };
        open.min_by_key(rank).or(self.items.last())
    }

    /// Where it leads.
    pub(super) fn url(&self) -> String {
        if let Some(report) = self.report() {
            return self.site.report_url(report.head.id);
        }
        match (&self.items[..], self.is_digest) {
            ([item], false) => self.site.incident_url(item.incident.id),
            _ => self.site.incidents_url(),
        }
    }

    /// One line, `[UNOC] critical: ODF - SPL-A is set to DOWN`.
    pub(super) fn subject(&self) -> String {
        let what = match (self.worst(), self.report()) {
            (None, Some(report)) => headline(report),
            (None, None) if self.is_drill() => "drill: a test notice to every contact".to_owned(),
            (None, None) => "test of the notices".to_owned(),
            (Some(_), _) if self.is_digest => self.counts(),
            (Some(item), _) => item.headline(),
        };
        let subject = format!("[{}] {what}", self.site.name);
        let mut chars = subject.chars();
        let start: String = chars.by_ref().take(SUBJECT_CHARS_MAX - 1).collect();
        if chars.next().is_some() { format!("{start}…") } else { start }
    }

    /// What the e-mails about the same incident refer to, so that they are shown together (RFC 5322, section
    /// 3.6.4).
    pub(super) fn thread_id(&self) -> String {
        let what = match (&self.items[..], self.is_digest) {
            ([item], false) => format!("incident-{}", item.incident.id),
            ([], _) => match self.report() {
                Some(report) => format!("report-{}", report.head.kind.as_str()),
                None => "test".to_owned(),
            },
            _ => "digest".to_owned(),
        };
        format!("<{what}@{}.unoc>", self.site.id)
    }

    /// Plain text with lines, as for [`NoticeMessage::text`], but without the sections of a report: a chat
    /// shows a few lines.
    pub(super) fn short_text(&self, steps: &[EscalationStep]) -> String {
        match self.report() {
            Some(report) => self.with_end(vec![report.head.summary.clone()], steps),
            None => self.text(steps),
        }
    }

    /// Plain text with lines.
    pub(super) fn text(&self, steps: &[EscalationStep]) -> String {
        if let Some(report) = self.report() {
            return self.with_end(vec![report_text(report).trim_end().to_owned()], steps);
        }
        let lines = match (&self.items[..], self.is_digest) {
            ([], _) if self.is_drill() => vec![
                "This is a drill. Nothing is wrong, and there is nothing to do.".to_owned(),
                format!("It shows that notices to {} arrive here.", self.contact),
            ],
            ([], _) => vec![
                "This is a test. Nothing is wrong.".to_owned(),
                format!("Notices to {} arrive here.", self.contact),
            ],
            ([item], false) => self.lines_of(item),
            _ => self.digest_lines(),
        };
        self.with_end(lines, steps)
    }

    fn with_end(&self, mut lines: Vec<String>, steps: &[EscalationStep]) -> String {
        lines.extend([String::new(), format!("Page: {}", self.url())]);
        let why = match &self.items[..] {
            [item] if item.step > 0 => {
                let after = steps.get(usize::from(item.step)).map_or(0, |step| step.after_us);
                let after = counted(after / MINUTE_US, "minute");
                format!(", because nobody acknowledged it within {after}")
            }
            _ => String::new(),
        };
        lines.push(format!("Told to {} by UNOC{why}.", self.contact));
        lines.join("\n")
    }

    fn lines_of(&self, item: &MessageItem) -> Vec<String> {
        let incident = &item.incident;
        let mut lines = vec![item.headline(), String::new()];
        let since = self.site.local(incident.first_seen);
        match &incident.closure {
            Some(closure) => {
                lines.push(format!("From: {since}"));
                lines.push(format!("To: {}", self.site.local(closure.at)));
            }
            None => lines.push(format!("Since: {since}")),
        }
        let (count, max) = (incident.customer_count, incident.customer_count_max);
        if max > 0 {
            let most = if max > count { format!(", at most {max}") } else { String::new() };
            lines.push(format!("Customers affected: {count}{most}"));
        }
        if !incident.detail.is_empty() {
            lines.push(format!("Why: {}", incident.detail));
        }
        if incident.closure.is_none() {
            lines.push(format!("What to do: {}", remedy(incident)));
        }
        lines
    }

    fn digest_lines(&self) -> Vec<String> {
        let mut lines = vec![self.counts(), String::new()];
        let mut open: Vec<&MessageItem> =
            self.items.iter().filter(|item| item.kind != NoticeKind::Closed).collect();
        open.sort_by_key(|item| {
            let incident = &item.incident;
            (incident.severity, std::cmp::Reverse(incident.customer_count), incident.id)
        });
        open.dedup_by_key(|item| item.incident.id);
        for item in open.iter().take(LISTED_MAX) {
            let customers = counted(item.incident.customer_count, "customer");
            lines.push(format!("- {} ({customers})", item.headline()));
        }
        let more = open.len().saturating_sub(LISTED_MAX);
        if more > 0 {
            lines.push(format!("- and {more} more"));
        }
        lines
    }

    /// `37 incidents in 5 minutes, the worst: …; 2 closed`.
    fn counts(&self) -> String {
        let mut ids: Vec<u64> = self.open_items().map(|item| item.incident.id).collect();
        ids.sort_unstable();
        ids.dedup();
        let closed = self.items.len() - self.open_items().count();
        let first = self.open_items().map(|item| item.incident.first_seen).min();
        let span = first.map_or(0, |at| self.now.0.saturating_sub(at.0).max(0) / MINUTE_US);
        let opened =
            format!("{} in {}", counted(ids.len(), "incident"), counted(span.max(1), "minute"));
        let worst = self.worst().map(MessageItem::headline).unwrap_or_default();
        match (ids.len(), closed) {
            (0, _) => format!("{} closed", counted(closed, "incident")),
            (_, 0) => format!("{opened}, the worst: {worst}"),
            (_, _) => format!("{opened}, the worst: {worst}; {closed} closed"),
        }
    }

    fn open_items(&self) -> impl Iterator<Item = &MessageItem> {
        self.items.iter().filter(|item| item.kind != NoticeKind::Closed)
    }
}

impl MessageItem {
    /// `critical: ODF - SPL-A is set to DOWN`.
    pub(super) fn headline(&self) -> String {
        let title = &self.incident.title;
        let severity = self.incident.severity.as_str();
        match self.kind {
            NoticeKind::Opened => format!("{severity}: {title}"),
            NoticeKind::Reopened => format!("{severity}, again: {title}"),
            NoticeKind::Worsened => format!("{severity}, worse: {title}"),
            NoticeKind::Continued => format!("{severity}, still after the maintenance: {title}"),
            NoticeKind::Closed => format!("closed: {title}"),
            // Of no incident.
            NoticeKind::Reported => title.clone(),
        }
    }
}

/// `Daily review: warning`
fn headline(report: &Report) -> String {
    format!("{}: {}", report.head.kind.title(), report.head.result.as_str())
}

/// What a person does first.
pub(super) fn remedy(incident: &Incident) -> &'static str {
    match incident.source {
        IncidentSource::Network if incident.severity == Severity::Critical => {
            "Acknowledge the incident, so that nobody else is called. The page shows the cause, the path to it \
             and what was changed before; send somebody to the place, or undo the change."
        }
        IncidentSource::Network => {
            "Acknowledge the incident. The page shows the cause and the devices behind it."
        }
        IncidentSource::Job => {
            "Open the page Jobs, read the log of the last run, remove the cause and run the job again."
        }
        IncidentSource::Duty => "Open the Overview: do what is due there, and record it.",
        IncidentSource::Check => "Open the page Health: each check names its remedy.",
        IncidentSource::Service if incident.key.starts_with(FAILING_PREFIX) => {
            "Tell this person by another way. Check the address and the receiver, then run unoc notify test."
        }
        IncidentSource::Service => {
            "Read the log from before it: unoc logs --level warn, or the journal."
        }
    }
}
