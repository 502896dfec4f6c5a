//! The levels of the log, changed while the server runs.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::json;
use tracing::Level;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::filter::TEXT_CHARS_MAX;
use crate::api::error::{ApiError, ErrorBody};
use crate::api::extract::{Body422, Origin, Query422};
use crate::api::state::ApiState;
use crate::api::validation::{Fields, FromFields, parse};
use crate::logs::{CHANGE_WAIT_MAX, LevelChange, LogLevels, NewLevel};
use crate::wire::{Time, log_level_schema};

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(log_levels, change_log_level, end_log_level))
}

/// The levels of the log.
#[derive(Serialize, ToSchema)]
#[schema(as = LogLevels)]
struct LogLevelsView {
    /// The configured level (`log_level`).
    #[schema(schema_with = log_level_schema)]
    default_level: &'static str,
    /// Longest change, in seconds.
    for_s_max: u64,
    /// Sorted by target; the nearest one counts for a module.
    changes: Vec<LevelChangeView>,
}

/// A level that a module has for some time.
#[derive(Serialize, ToSchema)]
#[schema(as = LogLevelChange)]
struct LevelChangeView {
    /// The module, with those inside it.
    target: String,
    #[schema(schema_with = log_level_schema)]
    level: &'static str,
    /// Who asked for it.
    actor: String,
    #[schema(value_type = String, format = DateTime)]
    set_at: Time,
    #[schema(value_type = String, format = DateTime)]
    ends_at: Time,
    /// Seconds until then.
    ends_in_s: u64,
}

impl LogLevelsView {
    fn of(levels: &LogLevels) -> Self {
        let now = levels.now();
        let view = |change: LevelChange| LevelChangeView {
            level: change.level.as_str(),
            ends_in_s: u64::try_from((change.ends_at.0 - now.0) / 1_000_000).unwrap_or(0),
            actor: change.actor,
            set_at: Time(change.set_at),
            ends_at: Time(change.ends_at),
            target: change.target,
        };
        Self {
            default_level: levels.default_level().as_str(),
            for_s_max: CHANGE_WAIT_MAX.as_secs(),
            changes: levels.changes().into_iter().map(view).collect(),
        }
    }
}

/// A level to set.
#[derive(ToSchema)]
#[schema(as = NewLogLevel)]
struct NewLogLevelBody {
    /// `unoc`, or a module in it.
    #[schema(value_type = String, example = "unoc::sync")]
    target: String,
    /// `TRACE`, `DEBUG`, `INFO` or `WARN`: warnings and errors are always logged.
    #[schema(value_type = String, example = "DEBUG")]
    level: Level,
    /// How long, in seconds; an hour if absent.
    #[schema(value_type = Option<u64>, nullable = false, minimum = 1, maximum = 3600)]
    for_s: u64,
}

impl FromFields for NewLogLevelBody {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let for_s_max = CHANGE_WAIT_MAX.as_secs();
        let target = fields.required("target", parse::log_target);
        let level = fields.required("level", parse::new_log_level);
        let for_s = fields.present("for_s", parse::integer_in(1, for_s_max));
        Some(Self { target: target?, level: level?, for_s: for_s.unwrap_or(for_s_max) })
    }
}

/// Which change to end.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
struct EndedLevelQuery {
    /// Its target; all changes if absent.
    target: Option<String>,
}

impl FromFields for EndedLevelQuery {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { target: fields.present("target", parse::text_up_to(TEXT_CHARS_MAX)) })
    }
}

/// The configured level of the log, and the levels that modules have for some time.
#[utoipa::path(
    get,
    path = "/api/logs/levels",
    tag = "logs",
    responses((status = 200, body = LogLevelsView))
)]
async fn log_levels(State(state): State<ApiState>) -> Json<LogLevelsView> {
    Json(LogLevelsView::of(state.logs().levels()))
}

/// Changes the level of a module for up to an hour; then it ends by itself, also with a restart.
#[utoipa::path(
    put,
    path = "/api/logs/levels",
    tag = "logs",
    request_body = NewLogLevelBody,
    responses(
        (status = 200, body = LogLevelsView),
        (status = 409, description = "Too many levels are changed", body = ErrorBody),
    )
)]
async fn change_log_level(
    State(state): State<ApiState>,
    Origin(origin): Origin,
    Body422(body): Body422<NewLogLevelBody>,
) -> Result<Json<LogLevelsView>, ApiError> {
    let details = json!({
        "target": body.target,
        "level": body.level.as_str(),
        "for_s": body.for_s,
    });
    let levels = state.logs().levels();
    levels.change(NewLevel {
        target: body.target,
        level: body.level,
        wait: Duration::from_secs(body.for_s),
        actor: origin.actor.clone(),
        request_id: origin.request_id.clone(),
    })?;
    state.record_if_space(origin, "change log level", details).await?;
    Ok(Json(LogLevelsView::of(levels)))
}

/// Ends the change of a module, or all changes. One that has ended already is no error.
#[utoipa::path(
    delete,
    path = "/api/logs/levels",
    tag = "logs",
    params(EndedLevelQuery),
    responses((status = 200, body = LogLevelsView))
)]
async fn end_log_level(
    State(state): State<ApiState>,
    Origin(origin): Origin,
    Query422(query): Query422<EndedLevelQuery>,
) -> Result<Json<LogLevelsView>, ApiError> {
    let levels = state.logs().levels();
    levels.end(query.target.as_deref(), &origin.actor, &origin.request_id);
    let details = json!({ "target": query.target });
    state.record_if_space(origin, "end change of log level", details).await?;
    Ok(Json(LogLevelsView::of(levels)))
}
