//! Health: one word for monitoring agents, and the details.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::checks::CheckView;
use super::error::ApiError;
use super::state::ApiState;
use super::sync::behind_s;
use crate::domain::EntityKind;
use crate::engine::{DataVolume, EngineActivity, EngineError, EngineTask};
use crate::sync::SyncState;
use crate::util::counted;
use crate::wire::Time;

/// v2's service name and API version; agents compare the whole body.
const SERVICE: &str = "unoc-backend";
const API_VERSION: &str = "2.0.0";
const UNHEALTHY: &str = "unhealthy";
/// A task of the engine that takes longer than this is reported; a batch of commands is far
/// shorter.
const ORDINARY_WORK: Duration = Duration::from_secs(2);

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(health))
        .routes(routes!(live))
        .routes(routes!(ready))
        .routes(routes!(detail))
}

/// The health in one word.
#[derive(Serialize, ToSchema)]
struct Health {
    /// `healthy`; `degraded`: PostgreSQL lacks changes, no backup has been verified recently, the
    /// newest backup is not verified, verification failed in PostgreSQL, an off-host target cannot
    /// be used, or writes wait for a restore; or `unhealthy`: writes are refused, or the engine
    /// does not respond.
    status: &'static str,
    service: &'static str,
    version: &'static str,
    /// Why it is not healthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<String>,
}

/// A state in one word.
#[derive(Serialize, ToSchema)]
struct StateWord {
    status: &'static str,
}

/// The health and its components.
#[derive(Serialize, ToSchema)]
struct HealthDetail {
    status: &'static str,
    /// The program's version.
    version: &'static str,
    #[schema(value_type = String)]
    site_id: uuid::Uuid,
    /// The last commit.
    seq: u64,
    engine: EngineHealth,
    volume: VolumeHealth,
    store: StoreHealth,
    sync: SyncHealth,
    backup: BackupHealth,
    /// Every check that applies here, by group.
    checks: Vec<CheckView>,
}

/// Whether the site can be restored.
#[derive(Serialize, ToSchema)]
struct BackupHealth {
    /// When the newest verified backup was made.
    #[schema(value_type = Option<String>, format = DateTime)]
    restorable_as_of: Option<Time>,
    /// Its age.
    rpo_s: Option<f64>,
    /// Whether it is older than `backup_stale_hours`.
    is_stale: bool,
    /// Why the last full verification failed in PostgreSQL; null if it passed or is not possible.
    postgres_failure: Option<String>,
    /// The id of the newest backup and why it is not verified; null if it is.
    unverified: Option<String>,
    /// The off-host targets that cannot be used, and why; null if all can.
    target_failure: Option<String>,
}

/// Whether the engine is idle or makes progress.
#[derive(Serialize, ToSchema)]
struct EngineHealth {
    is_alive: bool,
}

/// Space on the data volume.
#[derive(Serialize, ToSchema)]
struct VolumeHealth {
    directory: String,
    free_bytes: u64,
    total_bytes: u64,
    /// Free space below which the store is read-only.
    min_free_bytes: u64,
    is_writable: bool,
}

/// The contents of the store.
#[derive(Serialize, ToSchema)]
struct StoreHealth {
    device_count: u64,
    interface_count: u64,
    link_count: u64,
    /// Changed entities that the mirror has not confirmed.
    dirty_count: u64,
}

/// The state of the mirror.
#[derive(Serialize, ToSchema)]
struct SyncHealth {
    /// As in `GET /api/sync`.
    state: &'static str,
    /// Age of the oldest change that PostgreSQL lacks.
    behind_s: f64,
}

/// The health check for monitoring agents: 503 while writes are refused.
#[utoipa::path(
    get,
    path = "/health",
    tag = "health",
    responses((status = 200, body = Health), (status = 503, body = Health))
)]
async fn health(State(state): State<ApiState>) -> Response {
    let (status, reason) = state.health_in_one_word().await;
    let code = match status {
        UNHEALTHY => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::OK,
    };
    let body = Health { status, service: SERVICE, version: API_VERSION, reason };
    (code, Json(body)).into_response()
}

/// Whether the process answers requests.
#[utoipa::path(
    get,
    path = "/health/live",
    tag = "health",
    responses((status = 200, body = StateWord))
)]
async fn live() -> Json<StateWord> {
    Json(StateWord { status: "alive" })
}

/// Whether reads are answered and the engine runs; otherwise 503.
#[utoipa::path(
    get,
    path = "/health/ready",
    tag = "health",
    responses((status = 200, body = StateWord), (status = 503, body = StateWord))
)]
async fn ready(State(state): State<ApiState>) -> Response {
    if state.handle().is_alive() {
        Json(StateWord { status: "ready" }).into_response()
    } else {
        let body = Json(StateWord { status: "not ready" });
        (StatusCode::SERVICE_UNAVAILABLE, body).into_response()
    }
}

