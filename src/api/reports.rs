//! Reports: what the jobs of the runbook found.
#![expect(unused_qualifications, reason = "utoipa's `params` expands to a qualified name")]

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::openapi::schema::Schema;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::ApiError;
use super::extract::{PathId, Query422};
use super::state::ApiState;
use super::validation::{Fields, FromFields, parse};
use crate::domain::Timestamp;
use crate::jobs::JobStatus;
use crate::query::report_text;
use crate::store::{
    Report, ReportFact, ReportHead, ReportKind, ReportResult, ReportSection, ReportTable,
    ReportValue,
};
use crate::util::run_blocking;
use crate::wire::{Time, words_schema};

/// Most reports in one answer, about 150 kB.
const ROWS_MAX: u64 = 500;
const ROWS_DEFAULT: u64 = 50;

const KIND_ERROR: &str = "Input should be a kind of report, such as 'daily_review'";

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list_reports))
        .routes(routes!(get_report))
        .routes(routes!(get_report_text))
}

/// A report in a list.
#[derive(Serialize, ToSchema)]
#[schema(as = ReportHead)]
struct ReportHeadView {
    /// Grows by one with each report.
    id: u64,
    #[schema(schema_with = kind_schema)]
    kind: &'static str,
    title: &'static str,
    #[schema(value_type = String, format = DateTime)]
    started_at: Time,
    #[schema(value_type = String, format = DateTime)]
    ended_at: Time,
    /// `warning`: it was done, and a person should look at what it found. `failed`: it could not be done,
    /// or what it tested does not work.
    #[schema(schema_with = result_schema)]
    result: &'static str,
    /// What was found, in a sentence or two.
    summary: String,
}

/// A report as a whole.
#[derive(Serialize, ToSchema)]
#[schema(as = Report)]
struct ReportView {
    #[serde(flatten)]
    head: ReportHeadView,
    /// The run that kept it; null if that is no longer among the last 50 of its job.
    run: Option<ReportRunView>,
    sections: Vec<ReportSectionView>,
}

/// The run of a job.
#[derive(Serialize, ToSchema)]
#[schema(as = ReportRun)]
struct ReportRunView {
    /// The name of the job.
    job: &'static str,
    id: u64,
}

/// A part of a report: a title, then what there is of a sentence, values by name, and a table.
#[derive(Serialize, ToSchema)]
#[schema(as = ReportSection)]
struct ReportSectionView {
    title: String,
    text: Option<String>,
    facts: Vec<ReportFactView>,
    table: Option<ReportTableView>,
}

/// A value with its name.
#[derive(Serialize, ToSchema)]
#[schema(as = ReportFact)]
struct ReportFactView {
    label: String,
    value: Option<ReportValueView>,
}

/// Rows with as many values as there are columns.
#[derive(Serialize, ToSchema)]
#[schema(as = ReportTable)]
struct ReportTableView {
    columns: Vec<String>,
    /// A value is null if it is not known, or there is none.
    rows: Vec<Vec<Option<ReportValueView>>>,
    /// Rows that were left out because the report would be too long.
    omitted_count: u64,
}

/// A value and its unit.
#[derive(Serialize, ToSchema)]
#[schema(as = ReportValue)]
#[serde(tag = "unit", content = "value", rename_all = "snake_case")]
enum ReportValueView {
    Text(String),
    Count(u64),
    Bytes(u64),
    Seconds(f64),
    Percent(f64),
    /// As all times are: `2026-11-29T02:15:00.000000Z`.
    Time(String),
}

/// Which reports.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
struct ReportsQuery {
    /// Only reports of this kind, such as `daily_review`.
    #[param(value_type = Option<String>)]
    kind: Option<ReportKind>,
    /// How many at most.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 500, default = 50)]
    limit: u64,
    /// Only reports with a smaller id.
    #[param(value_type = Option<u64>)]
    before: Option<u64>,
}

impl FromFields for ReportsQuery {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let kind = fields.present("kind", parse::read(ReportKind::parse, KIND_ERROR));
        let limit = fields.present("limit", parse::integer_in(1, ROWS_MAX));
        let before = fields.present("before", parse::integer_in(0, u64::MAX));
        Some(Self { kind, limit: limit.unwrap_or(ROWS_DEFAULT), before })
    }
}

