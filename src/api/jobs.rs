//! Scheduled jobs: their schedules and their last runs.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa::openapi::schema::Schema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::{ApiError, ErrorBody};
use super::extract::{Body422, Origin, PathName};
use super::state::ApiState;
use super::validation::{Fields, FromFields, parse};
use crate::domain::Timestamp;
use crate::jobs::{
    JobError, JobPatch, JobRun, JobStatus, JobsHandle, RunResult, Schedule, Trigger,
};
use crate::util::Zone;
use crate::wire::{Time, words_schema};

/// Most runs shown of each job.
const RUNS_SHOWN: usize = 20;

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(jobs))
        .routes(routes!(job, change_job))
        .routes(routes!(run_job))
}

/// Every job of the appliance.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Jobs)]
pub struct JobsView {
    /// The time zone of the schedules: a name such as `Europe/Berlin`, or an offset if the zone has
    /// no name.
    timezone: String,
    /// Its distance from UTC now, such as `+01:00`.
    utc_offset: String,
    /// Why the zone is UTC although the host is set to another one.
    timezone_fault: Option<String>,
    jobs: Vec<JobView>,
}

/// One job.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Job)]
pub struct JobView {
    name: &'static str,
    title: &'static str,
    /// Five cron fields, in the time zone of `/api/jobs`.
    schedule: String,
    default_schedule: &'static str,
    is_enabled: bool,
    /// Null while it is disabled.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_run_at: Option<Time>,
    /// The same time in `timezone`: `2026-11-29T02:15:00+01:00`.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_run_local: Option<String>,
    /// The current run.
    running: Option<RunView>,
    /// Runs that have ended, newest first; at most 20.
    runs: Vec<RunView>,
}

/// One run of a job.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = JobRun)]
pub struct RunView {
    /// Grows by one with each run of the same job.
    id: u64,
    /// `missed`: it was due while the host was off.
    #[schema(schema_with = trigger_schema)]
    trigger: &'static str,
    #[schema(value_type = String, format = DateTime)]
    started_at: Time,
    /// The same time in `timezone`.
    #[schema(value_type = String, format = DateTime)]
    started_local: String,
    /// Null while it runs, and if the process ended during the run.
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Time>,
    duration_ms: Option<u64>,
    #[schema(schema_with = result_schema)]
    result: &'static str,
    /// The outcome in one sentence.
    message: Option<String>,
    /// The last lines that it logged.
    log: Vec<String>,
    /// The report that it kept.
    report_id: Option<u64>,
}

impl JobsView {
    pub async fn of(jobs: &JobsHandle) -> Result<Self, JobError> {
        let (zone, now) = (jobs.zone(), jiff_time(jobs.now()));
        let views = jobs.list().await?.into_iter().map(|job| JobView::new(job, zone));
        Ok(Self {
            timezone: zone.name(now),
            utc_offset: zone.offset(now),
            timezone_fault: zone.error().map(str::to_owned),
            jobs: views.collect(),
        })
    }
}

impl JobView {
    pub fn new(job: JobStatus, zone: &Zone) -> Self {
        Self {
            name: job.name,
            title: job.title,
            schedule: job.schedule,
            default_schedule: job.default_schedule,
            is_enabled: job.is_enabled,
            next_run_at: job.next_run_at.map(Time),
            next_run_local: job.next_run_at.map(|at| local(zone, at)),
            running: job.running.map(|run| RunView::new(run, zone)),
            runs: job
                .runs
                .into_iter()
                .take(RUNS_SHOWN)
                .map(|run| RunView::new(run, zone))
                .collect(),
        }
    }
}

impl RunView {
    pub fn new(run: JobRun, zone: &Zone) -> Self {
        let duration_us = run.ended_at.map(|end| end.0.saturating_sub(run.started_at.0));
        Self {
            id: run.id,
            trigger: run.trigger.as_str(),
            started_at: Time(run.started_at),
            started_local: local(zone, run.started_at),
            ended_at: run.ended_at.map(Time),
            duration_ms: duration_us.map(|us| u64::try_from(us / 1000).unwrap_or(0)),
            result: run.result.as_str(),
            message: run.message,
            log: run.log,
            report_id: run.report,
        }
    }
}

