//! The checks of the appliance: what they say, their history, and running them.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::Schema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::ApiError;
use super::extract::{PathName, Query422};
use super::history::{HistoryQuery, HistoryValues};
use super::state::ApiState;
use crate::domain::Timestamp;
use crate::health::{
    CheckGroup, CheckSpec, CheckState, CheckStatus, CheckUnit, HealthError, LimitSide, Threshold,
};
use crate::query::{HistoryRange, series_history};
use crate::store::{Bucket, Snapshot, StoreError};
use crate::util::run_blocking;
use crate::wire::{Time, words_schema};

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(run_checks))
        .routes(routes!(run_check))
        .routes(routes!(check_history))
}

/// A check and what it says now.
#[derive(Serialize, ToSchema)]
#[schema(as = HealthCheck)]
pub struct CheckView {
    /// Such as `disk.free`.
    id: &'static str,
    #[schema(schema_with = group_schema)]
    group: &'static str,
    /// What is measured.
    title: &'static str,
    /// `unknown` until it was measured, and after three readings in a row failed.
    #[schema(schema_with = state_schema)]
    state: &'static str,
    /// Of the last reading; null if there is none, or what is checked does not work at all.
    value: Option<f64>,
    /// `yes/no` has the values 1 and 0.
    #[schema(schema_with = unit_schema)]
    unit: &'static str,
    /// The value with its unit, for people.
    value_text: Option<String>,
    /// Where a warning begins and ends; null if there is none.
    warning: Option<LimitView>,
    /// Where the critical state begins and ends; null if there is none.
    critical: Option<LimitView>,
    /// When it entered this state; null until it was measured.
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<Time>,
    /// When it was last measured.
    #[schema(value_type = Option<String>, format = DateTime)]
    checked_at: Option<Time>,
    /// The time between two readings.
    interval_s: u64,
    /// What there is to say beside the value, or why there is none.
    message: Option<String>,
    /// What to do; null while there is nothing to do.
    remedy: Option<&'static str>,
}

/// A limit of a check.
#[derive(Serialize, ToSchema)]
#[schema(as = HealthLimit)]
struct LimitView {
    /// `above` or `below`: on which side of the limit the state begins.
    #[schema(schema_with = side_schema)]
    side: &'static str,
    /// The first value of the state.
    enter: f64,
    /// The first value after it: a value between both keeps the state that there is.
    leave: f64,
    /// `enter` with its unit, for people.
    text: String,
}

impl From<CheckStatus> for CheckView {
    fn from(status: CheckStatus) -> Self {
        let CheckStatus { spec, state, value, message, since, checked_at } = status;
        let limit = |threshold: Option<Threshold>| {
            let (limits, Threshold { enter, leave }) = (spec.limits?, threshold?);
            let side = side_word(limits.side);
            Some(LimitView { side, enter, leave, text: spec.unit.text(enter) })
        };
        let is_bad = matches!(state, CheckState::Warning | CheckState::Critical);
        Self {
            id: spec.id,
            group: spec.group.as_str(),
            title: spec.title,
            state: state.as_str(),
            value,
            unit: spec.unit.as_str(),
            value_text: value.map(|value| spec.unit.text(value)),
            warning: limit(spec.limits.and_then(|limits| limits.warning)),
            critical: limit(spec.limits.and_then(|limits| limits.critical)),
            since: since.map(Time),
            checked_at: checked_at.map(Time),
            interval_s: spec.interval.as_secs(),
            message,
            remedy: is_bad.then_some(spec.remedy),
        }
    }
}

/// Checks that were run.
#[derive(Serialize, ToSchema)]
#[schema(as = HealthChecks)]
struct ChecksView {
    checks: Vec<CheckView>,
}

impl ChecksView {
    fn new(checks: Vec<CheckStatus>) -> Json<Self> {
        Json(Self { checks: checks.into_iter().map(CheckView::from).collect() })
    }
}

