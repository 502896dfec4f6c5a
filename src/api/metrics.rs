//! Metrics for monitoring systems, in the text format of Prometheus or OpenMetrics.

use std::sync::atomic::AtomicU64;

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::{prometheus_text, text};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::registry::{Registry, Unit};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::ApiError;
use super::state::ApiState;
use super::sync::behind_s;
use crate::backup::{Backups, Overview};
use crate::domain::EntityKind;
use crate::engine::DataVolume;
use crate::health::{CheckState, HealthHandle};

/// Versions of OpenMetrics that scrapers request; they do not differ for gauges.
const OPENMETRICS_VERSIONS: [&str; 2] = ["1.0.0", "0.0.1"];
const TEXT_VERSION: &str = "0.0.4";

/// A format of the metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Text,
    OpenMetrics,
}

impl Format {
    const fn content_type(self) -> &'static str {
        match self {
            Self::Text => prometheus_text::CONTENT_TYPE,
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// Returns the format that `Accept` prefers; the text of Prometheus for a client that accepts
    /// neither, such as a browser.
    fn accepted(headers: &HeaderMap) -> Self {
        let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let mut best = (0.0, Self::Text);
        for range in values.flat_map(|value| value.split(',')) {
            let (format, weight) = Self::of_range(range);
            if let Some(format) = format.filter(|_| weight > best.0) {
                best = (weight, format);
            }
        }
        best.1
    }

    /// Returns the format of a media range, and its weight.
    fn of_range(range: &str) -> (Option<Self>, f64) {
        let mut parts = range.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
        let (mut version, mut weight) = (None, 1.0);
        for (name, value) in parts.filter_map(|part| part.split_once('=')) {
            match name.trim().to_ascii_lowercase().as_str() {
                "version" => version = Some(value.trim().trim_matches('"')),
                // RFC 9110, 12.4.2: a weight goes from 0 to 1.
                "q" => weight = value.trim().parse().unwrap_or(0.0_f64).clamp(0.0, 1.0),
                _ => {}
            }
        }
        let format = match kind.as_str() {
            "application/openmetrics-text"
                if version.is_none_or(|version| OPENMETRICS_VERSIONS.contains(&version)) =>
            {
                Some(Self::OpenMetrics)
            }
            "text/plain" if version.is_none_or(|version| version == TEXT_VERSION) => {
                Some(Self::Text)
            }
            "text/*" | "*/*" => Some(Self::Text),
            _ => None,
        };
        (format, weight)
    }
}

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(metrics))
}

/// Gauges for Prometheus: the site, the store, the mirror, backups.
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
    let mut registry = Registry::with_prefix("unoc");
    let (volume, overview) =
        tokio::join!(state.handle().observe_volume(), state.backups().observe());
    site(&state, volume.ok().as_ref(), &mut registry)?;
    let is_stale = float(u64::from(state.backups().protection().is_stale));
    let help = "1 if no backup has been verified recently";
    gauge(&mut registry, "backup_is_stale", help, is_stale);
    let is_answering = overview.as_ref().is_ok_and(|overview| overview.is_answering);
    let help = "1 if the backup directory responds; 0 if these values are from its last response";
    let answers = float(u64::from(is_answering));
    gauge(&mut registry, "backup_directory_is_answering", help, answers);
    // The other gauges are absent if the directory has never responded or cannot be read.
    if let Ok(overview) = overview {
        of_backups(state.backups(), &overview, &mut registry);
    }
    of_checks(state.health(), &mut registry);
    let format = Format::accepted(&headers);
    let mut body = String::new();
    let encoded = match format {
        Format::Text => prometheus_text::encode(&mut body, &registry),
        Format::OpenMetrics => text::encode(&mut body, &registry),
    };
    encoded.map_err(|_| ApiError::NotFound("The metrics cannot be encoded"))?;
    let head = [(header::CONTENT_TYPE, format.content_type()), (header::VARY, "accept")];
    Ok((head, body).into_response())
}

fn site(
    state: &ApiState,
    volume: Option<&DataVolume>,
    registry: &mut Registry,
) -> Result<(), ApiError> {
    let snapshot = state.handle().read();
    for (kind, name) in [
        (EntityKind::Device, "devices"),
        (EntityKind::Interface, "interfaces"),
        (EntityKind::Link, "links"),
    ] {
        let help = format!("Number of {name}");
        registry.register(name, help, ConstGauge::new(float(snapshot.count(kind)?)));
    }
    gauge(registry, "seq", "Number of the last commit", float(snapshot.seq()));
    if let Some(volume) = volume {
        let free = float(volume.space.free_bytes);
        let name = "volume_free";
        let help = "Free space on the data volume";
        registry.register_with_unit(name, help, Unit::Bytes, ConstGauge::new(free));
    }
    let is_writable = float(u64::from(volume.is_some_and(DataVolume::is_writable)));
    gauge(registry, "is_writable", "1 while changes are accepted", is_writable);
    let sync = state.sync().status();
    let behind = behind_s(&sync, state.handle().now());
    seconds(registry, "sync_behind", "Age of the oldest change that PostgreSQL lacks", behind);
    let dirty = float(snapshot.dirty_count()?);
    gauge(registry, "sync_dirty", "Changed entities that PostgreSQL has not confirmed", dirty);
    Ok(())
}

