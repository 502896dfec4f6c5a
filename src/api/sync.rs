//! The mirror in PostgreSQL: its state, and requests of operators.

use axum::Json;
use axum::extract::State as Shared;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::error::{ApiError, ErrorBody};
use super::extract::Origin;
use super::state::ApiState;
use crate::domain::Timestamp;
use crate::engine::EngineHandle;
use crate::store::{AuditOrigin, StoreError};
use crate::sync::{
    Reconciliation, Round, ServerStats, SlowStatement, SyncHandle, SyncState, SyncStatus,
};
use crate::wire::Time;

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(sync_state))
        .routes(routes!(sync_now))
        .routes(routes!(sync_check))
        .routes(routes!(sync_reconcile))
        .routes(routes!(sync_take_over))
        .routes(routes!(sync_adopt))
}

/// The mirror's state.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Sync)]
pub struct SyncView {
    /// `off`, `connecting`, `loading`, `live`, `waiting` (for the next attempt) or `stopped` (until
    /// an operator acts).
    state: &'static str,
    /// The state in one sentence.
    message: String,
    /// What an operator can do.
    remedy: Option<String>,
    /// When the mirror entered this state.
    #[schema(value_type = String, format = DateTime)]
    since: Time,
    /// The database's address with secrets masked.
    database: Option<String>,
    #[schema(value_type = String)]
    site_id: Uuid,
    /// Of this local store.
    #[schema(value_type = Option<String>)]
    instance_id: Option<Uuid>,
    /// Number of the run that writes the site.
    epoch: Option<u64>,
    /// The last local commit.
    seq: u64,
    /// The commit whose state PostgreSQL holds.
    applied_seq: Option<u64>,
    behind_seq: u64,
    /// Age of the oldest change that PostgreSQL lacks.
    behind_s: f64,
    /// Changed entities that PostgreSQL has not confirmed.
    dirty_count: u64,
    /// Rate of the last round.
    rows_per_s: Option<f64>,
    /// The last 120 rounds, newest last.
    rounds: Vec<RoundView>,
    last_error: Option<SyncErrorView>,
    last_reconcile: Option<ReconciledView>,
    postgres: Option<ServerStatsView>,
    /// Null without the extension `pg_stat_statements`.
    slow_statements: Option<Vec<SlowStatementView>>,
    /// The requests that are possible now: `now`, `check`, `reconcile`, `takeover`, `adopt`.
    actions: &'static [&'static str],
}

/// One committed round.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SyncRound)]
struct RoundView {
    #[schema(value_type = String, format = DateTime)]
    at: Time,
    /// `first`, `changes` or `reconcile`.
    kind: &'static str,
    seq: u64,
    rows: u64,
    duration_ms: f64,
    /// The part of it for building keys and indexes; null except for an initial copy into empty
    /// tables.
    indexes_ms: Option<f64>,
}

/// The current error; null after a success.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SyncError)]
struct SyncErrorView {
    message: String,
    #[schema(value_type = String, format = DateTime)]
    since: Time,
    #[schema(value_type = String, format = DateTime)]
    at: Time,
    attempts: u32,
    next_attempt_s: Option<f64>,
}

/// The result of comparing both sides, in rows.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SyncReconcile)]
pub struct ReconciledView {
    #[schema(value_type = String, format = DateTime)]
    at: Time,
    duration_ms: f64,
    compared: u64,
    /// Rows that only the local store has.
    missing: u64,
    /// Rows that only PostgreSQL has.
    extra: u64,
    different: u64,
    repaired: u64,
}

/// The PostgreSQL server.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SyncPostgres)]
struct ServerStatsView {
    version: String,
    host: String,
    /// Protocol of an encrypted connection.
    tls: Option<String>,
    size_bytes: u64,
    connections: u64,
    max_connections: u64,
}

/// A statement with its total time.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SyncSlowStatement)]
struct SlowStatementView {
    statement: String,
    calls: u64,
    mean_ms: f64,
    total_ms: f64,
    rows: u64,
}

