//! The availability of a device, and its outages.
#![expect(unused_qualifications, reason = "utoipa's `params` expands to a qualified name")]

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::api::error::ApiError;
use crate::api::extract::{PathId, Query422};
use crate::api::state::ApiState;
use crate::api::validation::{Fields, FromFields, parse};
use crate::domain::{DeviceId, Timestamp};
use crate::query::{Availability, OutageDay, OutageSpan, availability};
use crate::store::OUTAGE_DAYS_MAX;
use crate::util::{Zone, run_blocking};
use crate::wire::Time;

const DAYS_DEFAULT: u64 = 30;
/// Most outages in one answer.
const OUTAGES_MAX: u64 = 1_000;
const OUTAGES_DEFAULT: u64 = 100;

const DAY_US: u64 = 86_400_000_000;

/// The time, and which outages of it.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct AvailabilityQuery {
    /// The last days.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 35, default = 30)]
    days: u64,
    /// At most this many outages.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 1000, default = 100)]
    limit: u64,
    /// Only outages that began before: `from` of the last one of the previous answer.
    #[param(value_type = Option<String>, format = DateTime)]
    before: Option<Timestamp>,
}

impl FromFields for AvailabilityQuery {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let days = fields.optional("days", parse::integer_in(1, OUTAGE_DAYS_MAX));
        let limit = fields.optional("limit", parse::integer_in(1, OUTAGES_MAX));
        Some(Self {
            days: days.unwrap_or(DAYS_DEFAULT),
            limit: limit.unwrap_or(OUTAGES_DEFAULT),
            before: fields.optional("before", parse::time),
        })
    }
}

/// How much of the time a device was in service.
#[derive(Serialize, ToSchema)]
pub(super) struct DeviceAvailability {
    device_id: u64,
    /// What was asked for, as far as the device exists and outages are recorded.
    #[schema(value_type = String, format = DateTime)]
    from: Time,
    #[schema(value_type = String, format = DateTime)]
    to: Time,
    /// Since when every outage is recorded.
    #[schema(value_type = String, format = DateTime)]
    complete_since: Time,
    /// The part of the time, without planned work, in which the device was not DOWN: 0 to 1. Null if
    /// that time is less than an hour, and while the device is DOWN without an outage: it is not in
    /// service, or was never up.
    availability: Option<f64>,
    /// How long it was DOWN, without planned work.
    downtime_s: f64,
    /// How long it was DOWN because of planned work.
    planned_downtime_s: f64,
    /// The outages of the time, also those that are not in this answer.
    outage_count: usize,
    /// The outages, newest first, with the present one.
    outages: Vec<OutageView>,
    /// The days of the time in the host's time zone, ascending.
    days: Vec<OutageDayView>,
}

/// A time in which a device was DOWN.
#[derive(Serialize, ToSchema)]
#[schema(as = Outage)]
struct OutageView {
    /// It may be before the time of the answer.
    #[schema(value_type = String, format = DateTime)]
    from: Time,
    /// Null while the device is DOWN.
    #[schema(value_type = Option<String>, format = DateTime)]
    to: Option<Time>,
    duration_s: f64,
    /// How much of that was planned work.
    planned_s: f64,
}

/// The outages of one day.
#[derive(Serialize, ToSchema)]
#[schema(as = OutageDay)]
struct OutageDayView {
    /// Midnight; of the first day, the beginning of the time.
    #[schema(value_type = String, format = DateTime)]
    start: Time,
    downtime_s: f64,
    planned_downtime_s: f64,
    outage_count: usize,
}

impl From<&OutageSpan> for OutageView {
    fn from(span: &OutageSpan) -> Self {
        Self {
            from: Time(span.from),
            to: (!span.is_open).then_some(Time(span.to)),
            duration_s: seconds(span.to.0 - span.from.0),
            planned_s: seconds(span.to.0 - span.planned_from.0),
        }
    }
}

impl From<&OutageDay> for OutageDayView {
    fn from(day: &OutageDay) -> Self {
        Self {
            start: Time(day.start),
            downtime_s: seconds(day.downtime_us),
            planned_downtime_s: seconds(day.planned_us),
            outage_count: day.outage_count,
        }
    }
}

impl DeviceAvailability {
    fn new(device: DeviceId, found: &Availability, query: &AvailabilityQuery) -> Self {
        let is_before = |span: &&OutageSpan| query.before.is_none_or(|before| span.from < before);
        let limit = usize::try_from(query.limit).expect("at most OUTAGES_MAX");
        Self {
            device_id: device.0,
            from: Time(found.from),
            to: Time(found.to),
            complete_since: Time(found.complete_since),
            availability: found.ratio(),
            downtime_s: seconds(found.downtime_us),
            planned_downtime_s: seconds(found.planned_us),
            outage_count: found.outages.len(),
            outages: found
                .outages
                .iter()
                .rev()
                .filter(is_before)
                .take(limit)
                .map(Into::into)
                .collect(),
            days: found.days.iter().map(Into::into).collect(),
        }
    }
}

/// How much of the last days a device was in service, and its outages.
#[utoipa::path(
    get,
    path = "/api/devices/{id}/availability",
    tag = "devices",
    params(("id" = u64, Path), AvailabilityQuery),
    responses((status = 200, body = DeviceAvailability))
)]
pub(super) async fn device_availability(
    State(state): State<ApiState>,
    PathId(id): PathId,
    Query422(query): Query422<AvailabilityQuery>,
) -> Result<Json<DeviceAvailability>, ApiError> {
    let handle = state.handle();
    let (snapshot, now, id) = (handle.read(), handle.now(), DeviceId(id));
    let days_us = i64::try_from(query.days * DAY_US).expect("at most OUTAGE_DAYS_MAX days");
    let from = Timestamp(now.0.saturating_sub(days_us));
    let read = move || {
        let device = snapshot.device(id)?;
        let read = |device| availability(&snapshot, &device, from..now, Zone::host());
        device.map(read).transpose()
    };
    let found = run_blocking(read).await??.ok_or(ApiError::NotFound("Device not found"))?;
    Ok(Json(DeviceAvailability::new(id, &found, &query)))
}

fn seconds(us: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "below 2^53 for 285 years")]
    let seconds = us as f64 / 1e6;
    seconds
}
