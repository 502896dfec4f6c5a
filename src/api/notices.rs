//! Who is told of incidents and sent reports, who was told, and the test.
#![expect(unused_qualifications, reason = "utoipa's `params` expands to a qualified name")]

use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;
use utoipa::openapi::schema::Schema;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::ApiError;
use super::extract::{Body422, Origin, Query422};
use super::listing::next_link;
use super::state::ApiState;
use super::validation::{Fields, FromFields, parse};
use crate::domain::Severity;
use crate::notices::{
    Channel, Contact, Notice, NoticeKind, NoticeState, NoticeTest, NoticesHandle, QuietHours,
};
use crate::store::StoreError;
use crate::util::run_blocking;
use crate::wire::{Time, words_schema};

/// Most notices in one answer, about 200 kB.
const ROWS_MAX: u64 = 500;
const ROWS_DEFAULT: u64 = 50;
/// Longest name of a contact.
const NAME_CHARS_MAX: usize = 64;
const SECOND_US: i64 = 1_000_000;

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list_notices))
        .routes(routes!(list_contacts))
        .routes(routes!(test_notices))
}

/// A contact is told one thing of an incident, or sent a report.
#[derive(Serialize, ToSchema)]
#[schema(as = Notice)]
pub(super) struct NoticeView {
    id: u64,
    /// Null if it is about a report.
    incident_id: Option<u64>,
    /// Null if it is about an incident.
    report_id: Option<u64>,
    /// The name of the contact.
    contact: String,
    /// The step of the escalation, from 0.
    step: u8,
    #[schema(schema_with = event_schema)]
    event: &'static str,
    #[schema(schema_with = state_schema)]
    state: &'static str,
    /// When it is or was to be delivered.
    #[schema(value_type = String, format = DateTime)]
    due_at: Time,
    /// When it is tried next; null if it is not pending.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_attempt_at: Option<Time>,
    /// When it was delivered or given up.
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Time>,
    attempt_count: u32,
    /// What the receiver answered.
    answer: Option<String>,
    /// Why the last attempt failed.
    error: Option<String>,
}

impl From<Notice> for NoticeView {
    fn from(notice: Notice) -> Self {
        let state = notice.state.as_str();
        let next_attempt_at = notice.state.is_pending().then_some(Time(notice.attempt_at));
        let (ended_at, answer, error) = match notice.state {
            NoticeState::Pending { error } => (None, None, error),
            NoticeState::Sent { at, answer } => (Some(Time(at)), Some(answer), None),
            NoticeState::Failed { at, error } => (Some(Time(at)), None, Some(error)),
        };
        Self {
            id: notice.id,
            incident_id: notice.subject.incident(),
            report_id: notice.subject.report(),
            contact: notice.contact,
            step: notice.step,
            event: notice.kind.as_str(),
            state,
            due_at: Time(notice.due_at),
            next_attempt_at,
            ended_at,
            attempt_count: notice.attempts,
            answer,
            error,
        }
    }
}

fn event_schema() -> Schema {
    words_schema(NoticeKind::ALL.map(NoticeKind::as_str))
}

fn state_schema() -> Schema {
    words_schema(NoticeState::WORDS)
}

/// Which notices.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
struct NoticesQuery {
    /// Only those of this incident.
    incident_id: Option<u64>,
    /// Only those to this contact.
    contact: Option<String>,
    /// `pending`, `sent` or `failed`.
    #[param(value_type = Option<String>)]
    state: Option<&'static str>,
    /// At most this many; the next page is in a `Link` header with `rel="next"`.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 500)]
    limit: u64,
    /// Only older ones than the notice with this id.
    after: Option<u64>,
}

impl FromFields for NoticesQuery {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let limit = fields.optional("limit", parse::integer_in(1, ROWS_MAX));
        Some(Self {
            incident_id: fields.optional("incident_id", parse::id),
            contact: fields.optional("contact", parse::text),
            state: fields.optional("state", parse::one_of(&NoticeState::WORDS)),
            limit: limit.unwrap_or(ROWS_DEFAULT),
            after: fields.optional("after", parse::id),
        })
    }
}

