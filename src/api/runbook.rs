//! The runbook: every duty with its state and evidence, and what people record.
#![expect(unused_qualifications, reason = "utoipa's `params` expands to a qualified name")]

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::json;
use tracing::{info, warn};
use utoipa::openapi::schema::Schema;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::ApiError;
use super::extract::{Body422, Origin, PathName, Query422};
use super::health::verdict;
use super::state::ApiState;
use super::sync::message;
use super::topology::shared_summary;
use super::validation::{Fields, FromFields, parse};
use crate::domain::{EntityKind, Timestamp};
use crate::engine::DataVolume;
use crate::health::CheckState;
use crate::jobs::JobError;
use crate::runbook::{
    DUTY_PREFIX, DoneBy, Duty, DutyRecord, DutyState, Frequency, HealthFacts, ReadFacts,
    ReportFacts, RunbookFacts, VolumeFacts, duties, duty_keys, report_kind,
};
use crate::store::{AuditEvent, ReportHead, ReportResult, Snapshot, StoreError};
use crate::wire::{Time, words_schema};

/// The check that asks for the list of devices as a client does.
const HTTP_CHECK: &str = "http.response";
/// Reports of a kind in which a warning is looked for: a month of daily ones.
const REPORTS_SEARCHED: usize = 31;
/// Longest name of a person, and longest note: half a page.
const NAME_CHARS_MAX: usize = 100;
const NOTE_CHARS_MAX: usize = 1000;
const RECORDS_DEFAULT: u64 = 50;
const RECORDS_MAX: u64 = 500;

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(runbook))
        .routes(routes!(list_duty_records, add_duty_record))
}

/// Every duty of the site.
#[derive(Serialize, ToSchema)]
#[schema(as = Runbook)]
struct RunbookView {
    duties: Vec<DutyView>,
}

/// A duty: who does it, when it was last done, and what shows that.
#[derive(Serialize, ToSchema)]
#[schema(as = Duty)]
struct DutyView {
    /// Its name in paths; it never changes.
    key: &'static str,
    title: &'static str,
    #[schema(schema_with = frequency_schema)]
    frequency: &'static str,
    /// What the appliance reviews is the operator's while a person should look at what it found.
    #[schema(schema_with = done_by_schema)]
    done_by: &'static str,
    /// `due`: a person has to do it now; `warning`: it was not done in time, or not as it should be.
    #[schema(schema_with = state_schema)]
    state: &'static str,
    /// What shows the state.
    evidence: String,
    /// A command that does it, or shows more, on the host.
    command: Option<&'static str>,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_done_at: Option<Time>,
    #[schema(value_type = Option<String>, format = DateTime)]
    next_due_at: Option<Time>,
    /// When it becomes an incident; null if the appliance does it, and while there is nothing to do.
    #[schema(value_type = Option<String>, format = DateTime)]
    overdue_at: Option<Time>,
    /// What a person recorded last.
    last_record: Option<DutyRecordView>,
    /// The page with the details, under the base path.
    page: &'static str,
    /// How it is done at once.
    action: Option<DutyActionView>,
    /// The newest report of it.
    report_id: Option<u64>,
}

/// A request that does a duty.
#[derive(Serialize, ToSchema)]
#[schema(as = DutyAction)]
struct DutyActionView {
    label: &'static str,
    /// The path under the base path, for a `POST` without a body.
    path: &'static str,
}

/// One time that a person did a duty.
#[derive(Serialize, ToSchema)]
#[schema(as = DutyRecord)]
struct DutyRecordView {
    /// Grows by one with each record of the same duty.
    id: u64,
    #[schema(value_type = String, format = DateTime)]
    at: Time,
    /// Who did it.
    name: String,
    note: Option<String>,
}

/// Who did a duty, and what there is to say.
#[derive(ToSchema)]
#[schema(as = DutyRecordBody)]
struct RecordBody {
    /// The name of the person.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    #[schema(value_type = Option<String>, max_length = 1000)]
    note: Option<String>,
}

impl FromFields for RecordBody {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let name = fields.required("name", parse::line(NAME_CHARS_MAX));
        let note = fields.nullable("note", parse::optional_line(NOTE_CHARS_MAX));
        Some(Self { name: name?, note: note.flatten().flatten() })
    }
}