/// What the jobs of the runbook found, the newest first. Reports are kept for 400 days, and at most 500 of a
/// kind.
#[utoipa::path(
    get,
    path = "/api/reports",
    tag = "runbook",
    params(ReportsQuery),
    responses((status = 200, body = Vec<ReportHeadView>))
)]
async fn list_reports(
    State(state): State<ApiState>,
    Query422(ReportsQuery { kind, limit, before }): Query422<ReportsQuery>,
) -> Result<Json<Vec<ReportHeadView>>, ApiError> {
    let snapshot = state.handle().read();
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let heads = run_blocking(move || snapshot.reports(kind, before, limit)).await??;
    Ok(Json(heads.into_iter().map(ReportHeadView::from).collect()))
}

/// A report as a whole; each of its values has a unit.
#[utoipa::path(
    get,
    path = "/api/reports/{id}",
    tag = "runbook",
    params(("id" = u64, Path)),
    responses((status = 200, body = ReportView))
)]
async fn get_report(
    State(state): State<ApiState>,
    PathId(id): PathId,
) -> Result<Json<ReportView>, ApiError> {
    let Report { head, sections } = read_report(&state, id)?;
    let run = run_of(state.jobs().list().await?, id);
    Ok(Json(ReportView {
        head: head.into(),
        run,
        sections: sections.into_iter().map(Into::into).collect(),
    }))
}

/// A report as plain text.
#[utoipa::path(
    get,
    path = "/api/reports/{id}/text",
    tag = "runbook",
    params(("id" = u64, Path)),
    responses((status = 200, body = String, content_type = "text/plain"))
)]
async fn get_report_text(
    State(state): State<ApiState>,
    PathId(id): PathId,
) -> Result<Response, ApiError> {
    let text = report_text(&read_report(&state, id)?);
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response())
}

fn read_report(state: &ApiState, id: u64) -> Result<Report, ApiError> {
    state.handle().read().report(id)?.ok_or(ApiError::NotFound("Report not found"))
}

impl From<ReportHead> for ReportHeadView {
    fn from(head: ReportHead) -> Self {
        Self {
            id: head.id,
            kind: head.kind.as_str(),
            title: head.kind.title(),
            started_at: Time(head.started_at),
            ended_at: Time(head.ended_at),
            result: head.result.as_str(),
            summary: head.summary,
        }
    }
}

/// The run that kept the report with this id.
fn run_of(jobs: Vec<JobStatus>, id: u64) -> Option<ReportRunView> {
    jobs.into_iter().find_map(|job| {
        let run = job.runs.into_iter().find(|run| run.report == Some(id))?;
        Some(ReportRunView { job: job.name, id: run.id })
    })
}

impl From<ReportSection> for ReportSectionView {
    fn from(ReportSection { title, text, facts, table }: ReportSection) -> Self {
        let facts = facts
            .into_iter()
            .map(|ReportFact { label, value }| ReportFactView { label, value: value_view(value) });
        Self { title, text, facts: facts.collect(), table: table.map(Into::into) }
    }
}

impl From<ReportTable> for ReportTableView {
    fn from(ReportTable { columns, rows, omitted }: ReportTable) -> Self {
        let rows = rows.into_iter().map(|row| row.into_iter().map(value_view).collect());
        Self { columns, rows: rows.collect(), omitted_count: omitted }
    }
}

fn value_view(value: ReportValue) -> Option<ReportValueView> {
    Some(match value {
        ReportValue::Absent => return None,
        ReportValue::Text(text) => ReportValueView::Text(text),
        ReportValue::Count(count) => ReportValueView::Count(count),
        ReportValue::Bytes(bytes) => ReportValueView::Bytes(bytes),
        ReportValue::Seconds(seconds) => ReportValueView::Seconds(seconds),
        ReportValue::Percent(percent) => ReportValueView::Percent(percent),
        ReportValue::Time(micros) => ReportValueView::Time(Time(Timestamp(micros)).to_string()),
    })
}

fn kind_schema() -> Schema {
    words_schema(ReportKind::ALL.map(ReportKind::as_str))
}

fn result_schema() -> Schema {
    words_schema(ReportResult::ALL.map(ReportResult::as_str))
}