impl SyncView {
    /// The current state of the mirror.
    pub fn new(sync: &SyncHandle, engine: &EngineHandle) -> Result<Self, StoreError> {
        let snapshot = engine.read();
        let status = sync.status();
        let now = engine.now();
        let seq = snapshot.seq();
        let behind_seq = status.applied_seq.map_or(0, |applied| seq.saturating_sub(applied));
        Ok(Self {
            state: status.state.as_str(),
            message: message(&status, behind_seq),
            remedy: remedy(&status),
            since: Time(status.since),
            database: status.database.clone(),
            site_id: engine.site_id(),
            instance_id: status.instance_id,
            epoch: status.epoch,
            seq,
            applied_seq: status.applied_seq,
            behind_seq,
            behind_s: behind_s(&status, now),
            dirty_count: snapshot.dirty_count()?,
            rows_per_s: status.rounds.back().and_then(rows_per_s),
            rounds: status.rounds.iter().map(round).collect(),
            last_error: last_error(&status, now),
            last_reconcile: status.last_reconcile.as_ref().map(ReconciledView::new),
            actions: actions(&status),
            slow_statements: status
                .server_stats
                .as_ref()
                .and_then(|stats| stats.slow_statements.as_ref())
                .map(|statements| statements.iter().map(slow_statement).collect()),
            postgres: status.server_stats.map(server_stats),
        })
    }
}

impl ReconciledView {
    pub fn new(reconciled: &Reconciliation) -> Self {
        let comparison = reconciled.comparison;
        Self {
            at: Time(reconciled.at),
            duration_ms: reconciled.duration_ms,
            compared: comparison.compared,
            missing: comparison.missing,
            extra: comparison.extra,
            different: comparison.different,
            repaired: reconciled.repaired,
        }
    }
}

pub(super) fn message(status: &SyncStatus, behind_seq: u64) -> String {
    if let Some(activity) = &status.activity {
        return activity.clone();
    }
    match status.state {
        SyncState::Off => "Sync is off: DATABASE_URL is not set.".to_owned(),
        SyncState::Connecting => "Connecting to PostgreSQL.".to_owned(),
        SyncState::Loading => "Sending many changes to PostgreSQL.".to_owned(),
        SyncState::Live if behind_seq == 0 => "PostgreSQL is up to date.".to_owned(),
        SyncState::Live => format!("{behind_seq} commits are being sent to PostgreSQL."),
        SyncState::Waiting => {
            let why = status.last_error.as_ref().map(|error| error.explanation.message.as_str());
            let why = why.unwrap_or("PostgreSQL is unreachable");
            format!("{why}. Changes are kept here and will be sent.")
        }
        SyncState::Stopped => {
            let why = status.obstacle.as_ref().map_or("", |obstacle| obstacle.message.as_str());
            format!("Sync is stopped: {why}.")
        }
    }
}

/// Returns what an operator can do.
fn remedy(status: &SyncStatus) -> Option<String> {
    match status.state {
        SyncState::Stopped => status.obstacle.as_ref().map(|obstacle| obstacle.remedy.clone()),
        SyncState::Waiting => status.last_error.as_ref()?.explanation.remedy.clone(),
        SyncState::Off | SyncState::Connecting | SyncState::Loading | SyncState::Live => None,
    }
}

/// Age of the oldest change that PostgreSQL lacks, in seconds.
pub(super) fn behind_s(status: &SyncStatus, now: Timestamp) -> f64 {
    status.behind_since.map_or(0.0, |since| seconds_between(since, now))
}

fn seconds_between(from: Timestamp, to: Timestamp) -> f64 {
    std::time::Duration::from_micros(u64::try_from(to.0 - from.0).unwrap_or(0)).as_secs_f64()
}

fn actions(status: &SyncStatus) -> &'static [&'static str] {
    match status.state {
        SyncState::Off => &[],
        SyncState::Stopped if status.obstacle.as_ref().is_some_and(|what| what.is_conflict) => {
            &["now", "takeover", "adopt"]
        }
        SyncState::Connecting | SyncState::Waiting | SyncState::Stopped => &["now"],
        SyncState::Loading | SyncState::Live => &["now", "check", "reconcile"],
    }
}

fn rows_per_s(round: &Round) -> Option<f64> {
    let rows = f64::from(u32::try_from(round.rows).ok()?);
    (round.duration_ms > 0.0).then(|| rows / round.duration_ms * 1000.0)
}

fn round(round: &Round) -> RoundView {
    RoundView {
        at: Time(round.at),
        kind: round.kind.as_str(),
        seq: round.seq,
        rows: round.rows,
        duration_ms: round.duration_ms,
        indexes_ms: round.indexes_ms,
    }
}

fn last_error(status: &SyncStatus, now: Timestamp) -> Option<SyncErrorView> {
    let error = status.last_error.as_ref()?;
    Some(SyncErrorView {
        message: error.explanation.message.clone(),
        since: Time(error.since),
        at: Time(error.at),
        attempts: error.attempts,
        next_attempt_s: error.next_attempt_at.map(|at| seconds_between(now, at)),
    })
}

fn server_stats(stats: ServerStats) -> ServerStatsView {
    let ServerStats { version, host, tls, size_bytes, connections, max_connections, .. } = stats;
    ServerStatsView { version, host, tls, size_bytes, connections, max_connections }
}