/// Which records.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
struct RecordsQuery {
    /// How many at most.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 500, default = 50)]
    limit: u64,
    /// Only records with a smaller id.
    #[param(value_type = Option<u64>)]
    before: Option<u64>,
}

impl FromFields for RecordsQuery {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let limit = fields.present("limit", parse::integer_in(1, RECORDS_MAX));
        let before = fields.present("before", parse::integer_in(0, u64::MAX));
        Some(Self { limit: limit.unwrap_or(RECORDS_DEFAULT), before })
    }
}

/// Every duty that keeps the site running: who does it, when it was last done, what shows that, and when
/// it is due next.
#[utoipa::path(
    get,
    path = "/api/runbook",
    tag = "runbook",
    responses((status = 200, body = RunbookView))
)]
async fn runbook(State(state): State<ApiState>) -> Result<Json<RunbookView>, ApiError> {
    let duties = state.duties().await?;
    Ok(Json(RunbookView { duties: duties.into_iter().map(DutyView::from).collect() }))
}

/// What people recorded of a duty, the newest first. The last 1,200 are kept.
#[utoipa::path(
    get,
    path = "/api/runbook/{key}/records",
    tag = "runbook",
    params(("key" = String, Path), RecordsQuery),
    responses((status = 200, body = Vec<DutyRecordView>))
)]
async fn list_duty_records(
    State(state): State<ApiState>,
    PathName(key): PathName,
    Query422(RecordsQuery { limit, before }): Query422<RecordsQuery>,
) -> Result<Json<Vec<DutyRecordView>>, ApiError> {
    let key = known_key(&key)?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let records = state.handle().read().duty_records(key, before, limit)?;
    Ok(Json(records.into_iter().map(DutyRecordView::from).collect()))
}

/// Records that a person did a duty now.
#[utoipa::path(
    post,
    path = "/api/runbook/{key}/records",
    tag = "runbook",
    params(("key" = String, Path)),
    request_body = RecordBody,
    responses((status = 201, body = DutyRecordView))
)]
async fn add_duty_record(
    State(state): State<ApiState>,
    PathName(key): PathName,
    Origin(origin): Origin,
    Body422(RecordBody { name, note }): Body422<RecordBody>,
) -> Result<(StatusCode, Json<DutyRecordView>), ApiError> {
    let key = known_key(&key)?;
    let at = state.handle().now();
    let event = AuditEvent::done(origin, "record duty", json!({ "duty": key, "name": name }));
    let id = state.handle().add_duty_record(key, at, name.clone(), note.clone(), event).await?;
    info!(duty.key = key, "The duty {key} was recorded as done");
    // Otherwise the incident closes when the duties are looked at next.
    let cleared = state.incidents().clear(format!("{DUTY_PREFIX}{key}")).await;
    if let Err(error) = cleared {
        warn!(%error, "The incident of the duty {key} is not closed yet");
    }
    Ok((StatusCode::CREATED, Json(DutyRecord { id, at, name, note }.into())))
}

fn known_key(key: &str) -> Result<&'static str, ApiError> {
    duty_keys().find(|known| *known == key).ok_or(ApiError::NotFound("Duty not found"))
}

impl ApiState {
    /// Returns every duty as it stands now.
    ///
    /// # Errors
    /// [`JobError::Engine`], [`JobError::Store`] and [`JobError::Stopping`].
    pub async fn duties(&self) -> Result<Vec<Duty>, JobError> {
        let volume = self.handle().observe_volume().await;
        let (status, reason) = verdict(volume.as_ref(), self);
        let backups = self.backups().observe().await;
        let jobs = self.jobs().list().await?;
        let overridden_count = shared_summary(self).await?.1.overridden_count;
        let sync = self.sync().status();
        let snapshot = self.handle().read();
        let seq = snapshot.seq();
        let behind_seq = sync.applied_seq.map_or(0, |applied| seq.saturating_sub(applied));
        let records = newest_records(&snapshot)?;
        let facts = RunbookFacts {
            now: self.handle().now(),
            created_at: snapshot.created_at()?,
            health: HealthFacts { status, reason },
            read: ReadFacts {
                device_count: snapshot.count(EntityKind::Device)?,
                seq,
                asked: self.asked_over_http(),
            },
            sync: &sync,
            sync_message: message(&sync, behind_seq),
            backups: backups.as_ref().map_err(ToString::to_string),
            jobs: &jobs,
            overridden_count,
            volume: volume.as_ref().map(volume_facts).map_err(ToString::to_string),
            reports: report_facts(&snapshot, &records)?,
            records,
        };
        Ok(duties(&facts))
    }