fn of_backups(backups: &Backups, overview: &Overview, registry: &mut Registry) {
    let help = "Age of these values about backups";
    seconds(registry, "backup_directory_look_age", help, overview.age.as_secs_f64());
    if let Some(rpo_s) = overview.rpo_s {
        let help = "Age of the newest verified backup";
        seconds(registry, "backup_rpo", help, rpo_s);
    }
    if let Some(rto_s) = overview.rto_s {
        seconds(registry, "backup_rto", "Duration of the last test restore", rto_s);
    }
    if let Some(newest) = &overview.newest_verified {
        let at = std::time::Duration::from_micros(
            u64::try_from(newest.manifest.header.taken_at_us).unwrap_or(0),
        );
        let help = "Time of the newest verified backup, since 1970";
        seconds(registry, "backup_restorable_as_of", help, at.as_secs_f64());
        let name = "backup_size";
        let bytes = ConstGauge::new(float(newest.manifest.bytes));
        registry.register_with_unit(name, "Size of that backup", Unit::Bytes, bytes);
        let took = std::time::Duration::from_millis(newest.manifest.duration_ms).as_secs_f64();
        seconds(registry, "backup_duration", "Duration of making that backup", took);
    }
    let count = |is: fn(&crate::backup::CatalogEntry) -> bool| {
        float(overview.entries.iter().filter(|entry| is(entry)).count() as u64)
    };
    gauge(registry, "backups", "Number of backups", count(|_| true));
    gauge(
        registry,
        "backups_bad",
        "Number of backups that failed verification",
        count(crate::backup::CatalogEntry::is_bad),
    );
    let failing = overview.targets.iter().filter(|target| target.state.as_str() == "failing");
    let help = "Number of off-host targets to which the last copy failed";
    gauge(registry, "backup_targets_failing", help, float(failing.count() as u64));
    let is_encrypted = float(u64::from(backups.options().keyring.is_on()));
    gauge(registry, "backup_is_encrypted", "1 if new backups are encrypted", is_encrypted);
}

/// A series for each check: some thirty. A check without a value has no series of it.
fn of_checks(health: &HealthHandle, registry: &mut Registry) {
    type ByCheck = Family<[(&'static str, &'static str); 1], Gauge<f64, AtomicU64>>;
    let (states, values) = (ByCheck::default(), ByCheck::default());
    for check in health.checks() {
        let labels = [("check", check.spec.id)];
        states.get_or_create(&labels).set(match check.state {
            CheckState::Unknown => -1.0,
            CheckState::Ok => 0.0,
            CheckState::Warning => 1.0,
            CheckState::Critical => 2.0,
        });
        if let Some(value) = check.value {
            values.get_or_create(&labels).set(value);
        }
    }
    let help = "State of a check: 0 ok, 1 warning, 2 critical, -1 unknown";
    registry.register("check_state", help, states);
    registry.register("check_value", "Value of a check in its unit, see /api/health", values);
}

fn gauge(registry: &mut Registry, name: &str, help: &str, value: f64) {
    registry.register(name, help, ConstGauge::new(value));
}

fn seconds(registry: &mut Registry, name: &str, help: &str, value: f64) {
    registry.register_with_unit(name, help, Unit::Seconds, ConstGauge::new(value));
}

/// Converts a count; exact up to 2^53, far above any value here.
#[expect(clippy::cast_precision_loss, reason = "gauges are floats")]
fn float(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preferred_format_is_taken() {
        let check = |accept: &str, expected: Format| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, accept.parse().unwrap());
            assert_eq!(Format::accepted(&headers), expected, "{accept}");
        };
        // As Prometheus 3 asks, and as Prometheus 2.
        check(
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
             application/openmetrics-text;version=0.0.1;q=0.5,\
             text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,\
             */*;q=0.2",
            Format::OpenMetrics,
        );
        check("application/openmetrics-text; version=0.0.1,text/plain;q=0.5", Format::OpenMetrics);
        check("text/plain;version=0.0.4;q=0.6,application/openmetrics-text;q=0.5", Format::Text);
        check("application/openmetrics-text", Format::OpenMetrics);
        check("Application/OpenMetrics-Text; Version=\"1.0.0\"; Q=1", Format::OpenMetrics);
        check("application/openmetrics-text;version=2.0.0, */*;q=0.1", Format::Text);
        check("application/openmetrics-text;q=0, */*;q=0.1", Format::Text);
        check("text/html,application/xhtml+xml,*/*;q=0.8", Format::Text);
        check("application/json", Format::Text);
        check("", Format::Text);
        assert_eq!(Format::accepted(&HeaderMap::new()), Format::Text);
    }
}
