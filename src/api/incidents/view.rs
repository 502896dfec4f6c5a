//! Incidents as JSON.

use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::Schema;

use crate::api::notices::NoticeView;
use crate::domain::Severity;
use crate::incidents::{Incident, IncidentSource, IncidentState, TimelineEntry, TimelineKind};
use crate::notices::Notice;
use crate::wire::{Time, words_schema};

/// A problem that someone has to know of.
#[derive(Serialize, ToSchema)]
#[schema(as = Incident)]
pub(super) struct IncidentView {
    id: u64,
    /// Which problem it is, such as `network:link:12`, `network:device:7` or `job:backup`.
    key: String,
    #[schema(schema_with = source_schema)]
    source: &'static str,
    #[schema(schema_with = state_schema)]
    state: &'static str,
    #[schema(schema_with = severity_schema)]
    severity: &'static str,
    /// The problem in one sentence.
    title: String,
    /// What is known now, such as how many customers are affected.
    detail: String,
    /// The device or link that is the cause; null for a problem of the appliance.
    subject: Option<IncidentSubject>,
    /// Customers that are affected; as it closed, those affected last.
    customer_count: u32,
    /// The most that were affected at once.
    customer_count_max: u32,
    /// How often the cause has come.
    count: u32,
    /// Whether the cause exists now.
    is_active: bool,
    /// Whether the cause comes and goes: it then stays open without it.
    is_flapping: bool,
    /// The maintenance window that mutes it.
    maintenance_id: Option<u64>,
    /// Whether a person may close it: others close by themselves.
    can_be_closed: bool,
    #[schema(value_type = String, format = DateTime)]
    first_seen_at: Time,
    /// When the cause last came, changed or went away; while `is_active`, it still exists.
    #[schema(value_type = String, format = DateTime)]
    last_seen_at: Time,
    acknowledgement: Option<AcknowledgementView>,
    #[schema(value_type = Option<String>, format = DateTime)]
    closed_at: Option<Time>,
    /// The person who closed it; null if it closed by itself.
    closed_by: Option<String>,
}

/// An incident with everything that happened to it.
#[derive(Serialize, ToSchema)]
#[schema(as = IncidentDetail)]
pub(super) struct IncidentDetailView {
    #[serde(flatten)]
    incident: IncidentView,
    /// Oldest first; at most 100 entries.
    timeline: Vec<TimelineEntryView>,
    /// Entries after the first one that were removed because there were too many.
    timeline_removed_count: u32,
    /// Who was told of it, and who is told next unless somebody acknowledges it; oldest first.
    notices: Vec<NoticeView>,
}

/// The cause of an incident.
#[derive(Serialize, ToSchema)]
struct IncidentSubject {
    /// `device` or `link`.
    kind: &'static str,
    id: u64,
}

/// Who works on an incident.
#[derive(Serialize, ToSchema)]
#[schema(as = Acknowledgement)]
struct AcknowledgementView {
    name: String,
    note: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    at: Time,
}

/// Something that happened to an incident.
#[derive(Serialize, ToSchema)]
#[schema(as = TimelineEntry)]
struct TimelineEntryView {
    #[schema(value_type = String, format = DateTime)]
    at: Time,
    #[schema(schema_with = timeline_kind_schema)]
    kind: &'static str,
    /// The person who did it, or who planned the maintenance.
    name: Option<String>,
    text: String,
}

impl From<Incident> for IncidentView {
    fn from(incident: Incident) -> Self {
        Self {
            state: incident.state().as_str(),
            can_be_closed: incident.closure.is_none()
                && !(incident.is_lasting && incident.is_active),
            id: incident.id,
            key: incident.key,
            source: incident.source.as_str(),
            severity: incident.severity.as_str(),
            title: incident.title,
            detail: incident.detail,
            subject: incident
                .subject
                .map(|subject| IncidentSubject { kind: subject.kind.as_str(), id: subject.id }),
            customer_count: incident.customer_count,
            customer_count_max: incident.customer_count_max,
            count: incident.count,
            is_active: incident.is_active,
            is_flapping: incident.is_flapping,
            maintenance_id: incident.muted_by.filter(|_| incident.closure.is_none()),
            first_seen_at: Time(incident.first_seen),
            last_seen_at: Time(incident.last_seen),
            acknowledgement: incident.acknowledgement.map(|it| AcknowledgementView {
                name: it.name,
                note: it.note,
                at: Time(it.at),
            }),
            closed_at: incident.closure.as_ref().map(|closure| Time(closure.at)),
            closed_by: incident.closure.and_then(|closure| closure.name),
        }
    }
}

impl IncidentDetailView {
    pub(super) fn new(mut incident: Incident, notices: Vec<Notice>) -> Self {
        let timeline = std::mem::take(&mut incident.timeline);
        Self {
            timeline: timeline.into_iter().map(TimelineEntryView::from).collect(),
            timeline_removed_count: incident.timeline_removed,
            notices: notices.into_iter().map(NoticeView::from).collect(),
            incident: incident.into(),
        }
    }
}

impl From<TimelineEntry> for TimelineEntryView {
    fn from(entry: TimelineEntry) -> Self {
        let TimelineEntry { at, kind, name, text } = entry;
        Self { at: Time(at), kind: kind.as_str(), name, text }
    }
}

fn source_schema() -> Schema {
    words_schema(IncidentSource::ALL.map(IncidentSource::as_str))
}

fn state_schema() -> Schema {
    words_schema(IncidentState::ALL.map(IncidentState::as_str))
}

fn severity_schema() -> Schema {
    words_schema(Severity::ALL.map(Severity::as_str))
}

fn timeline_kind_schema() -> Schema {
    words_schema(TimelineKind::ALL.map(TimelineKind::as_str))
}