fn slow_statement(slow: &SlowStatement) -> SlowStatementView {
    SlowStatementView {
        statement: slow.statement.clone(),
        calls: slow.calls,
        mean_ms: slow.mean_ms,
        total_ms: slow.total_ms,
        rows: slow.rows,
    }
}

/// The state of the mirror, and what it waits for.
#[utoipa::path(
    get,
    path = "/api/sync",
    tag = "sync",
    responses((status = 200, body = SyncView))
)]
async fn sync_state(Shared(state): Shared<ApiState>) -> Result<Response, ApiError> {
    Ok(Json(view(&state)?).into_response())
}

/// Sends all changes. Answers when PostgreSQL has everything that was committed before the request.
#[utoipa::path(
    post,
    path = "/api/sync/now",
    tag = "sync",
    responses(
        (status = 200, body = SyncView),
        (status = 409, description = "Sync is off or stopped", body = ErrorBody),
        (status = 503, description = "PostgreSQL is unreachable or refuses a statement", body = ErrorBody),
    )
)]
async fn sync_now(Shared(state): Shared<ApiState>) -> Result<Response, ApiError> {
    state.sync().sync_now().await?;
    Ok(Json(view(&state)?).into_response())
}

/// Compares every row on both sides, without repairing any.
#[utoipa::path(
    post,
    path = "/api/sync/check",
    tag = "sync",
    responses(
        (status = 200, body = ReconciledView),
        (status = 409, description = "Sync is off or stopped", body = ErrorBody),
        (status = 503, description = "PostgreSQL is unreachable or refuses a statement", body = ErrorBody),
    )
)]
async fn sync_check(Shared(state): Shared<ApiState>) -> Result<Response, ApiError> {
    let reconciled = state.sync().compare(false).await?;
    Ok(Json(ReconciledView::new(&reconciled)).into_response())
}

/// Compares every row on both sides and repairs PostgreSQL.
#[utoipa::path(
    post,
    path = "/api/sync/reconcile",
    tag = "sync",
    responses(
        (status = 200, body = ReconciledView),
        (status = 409, description = "Sync is off or stopped", body = ErrorBody),
        (status = 503, description = "PostgreSQL is unreachable or refuses a statement", body = ErrorBody),
    )
)]
async fn sync_reconcile(
    Shared(state): Shared<ApiState>,
    Origin(origin): Origin,
) -> Result<Response, ApiError> {
    record_request(&state, origin, "reconcile with the mirror").await?;
    let reconciled = state.sync().compare(true).await?;
    Ok(Json(ReconciledView::new(&reconciled)).into_response())
}

/// Makes this appliance the one that writes the site to PostgreSQL; the local state wins.
#[utoipa::path(
    post,
    path = "/api/sync/takeover",
    tag = "sync",
    responses(
        (status = 200, body = SyncView),
        (status = 409, description = "Sync is off or stopped", body = ErrorBody),
        (status = 503, description = "PostgreSQL is unreachable or refuses a statement", body = ErrorBody),
    )
)]
async fn sync_take_over(
    Shared(state): Shared<ApiState>,
    Origin(origin): Origin,
) -> Result<Response, ApiError> {
    record_request(&state, origin, "take over the mirror").await?;
    state.sync().take_over().await?;
    Ok(Json(view(&state)?).into_response())
}

/// Replaces the local state with PostgreSQL's; the local store is kept in `quarantine/`.
#[utoipa::path(
    post,
    path = "/api/sync/adopt",
    tag = "sync",
    responses(
        (status = 200, body = SyncView),
        (status = 409, description = "Sync is off or stopped", body = ErrorBody),
        (status = 503, description = "PostgreSQL is unreachable or refuses a statement", body = ErrorBody),
    )
)]
async fn sync_adopt(
    Shared(state): Shared<ApiState>,
    Origin(origin): Origin,
) -> Result<Response, ApiError> {
    record_request(&state, origin, "adopt the state of the mirror").await?;
    state.sync().adopt().await?;
    Ok(Json(view(&state)?).into_response())
}

/// Records what is asked of the mirror before it is done: a client that goes away meanwhile ends the handler,
/// not the work. Without a mirror there is nothing to ask.
async fn record_request(
    state: &ApiState,
    origin: AuditOrigin,
    action: &'static str,
) -> Result<(), ApiError> {
    match state.sync().state() {
        SyncState::Off => Ok(()),
        _ => state.record(origin, action, Value::Null).await,
    }
}

fn view(state: &ApiState) -> Result<SyncView, ApiError> {
    Ok(SyncView::new(state.sync(), state.handle())?)
}