/// Runs every check now, and returns what they say then.
#[utoipa::path(
    post,
    path = "/api/health/run",
    tag = "health",
    responses((status = 200, body = ChecksView))
)]
async fn run_checks(State(state): State<ApiState>) -> Result<Json<ChecksView>, ApiError> {
    Ok(ChecksView::new(state.health().run(None).await?))
}

/// Runs one check now, and returns what it says then.
#[utoipa::path(
    post,
    path = "/api/health/checks/{id}/run",
    tag = "health",
    params(("id" = String, Path, description = "Such as `disk.free`")),
    responses((status = 200, body = ChecksView))
)]
async fn run_check(
    State(state): State<ApiState>,
    PathName(id): PathName,
) -> Result<Json<ChecksView>, ApiError> {
    Ok(ChecksView::new(state.health().run(Some(&id)).await?))
}

/// The values of a check over time.
#[derive(Serialize, ToSchema)]
pub struct CheckHistory {
    /// The beginning of the first point.
    #[schema(value_type = String, format = DateTime)]
    from: Time,
    #[schema(value_type = String, format = DateTime)]
    to: Time,
    /// The time that each point covers.
    point_s: u64,
    #[schema(schema_with = unit_schema)]
    unit: &'static str,
    /// At most 600, ascending. While nothing was measured there are none.
    points: Vec<CheckPoint>,
}

impl CheckHistory {
    /// The values of the last hours, up to `now`, from a snapshot.
    ///
    /// # Errors
    /// Read errors.
    pub fn of_last_hours(
        snapshot: &Snapshot,
        spec: &CheckSpec,
        hours: u64,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        Self::read(snapshot, spec, HistoryQuery::of_last_hours(hours).range(now))
    }

    /// Whether nothing was measured.
    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    fn read(
        snapshot: &Snapshot,
        spec: &CheckSpec,
        range: HistoryRange,
    ) -> Result<Self, StoreError> {
        let buckets = series_history(snapshot, spec.id, range)?;
        let point = |bucket: Bucket| CheckPoint { at: Time(bucket.at), value: (&bucket).into() };
        let points = buckets.into_iter().map(point).collect();
        let (from, to, point_s) = (Time(range.from), Time(range.to), range.point_us / 1_000_000);
        Ok(Self { from, to, point_s, unit: spec.unit.as_str(), points })
    }
}

/// The values in the time that begins at `at`.
#[derive(Serialize, ToSchema)]
struct CheckPoint {
    #[schema(value_type = String, format = DateTime)]
    at: Time,
    value: HistoryValues,
}

/// The values of a check over time.
#[utoipa::path(
    get,
    path = "/api/health/checks/{id}/history",
    tag = "health",
    params(("id" = String, Path, description = "Such as `disk.free`"), HistoryQuery),
    responses((status = 200, body = CheckHistory))
)]
async fn check_history(
    State(state): State<ApiState>,
    PathName(id): PathName,
    Query422(query): Query422<HistoryQuery>,
) -> Result<Json<CheckHistory>, ApiError> {
    let checks = state.health().checks();
    let found = checks.into_iter().find(|check| check.spec.id == id);
    let spec = found.ok_or(HealthError::NotFound)?.spec;
    let range = query.range(state.handle().now());
    let snapshot = state.handle().read();
    let read = run_blocking(move || CheckHistory::read(&snapshot, &spec, range));
    Ok(Json(read.await??))
}

const fn side_word(side: LimitSide) -> &'static str {
    match side {
        LimitSide::Above => "above",
        LimitSide::Below => "below",
    }
}

fn group_schema() -> Schema {
    words_schema(CheckGroup::ALL.map(CheckGroup::as_str))
}

fn state_schema() -> Schema {
    words_schema(CheckState::ALL.map(CheckState::as_str))
}

fn unit_schema() -> Schema {
    words_schema(CheckUnit::ALL.map(CheckUnit::as_str))
}

fn side_schema() -> Schema {
    words_schema([LimitSide::Above, LimitSide::Below].map(side_word))
}