fn local(zone: &Zone, at: Timestamp) -> String {
    zone.local(jiff_time(at))
}

fn jiff_time(at: Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_microsecond(at.0).unwrap_or_default()
}

fn trigger_schema() -> Schema {
    words_schema(Trigger::ALL.map(Trigger::as_str))
}

fn result_schema() -> Schema {
    words_schema(RunResult::ALL.map(RunResult::as_str))
}

/// Changes to a job; absent keys do not change.
#[derive(ToSchema)]
#[schema(as = JobPatch)]
struct JobPatchBody {
    /// Five cron fields (minute, hour, day of month, month, day of week) in the time zone of
    /// `/api/jobs`, or an alias such as `@daily`; null restores the default.
    #[schema(value_type = Option<String>, example = "15 2 * * *")]
    schedule: Option<Option<Schedule>>,
    #[schema(value_type = Option<bool>, nullable = false)]
    is_enabled: Option<bool>,
}

impl FromFields for JobPatchBody {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self {
            schedule: fields.nullable("schedule", parse::schedule),
            is_enabled: fields.present("is_enabled", parse::boolean),
        })
    }
}

/// Every job with its next and its last runs.
#[utoipa::path(
    get,
    path = "/api/jobs",
    tag = "jobs",
    responses((status = 200, body = JobsView))
)]
async fn jobs(State(state): State<ApiState>) -> Result<Json<JobsView>, ApiError> {
    Ok(Json(JobsView::of(state.jobs()).await?))
}

/// One job.
#[utoipa::path(
    get,
    path = "/api/jobs/{name}",
    tag = "jobs",
    params(("name" = String, Path)),
    responses((status = 200, body = JobView))
)]
async fn job(
    State(state): State<ApiState>,
    PathName(name): PathName,
) -> Result<Json<JobView>, ApiError> {
    let jobs = state.jobs();
    Ok(Json(JobView::new(jobs.get(&name).await?, jobs.zone())))
}

/// Reschedules, enables or disables a job. The change persists across restarts.
#[utoipa::path(
    patch,
    path = "/api/jobs/{name}",
    tag = "jobs",
    params(("name" = String, Path)),
    request_body = JobPatchBody,
    responses((status = 200, body = JobView))
)]
async fn change_job(
    State(state): State<ApiState>,
    PathName(name): PathName,
    Origin(origin): Origin,
    Body422(body): Body422<JobPatchBody>,
) -> Result<Json<JobView>, ApiError> {
    let schedule = body.schedule.map(|schedule| schedule.map(|schedule| schedule.as_str().into()));
    let patch = JobPatch { schedule, is_enabled: body.is_enabled };
    let jobs = state.jobs();
    let before = jobs.get(&name).await?;
    let after = jobs.set(&name, patch).await?;
    let details = json!({ "job": name, "before": job_plan(&before), "after": job_plan(&after) });
    state.record(origin, "change job", details).await?;
    Ok(Json(JobView::new(after, jobs.zone())))
}

/// When a job runs, for the audit trail.
pub fn job_plan(job: &JobStatus) -> Value {
    json!({ "schedule": job.schedule.as_str(), "is_enabled": job.is_enabled })
}

/// Starts a job now, even if it is disabled. The answer does not wait for its end.
#[utoipa::path(
    post,
    path = "/api/jobs/{name}/run",
    tag = "jobs",
    params(("name" = String, Path)),
    responses(
        (status = 202, body = RunView),
        (status = 409, description = "It is running already", body = ErrorBody),
    )
)]
async fn run_job(
    State(state): State<ApiState>,
    PathName(name): PathName,
    Origin(origin): Origin,
) -> Result<(StatusCode, Json<RunView>), ApiError> {
    let jobs = state.jobs();
    let run = jobs.run_now(&name, Trigger::Manual).await?;
    state.record_if_space(origin, "run job", json!({ "job": name, "run": run.id })).await?;
    Ok((StatusCode::ACCEPTED, Json(RunView::new(run, jobs.zone()))))
}