impl NoticesQuery {
    fn includes(&self, notice: &Notice) -> bool {
        self.incident_id.is_none_or(|id| notice.subject.incident() == Some(id))
            && self.contact.as_ref().is_none_or(|name| *name == notice.contact)
            && self.state.is_none_or(|word| word == notice.state.as_str())
            && self.after.is_none_or(|id| notice.id < id)
    }
}

/// Notices, the newest first. The last 20,000 are kept.
#[utoipa::path(
    get,
    path = "/api/notices",
    tag = "incidents",
    params(NoticesQuery),
    responses((status = 200, body = Vec<NoticeView>))
)]
async fn list_notices(
    State(state): State<ApiState>,
    OriginalUri(uri): OriginalUri,
    Query422(query): Query422<NoticesQuery>,
) -> Result<Response, ApiError> {
    let snapshot = state.handle().read();
    let limit = usize::try_from(query.limit).expect("at most ROWS_MAX");
    let found = run_blocking(move || -> Result<Vec<Notice>, StoreError> {
        let is_wanted = |it: &Result<Notice, StoreError>| {
            it.as_ref().map_or(true, |notice| query.includes(notice))
        };
        // One more shows that there is a next page.
        match query.incident_id {
            Some(id) => {
                let of_incident = snapshot.notices_of(id)?.into_iter().rev();
                Ok(of_incident.filter(|it| query.includes(it)).take(limit + 1).collect())
            }
            None => snapshot.notices(query.after)?.filter(is_wanted).take(limit + 1).collect(),
        }
    });
    let mut found = found.await??;
    let has_more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| has_more).map(|last| last.id);
    let views: Vec<NoticeView> = found.into_iter().map(NoticeView::from).collect();
    let mut response = Json(views).into_response();
    let path = uri.path_and_query().map_or_else(|| uri.path().to_owned(), ToString::to_string);
    let next = next.map(|next| next_link(&path, next));
    if let Some(link) = next.and_then(|link| HeaderValue::try_from(link).ok()) {
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}

/// Who is told of incidents, and in which order.
#[derive(Serialize, ToSchema)]
#[schema(as = Contacts)]
struct ContactsView {
    contacts: Vec<ContactView>,
    escalation: Vec<EscalationStepView>,
    /// Null without one.
    heartbeat: Option<HeartbeatView>,
    /// The address that the links in notices begin with.
    page_url: String,
}

/// Somebody who is told of incidents and sent reports.
#[derive(Serialize, ToSchema)]
#[schema(as = Contact)]
struct ContactView {
    name: String,
    /// `email` or `webhook`.
    channel: &'static str,
    /// The form of a webhook.
    form: Option<&'static str>,
    /// The address without its secrets.
    address: String,
    severities: Vec<&'static str>,
    quiet_hours: Option<QuietHoursView>,
    /// The kinds of reports that are sent to it.
    reports: Vec<&'static str>,
    /// Notices that are due and not delivered.
    waiting_count: usize,
    /// Attempts that failed since the last one that succeeded.
    failure_count: u32,
    /// Whether they are so many that it is an incident.
    is_failing: bool,
    /// Why the last attempt failed.
    error: Option<String>,
    /// When a message was last accepted, since the start of the service.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_sent_at: Option<Time>,
}

/// Hours of each day, in the time zone of `/api/jobs`, at whose end some incidents are told.
#[derive(Serialize, ToSchema)]
#[schema(as = QuietHours)]
struct QuietHoursView {
    #[schema(example = "22:00")]
    from: String,
    #[schema(example = "06:00")]
    to: String,
    /// The severities that wait.
    severities: Vec<&'static str>,
}

/// Who is told how long after the beginning of an incident that nobody acknowledged.
#[derive(Serialize, ToSchema)]
#[schema(as = EscalationStep)]
struct EscalationStepView {
    after_s: i64,
    /// Names of contacts.
    contacts: Vec<String>,
}

/// The address that is called as long as the service works.
#[derive(Serialize, ToSchema)]
#[schema(as = Heartbeat)]
struct HeartbeatView {
    /// When a call was last answered, since the start of the service.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_ok_at: Option<Time>,
    /// Why the last call failed; null if it was answered.
    error: Option<String>,
}

