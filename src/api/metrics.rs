//! What a monitoring system scrapes, in the OpenMetrics text format.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::ApiError;
use super::state::ApiState;
use super::sync::behind_s;
use crate::backup::{Backups, Overview};
use crate::domain::Kind;
use crate::engine::Room;

const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(metrics))
}

/// Gauges for Prometheus: the site, the store, the mirror, backups.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "health",
    responses((status = 200, body = String, content_type = "application/openmetrics-text"))
)]
async fn metrics(State(state): State<ApiState>) -> Result<Response, ApiError> {
    let mut registry = Registry::with_prefix("unoc");
    let (room, overview) = tokio::join!(state.handle().observe_room(), state.backups().observe());
    site(&state, room.ok().as_ref(), &mut registry)?;
    let is_stale = float(u64::from(state.backups().protection().is_stale));
    let help = "1 if no backup has been verified recently";
    gauge(&mut registry, "backup_is_stale", help, is_stale);
    let is_answering = overview.as_ref().is_ok_and(|overview| overview.is_answering);
    let help = "1 when the directory of the backups answered; else what it last told stands here";
    let answers = float(u64::from(is_answering));
    gauge(&mut registry, "backup_directory_is_answering", help, answers);
    // Of a directory that never told anything, or that cannot be read, the other gauges are absent.
    if let Ok(overview) = overview {
        of_backups(state.backups(), &overview, &mut registry);
    }
    let mut text = String::new();
    encode(&mut text, &registry).map_err(|_| ApiError::NotFound("The metrics cannot be told"))?;
    Ok(([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response())
}

fn site(state: &ApiState, room: Option<&Room>, registry: &mut Registry) -> Result<(), ApiError> {
    let snapshot = state.handle().read();
    for (kind, name) in
        [(Kind::Device, "devices"), (Kind::Interface, "interfaces"), (Kind::Link, "links")]
    {
        let help = format!("How many {name} the site has");
        registry.register(name, help, ConstGauge::new(float(snapshot.count(kind)?)));
    }
    gauge(registry, "seq", "Number of the last commit", float(snapshot.head().seq));
    if let Some(room) = room {
        let free = float(room.space.free_bytes);
        let name = "volume_free";
        let help = "Free space on the data volume";
        registry.register_with_unit(name, help, Unit::Bytes, ConstGauge::new(free));
    }
    let is_writable = float(u64::from(room.is_some_and(Room::is_writable)));
    gauge(registry, "is_writable", "1 while changes are taken", is_writable);
    let sync = state.sync().status();
    let behind = behind_s(&sync, state.handle().now());
    seconds(registry, "sync_behind", "Age of the oldest change that PostgreSQL lacks", behind);
    let dirty = float(snapshot.dirty_count()?);
    gauge(registry, "sync_dirty", "Changed entities that PostgreSQL has not confirmed", dirty);
    Ok(())
}

fn of_backups(backups: &Backups, overview: &Overview, registry: &mut Registry) {
    let help = "Age of what is told of the backups here";
    seconds(registry, "backup_directory_look_age", help, overview.age.as_secs_f64());
    if let Some(rpo_s) = overview.rpo_s {
        let help = "Age of the newest backup that was restored and compared";
        seconds(registry, "backup_rpo", help, rpo_s);
    }
    if let Some(rto_s) = overview.rto_s {
        seconds(registry, "backup_rto", "What the last rehearsal of a restore took", rto_s);
    }
    if let Some(newest) = &overview.newest_verified {
        let at = std::time::Duration::from_micros(
            u64::try_from(newest.manifest.header.taken_at_us).unwrap_or(0),
        );
        let help = "When the newest backup that was restored and compared was taken, since 1970";
        seconds(registry, "backup_restorable_as_of", help, at.as_secs_f64());
        let name = "backup_size";
        let bytes = ConstGauge::new(float(newest.manifest.bytes));
        registry.register_with_unit(name, "Size of that backup", Unit::Bytes, bytes);
        let took = std::time::Duration::from_millis(newest.manifest.duration_ms).as_secs_f64();
        seconds(registry, "backup_duration", "What making that backup took", took);
    }
    let count = |is: fn(&crate::backup::Entry) -> bool| {
        float(overview.entries.iter().filter(|entry| is(entry)).count() as u64)
    };
    gauge(registry, "backups", "How many backups there are", count(|_| true));
    gauge(
        registry,
        "backups_bad",
        "Of those, how many failed",
        count(crate::backup::Entry::is_bad),
    );
    let failing = overview.targets.iter().filter(|target| target.state.as_str() == "failing");
    let help = "Places off the host where the last copy failed";
    gauge(registry, "backup_targets_failing", help, float(failing.count() as u64));
    let is_encrypted = float(u64::from(backups.options().keyring.is_on()));
    gauge(registry, "backup_is_encrypted", "1 when new backups are encrypted", is_encrypted);
}

fn gauge(registry: &mut Registry, name: &str, help: &str, value: f64) {
    registry.register(name, help, ConstGauge::new(value));
}

fn seconds(registry: &mut Registry, name: &str, help: &str, value: f64) {
    registry.register_with_unit(name, help, Unit::Seconds, ConstGauge::new(value));
}

/// Exact up to 2^53; what is counted here stays far below.
#[expect(clippy::cast_precision_loss, reason = "gauges are floats")]
fn float(number: u64) -> f64 {
    number as f64
}