    /// What the check of the own address last found.
    fn asked_over_http(&self) -> Option<(Timestamp, Result<(), String>)> {
        let checks = self.health().checks();
        let check = checks.into_iter().find(|check| check.spec.id == HTTP_CHECK)?;
        let found = match check.state {
            CheckState::Critical if check.value.is_none() => Err(check.message.unwrap_or_default()),
            _ => Ok(()),
        };
        Some((check.checked_at?, found))
    }
}

fn volume_facts(volume: &DataVolume) -> VolumeFacts {
    let (free_bytes, total_bytes) = (volume.space.free_bytes, volume.space.total_bytes);
    VolumeFacts { free_bytes, total_bytes, is_writable: volume.is_writable() }
}

fn newest_records(snapshot: &Snapshot) -> Result<BTreeMap<&'static str, DutyRecord>, StoreError> {
    let newest = duty_keys().map(|key| {
        let record = snapshot.duty_records(key, None, 1)?.pop();
        Ok(record.map(|record| (key, record)))
    });
    newest.filter_map(Result::transpose).collect()
}

/// Of each kind, the report that its duty shows: the newest one, unless all was in order then and there is a
/// warning before it that nobody has looked at.
fn report_facts(
    snapshot: &Snapshot,
    records: &BTreeMap<&'static str, DutyRecord>,
) -> Result<Vec<ReportFacts>, StoreError> {
    let mut facts = Vec::new();
    for (key, kind) in duty_keys().filter_map(|key| Some((key, report_kind(key)?))) {
        let seen_at = records.get(key).map(|record| record.at);
        let reports = snapshot.reports(Some(kind), None, REPORTS_SEARCHED)?;
        let Some(newest) = reports.first() else { continue };
        let unseen = reports
            .iter()
            .take_while(|report| seen_at.is_none_or(|at| report.ended_at > at))
            .filter(|report| report.result == ReportResult::Warning);
        let unseen: Vec<&ReportHead> = unseen.collect();
        let shown = unseen.first().filter(|_| newest.result == ReportResult::Ok);
        facts.push(ReportFacts {
            shown: (*shown.unwrap_or(&newest)).clone(),
            unseen_since: unseen.last().map(|oldest| oldest.ended_at),
        });
    }
    Ok(facts)
}

impl From<Duty> for DutyView {
    fn from(duty: Duty) -> Self {
        Self {
            key: duty.key,
            title: duty.title,
            frequency: duty.frequency.as_str(),
            done_by: duty.done_by.as_str(),
            state: duty.state.as_str(),
            evidence: duty.evidence,
            command: duty.command,
            last_done_at: duty.last_done_at.map(Time),
            next_due_at: duty.next_due_at.map(Time),
            overdue_at: duty.overdue_at.map(Time),
            last_record: duty.last_record.map(DutyRecordView::from),
            page: duty.page,
            action: duty
                .action
                .map(|action| DutyActionView { label: action.label, path: action.path }),
            report_id: duty.report_id,
        }
    }
}

impl From<DutyRecord> for DutyRecordView {
    fn from(record: DutyRecord) -> Self {
        let DutyRecord { id, at, name, note } = record;
        Self { id, at: Time(at), name, note }
    }
}

fn frequency_schema() -> Schema {
    words_schema(Frequency::ALL.map(Frequency::as_str))
}

fn done_by_schema() -> Schema {
    words_schema(DoneBy::ALL.map(DoneBy::as_str))
}

fn state_schema() -> Schema {
    words_schema(DutyState::ALL.map(DutyState::as_str))
}