impl ContactView {
    fn new(notices: &NoticesHandle, contact: &Contact) -> Self {
        let state = notices.state_of(contact);
        let form = match &contact.channel {
            Channel::Webhook(webhook) => Some(webhook.form().as_str()),
            Channel::Email { .. } => None,
        };
        Self {
            name: contact.name.clone(),
            channel: contact.channel.as_str(),
            form,
            address: contact.channel.masked(),
            severities: words(&contact.severities),
            quiet_hours: contact.quiet_hours.as_ref().map(QuietHoursView::from),
            reports: contact.reports.iter().map(|kind| kind.as_str()).collect(),
            waiting_count: state.waiting_count,
            failure_count: state.failures,
            is_failing: state.is_failing,
            error: state.error,
            last_sent_at: state.last_sent_at.map(Time),
        }
    }
}

impl From<&QuietHours> for QuietHoursView {
    fn from(hours: &QuietHours) -> Self {
        let clock = |minutes: u16| format!("{:02}:{:02}", minutes / 60, minutes % 60);
        Self {
            from: clock(hours.start_min),
            to: clock(hours.end_min),
            severities: words(&hours.severities),
        }
    }
}

fn words(severities: &[Severity]) -> Vec<&'static str> {
    severities.iter().map(|severity| severity.as_str()).collect()
}

/// The contacts as they are configured, without their secrets, and how delivery to them goes.
#[utoipa::path(
    get,
    path = "/api/contacts",
    tag = "incidents",
    responses((status = 200, body = ContactsView))
)]
async fn list_contacts(State(state): State<ApiState>) -> Json<ContactsView> {
    let notices = state.notices();
    let policy = notices.policy();
    let steps = policy.steps.iter().map(|step| EscalationStepView {
        after_s: step.after_us / SECOND_US,
        contacts: step.contacts.clone(),
    });
    Json(ContactsView {
        contacts: policy.contacts.iter().map(|it| ContactView::new(notices, it)).collect(),
        escalation: steps.filter(|step| !step.contacts.is_empty()).collect(),
        heartbeat: notices
            .heartbeat()
            .map(|log| HeartbeatView { last_ok_at: log.last_ok_at.map(Time), error: log.error }),
        page_url: notices.site().page_url.clone(),
    })
}

/// Whom to send a test.
#[derive(ToSchema)]
#[schema(as = NoticeTestBody)]
struct NoticeTestBody {
    /// The name of a contact; all if it is absent.
    #[schema(value_type = Option<String>)]
    contact: Option<String>,
}

impl FromFields for NoticeTestBody {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let contact = fields.nullable("contact", parse::optional_line(NAME_CHARS_MAX));
        Some(Self { contact: contact.flatten().flatten() })
    }
}

/// The outcome of a test.
#[derive(Serialize, ToSchema)]
#[schema(as = NoticeTest)]
struct NoticeTestView {
    contact: String,
    /// Whether the receiver accepted it.
    is_ok: bool,
    /// What the receiver answered.
    answer: Option<String>,
    /// Why it was not delivered.
    error: Option<String>,
}

impl From<NoticeTest> for NoticeTestView {
    fn from(NoticeTest { contact, outcome, .. }: NoticeTest) -> Self {
        let is_ok = outcome.is_ok();
        let (answer, error) = match outcome {
            Ok(answer) => (Some(answer), None),
            Err(error) => (None, Some(error.to_string())),
        };
        Self { contact, is_ok, answer, error }
    }
}

/// Sends a test message to a contact, or to all of them, and waits up to 20 s for their answers.
#[utoipa::path(
    post,
    path = "/api/notices/test",
    tag = "incidents",
    request_body = NoticeTestBody,
    responses((status = 200, body = Vec<NoticeTestView>))
)]
async fn test_notices(
    State(state): State<ApiState>,
    Origin(origin): Origin,
    Body422(body): Body422<NoticeTestBody>,
) -> Result<Json<Vec<NoticeTestView>>, ApiError> {
    let tested = state.notices().test(body.contact.as_deref()).await;
    let tested = tested.map_err(|_| ApiError::NotFound("There is no contact of this name"))?;
    let details = json!({ "contact": body.contact });
    state.record_if_space(origin, "send test notice", details).await?;
    Ok(Json(tested.into_iter().map(NoticeTestView::from).collect()))
}
