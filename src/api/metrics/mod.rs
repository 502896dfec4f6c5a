//! Metrics for monitoring systems, in the text format of Prometheus or OpenMetrics.
//!
//! Each part of the program names and measures its own ([`crate::util::metrics`]); here they are put together.

mod format;
pub(super) mod http;
mod process;
mod site;

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::format::Format;
use super::error::ApiError;
use super::state::ApiState;
use crate::util::metrics::Metric;

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(metrics))
}

/// Metrics for Prometheus: the process, requests, the engine, the site, clients, the mirror, backups,
/// checks, incidents, notices.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "health",
    responses((
        status = 200,
        description = "As `Accept` prefers",
        content((String = "text/plain"), (String = "application/openmetrics-text"))
    ))
)]
async fn metrics(State(state): State<ApiState>, headers: HeaderMap) -> Result<Response, ApiError> {
    let (volume, overview) =
        tokio::join!(state.handle().observe_volume(), state.backups().observe());
    let mut metrics = vec![build_info()];
    metrics.extend(process::metrics(state.handle().now()));
    metrics.push(state.http().metrics());
    metrics.extend(state.handle().metrics());
    metrics.extend(site::of_site(&state, volume.ok().as_ref())?);
    metrics.extend((state.services().realtime_metrics)());
    metrics.extend(state.sync().metrics());
    metrics.extend(site::of_backups(state.backups(), overview.ok().as_ref()));
    metrics.push(state.backups().metrics());
    metrics.extend(site::of_checks(state.health()));
    metrics.push(state.incidents().metrics());
    metrics.extend(state.notices().metrics());
    let format = Format::accepted(&headers);
    let body = format.encode(metrics);
    let body = body.map_err(|error| ApiError::Broken(error.into()))?;
    let head = [(header::CONTENT_TYPE, format.content_type()), (header::VARY, "accept")];
    Ok((head, body).into_response())
}

fn build_info() -> Metric {
    let mut metric = Metric::gauge("unoc_build_info", "Always 1; the labels say what runs", 1.0);
    metric.series[0].labels = vec![
        ("version", env!("CARGO_PKG_VERSION").into()),
        ("os", std::env::consts::OS.into()),
        ("arch", std::env::consts::ARCH.into()),
    ];
    metric
}