/// Every component with its values, and every check.
#[utoipa::path(
    get,
    path = "/api/health",
    tag = "health",
    responses((status = 200, body = HealthDetail))
)]
async fn detail(State(state): State<ApiState>) -> Result<Response, ApiError> {
    let volume = state.handle().observe_volume().await;
    let (status, _) = verdict(volume.as_ref(), &state);
    let volume = volume?;
    let snapshot = state.handle().read();
    let sync = state.sync().status();
    let protection = state.backups().protection();
    let body = HealthDetail {
        status,
        version: env!("CARGO_PKG_VERSION"),
        site_id: state.handle().site_id(),
        seq: snapshot.seq(),
        engine: EngineHealth { is_alive: state.handle().is_alive() },
        volume: VolumeHealth {
            directory: volume.space.directory.display().to_string(),
            free_bytes: volume.space.free_bytes,
            total_bytes: volume.space.total_bytes,
            min_free_bytes: volume.min_free_bytes,
            is_writable: volume.is_writable(),
        },
        store: StoreHealth {
            device_count: snapshot.count(EntityKind::Device)?,
            interface_count: snapshot.count(EntityKind::Interface)?,
            link_count: snapshot.count(EntityKind::Link)?,
            dirty_count: snapshot.dirty_count()?,
        },
        sync: SyncHealth {
            state: sync.state.as_str(),
            behind_s: behind_s(&sync, state.handle().now()),
        },
        backup: BackupHealth {
            restorable_as_of: protection.restorable_as_of.map(Time),
            rpo_s: protection.rpo_s,
            is_stale: protection.is_stale,
            postgres_failure: state.backups().postgres_failure(),
            unverified: state.backups().unverified(),
            target_failure: state.backups().target_failure(),
        },
        checks: state.health().checks().into_iter().map(CheckView::from).collect(),
    };
    Ok(Json(body).into_response())
}

impl ApiState {
    /// Returns what `GET /health` answers: the health in one word, and the reasons if it is not `healthy`.
    pub async fn health_in_one_word(&self) -> (&'static str, Option<String>) {
        let volume = self.handle().observe_volume().await;
        verdict(volume.as_ref(), self)
    }
}

/// Returns the health in one word, and the reasons if it is not `healthy`.
pub(super) fn verdict(
    volume: Result<&DataVolume, &EngineError>,
    state: &ApiState,
) -> (&'static str, Option<String>) {
    let activity = state.handle().activity();
    if let Some(reason) = stopped(activity).or_else(|| read_only(volume)) {
        return (UNHEALTHY, Some(reason));
    }
    let sync = state.sync().status();
    let mirror = match sync.state {
        SyncState::Waiting => {
            let why = sync.last_error.map(|error| error.explanation.to_string());
            let why = why.unwrap_or_else(|| "PostgreSQL is unreachable".to_owned());
            Some(format!("PostgreSQL lacks changes, which are kept here: {why}"))
        }
        SyncState::Stopped => {
            let why = sync.obstacle.map(|obstacle| obstacle.message).unwrap_or_default();
            Some(format!("sync is stopped: {why}"))
        }
        SyncState::Off | SyncState::Connecting | SyncState::Loading | SyncState::Live => None,
    };
    let backups = state.backups();
    let postgres = backups
        .postgres_failure()
        .map(|failure| format!("the last full verification failed in PostgreSQL; {failure}"));
    let unverified = backups.unverified().map(|what| {
        format!(
            "the newest backup is not verified, {what}; verify it with: unoc backup verify latest"
        )
    });
    let target = backups.target_failure();
    let parts = [busy(activity), mirror, unprotected(state), unverified, postgres, target];
    let reasons: Vec<String> = parts.into_iter().flatten().collect();
    if reasons.is_empty() { ("healthy", None) } else { ("degraded", Some(reasons.join("; "))) }
}

/// Returns why the site cannot be restored to a recent state.
fn unprotected(state: &ApiState) -> Option<String> {
    let protection = state.backups().protection();
    let hours = state.backups().options().stale_after_s / 3600;
    protection.is_stale.then(|| {
        format!(
            "no backup of the last {} has been verified; make one with: unoc backup now",
            counted(hours, "hour")
        )
    })
}

/// Returns why the engine does not write.
fn stopped(activity: EngineActivity) -> Option<String> {
    match activity {
        EngineActivity::Idle | EngineActivity::Busy(_) => None,
        EngineActivity::Ended => Some("the engine has ended; restart the service".to_owned()),
        EngineActivity::Stuck(EngineTask { what, elapsed }) => Some(format!(
            "the engine does not respond: it has been busy with {what} for {} s; check that the \
             data volume responds, then restart the service",
            elapsed.as_secs()
        )),
    }
}

/// Returns what writes wait for.
fn busy(activity: EngineActivity) -> Option<String> {
    match activity {
        EngineActivity::Busy(EngineTask { what, elapsed }) if elapsed > ORDINARY_WORK => {
            Some(format!("{what} has been running for {} s; writes wait", elapsed.as_secs()))
        }
        _ => None,
    }
}

fn read_only(volume: Result<&DataVolume, &EngineError>) -> Option<String> {
    let volume = match volume {
        Ok(volume) => volume,
        Err(error) => return Some(error.to_string()),
    };
    (!volume.is_writable()).then(|| {
        format!(
            "read-only: {} has {} MiB free, but {} MiB are reserved; free some space",
            volume.space.directory.display(),
            volume.space.free_bytes >> 20,
            volume.min_free_bytes >> 20
        )
    })
}
