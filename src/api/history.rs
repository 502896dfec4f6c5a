//! The history of the network: how many customers had no service, over time.
#![expect(unused_qualifications, reason = "utoipa's `params` expands to a qualified name")]

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::ApiError;
use super::extract::Query422;
use super::state::ApiState;
use super::topology::shared_summary;
use super::validation::{Fields, FromFields, parse};
use crate::domain::{DeviceId, Timestamp};
use crate::engine::EngineError;
use crate::query::{HISTORY_HOURS_MAX, HistoryRange, series_history};
use crate::store::{Bucket, Sample, Snapshot, StoreError};
use crate::util::run_blocking;
use crate::wire::Time;

const HOURS_DEFAULT: u64 = 24;

/// The series of [`HistoryPoint`], which are always recorded together.
const CUSTOMERS: &str = "customers";
const WITHOUT_SERVICE: &str = "customers_without_service";
const DEGRADED: &str = "customers_degraded";
const PLANNED_WORK: &str = "customers_planned_work";

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(customer_history))
}

/// How many customers notice something, at the present time.
#[derive(Clone, Debug, PartialEq)]
pub struct CustomerSamples {
    pub samples: [Sample; 4],
    /// The devices that are affected by planned work.
    pub planned_work: Arc<[DeviceId]>,
}

impl ApiState {
    /// Returns the counts of the summary, to be recorded. They are counted once for all who ask.
    ///
    /// # Errors
    /// [`EngineError::Busy`], [`EngineError::Panicked`] and [`EngineError::Stopped`].
    pub async fn customer_samples(&self) -> Result<CustomerSamples, EngineError> {
        let answer = shared_summary(self).await?.1;
        let counts = [
            (CUSTOMERS, answer.customer_count),
            (WITHOUT_SERVICE, answer.without_service_count),
            (DEGRADED, answer.degraded_count),
            (PLANNED_WORK, answer.planned_work_count),
        ];
        #[expect(clippy::cast_precision_loss, reason = "exact up to 16 million customers")]
        let samples = counts.map(|(series, count)| Sample { series, value: count as f32 });
        Ok(CustomerSamples { samples, planned_work: Arc::clone(&answer.planned_work) })
    }
}

/// Which part of the history.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct HistoryQuery {
    /// The last hours. Not used with `from`.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 9600, default = 24)]
    hours: u64,
    /// The beginning.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// The end; by default the present time.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
}

impl FromFields for HistoryQuery {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let hours = fields.optional("hours", parse::integer_in(1, HISTORY_HOURS_MAX));
        Some(Self {
            hours: hours.unwrap_or(HOURS_DEFAULT),
            from: fields.optional("from", parse::time),
            to: fields.optional("to", parse::time),
        })
    }
}

impl HistoryQuery {
    pub(super) const fn of_last_hours(hours: u64) -> Self {
        Self { hours, from: None, to: None }
    }

    /// Within what is kept.
    pub(super) fn range(&self, now: Timestamp) -> HistoryRange {
        let hours_before = |end: Timestamp, hours: u64| {
            let us = i64::try_from(hours * 3_600_000_000).expect("at most 9,600 hours");
            Timestamp(end.0.saturating_sub(us))
        };
        let to = self.to.unwrap_or(now);
        let from = self.from.unwrap_or_else(|| hours_before(to, self.hours));
        let oldest = hours_before(now, HISTORY_HOURS_MAX);
        HistoryRange::new(from.clamp(oldest, now), to, now)
    }
}

/// Counts of customers over time.
#[derive(Serialize, ToSchema)]
struct CustomerHistory {
    /// The beginning of the first point.
    #[schema(value_type = String, format = DateTime)]
    from: Time,
    #[schema(value_type = String, format = DateTime)]
    to: Time,
    /// The time that each point covers.
    point_s: u64,
    /// At most 600, ascending. While the appliance did not run there are none.
    points: Vec<HistoryPoint>,
}

/// What was counted in the time that begins at `at`.
#[derive(Serialize, ToSchema)]
struct HistoryPoint {
    #[schema(value_type = String, format = DateTime)]
    at: Time,
    /// All customers: leaves in service that fibre is connected with.
    customers: HistoryValues,
    /// Customers that are DOWN, without those behind planned work.
    without_service: HistoryValues,
    /// Customers that are DEGRADED.
    degraded: HistoryValues,
    /// Customers that are DOWN because of planned work.
    planned_work: HistoryValues,
}

/// The least, the greatest and the mean value.
#[derive(Serialize, ToSchema)]
pub(super) struct HistoryValues {
    min: f32,
    max: f32,
    mean: f32,
}

impl From<&Bucket> for HistoryValues {
    fn from(bucket: &Bucket) -> Self {
        let &Bucket { min, max, mean, .. } = bucket;
        Self { min, max, mean }
    }
}

/// How many customers had no service, over time.
#[utoipa::path(
    get,
    path = "/api/history/customers",
    tag = "topology",
    params(HistoryQuery),
    responses((status = 200, body = CustomerHistory))
)]
async fn customer_history(
    State(state): State<ApiState>,
    Query422(query): Query422<HistoryQuery>,
) -> Result<Json<CustomerHistory>, ApiError> {
    let range = query.range(state.handle().now());
    let snapshot = state.handle().read();
    let points = run_blocking(move || points(&snapshot, range)).await??;
    let point_s = range.point_us / 1_000_000;
    Ok(Json(CustomerHistory { from: Time(range.from), to: Time(range.to), point_s, points }))
}

fn points(snapshot: &Snapshot, range: HistoryRange) -> Result<Vec<HistoryPoint>, StoreError> {
    let read = |series| series_history(snapshot, series, range);
    let (customers, without_service) = (read(CUSTOMERS)?, read(WITHOUT_SERVICE)?);
    let (degraded, planned_work) = (read(DEGRADED)?, read(PLANNED_WORK)?);
    let rows = customers.iter().zip(&without_service).zip(degraded.iter().zip(&planned_work));
    let points =
        rows.map(|((customers, without_service), (degraded, planned_work))| HistoryPoint {
            at: Time(customers.at),
            customers: customers.into(),
            without_service: without_service.into(),
            degraded: degraded.into(),
            planned_work: planned_work.into(),
        });
    Ok(points.collect())
}
