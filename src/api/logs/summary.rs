//! The warnings and errors of a time, for the daily review.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tracing::Level;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::error::ApiError;
use crate::api::extract::Query422;
use crate::api::state::ApiState;
use crate::api::validation::{Fields, FromFields, parse};
use crate::domain::Timestamp;
use crate::logs::{LogGroup, LogSummary};
use crate::util::run_blocking;
use crate::wire::{LogLineView, Time, log_level_schema};

/// What is reviewed if the request does not say: the last day.
const SINCE_DEFAULT_MICROS: i64 = 24 * 60 * 60 * 1_000_000;
/// Most groups in one answer. Each has an example, of up to 32 KiB.
const GROUPS_MAX: usize = 200;

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(log_summary))
}

/// Which time.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
struct SummaryQuery {
    /// From this time on; the last 24 hours if absent.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
}

impl FromFields for SummaryQuery {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { since: fields.present("since", parse::time) })
    }
}

/// The warnings and errors since a time.
#[derive(Serialize, ToSchema)]
#[schema(as = LogSummary)]
struct LogSummaryView<'a> {
    #[schema(value_type = String, format = DateTime)]
    since: Time,
    /// The log in memory has every warning and error from this time on. If it is later than `since`, earlier
    /// ones are missing here.
    #[schema(value_type = String, format = DateTime)]
    complete_since: Time,
    /// `is_new` compares with the lines from this time up to `since`; null if there are none.
    #[schema(value_type = Option<String>, format = DateTime)]
    compared_since: Option<Time>,
    error_count: u64,
    warning_count: u64,
    /// How many groups there are; at most 200 are listed.
    group_count: usize,
    new_count: usize,
    /// New ones first, then errors, then the most frequent.
    groups: Vec<LogGroupView<'a>>,
}

/// Warnings or errors whose messages differ only in numbers, ids and quoted names.
#[derive(Serialize, ToSchema)]
#[schema(as = LogGroup)]
struct LogGroupView<'a> {
    #[schema(schema_with = log_level_schema)]
    level: &'static str,
    /// The module that logged them.
    target: &'a str,
    /// Their message, with `…` for each such part.
    message: &'a str,
    count: u64,
    #[schema(value_type = String, format = DateTime)]
    first_at: Time,
    #[schema(value_type = String, format = DateTime)]
    last_at: Time,
    /// Whether there was none in the 24 hours before; null if the log does not reach that far back.
    is_new: Option<bool>,
    /// The newest of them.
    example: LogLineView<'a>,
}

impl<'a> LogSummaryView<'a> {
    fn new(summary: &'a LogSummary) -> Self {
        let count = |level: Level| {
            summary
                .groups
                .iter()
                .filter(|group| group.level == level)
                .map(|group| group.count)
                .sum()
        };
        Self {
            since: Time(summary.since),
            complete_since: Time(summary.complete_since),
            compared_since: summary.compared_since.map(Time),
            error_count: count(Level::ERROR),
            warning_count: count(Level::WARN),
            group_count: summary.groups.len(),
            new_count: summary.groups.iter().filter(|group| group.is_new == Some(true)).count(),
            groups: summary.groups.iter().take(GROUPS_MAX).map(LogGroupView::new).collect(),
        }
    }
}

impl<'a> LogGroupView<'a> {
    fn new(group: &'a LogGroup) -> Self {
        Self {
            level: group.level.as_str(),
            target: group.newest.target(),
            message: &group.message,
            count: group.count,
            first_at: Time(group.first_at),
            last_at: Time(group.newest.at),
            is_new: group.is_new,
            example: LogLineView::new(&group.newest),
        }
    }
}

/// Warnings and errors since a time, those of one kind as one group, and which kinds are new.
#[utoipa::path(
    get,
    path = "/api/logs/summary",
    tag = "logs",
    params(SummaryQuery),
    responses((status = 200, body = LogSummaryView<'_>))
)]
async fn log_summary(
    State(state): State<ApiState>,
    Query422(query): Query422<SummaryQuery>,
) -> Result<Response, ApiError> {
    let logs = state.logs().clone();
    let since =
        query.since.unwrap_or_else(|| Timestamp(logs.now().0.saturating_sub(SINCE_DEFAULT_MICROS)));
    let json = run_blocking(move || {
        let summary = logs.summary(since);
        serde_json::to_vec(&LogSummaryView::new(&summary))
    });
    let json = json.await?.map_err(|error| ApiError::Broken(error.into()))?;
    Ok(([(header::CONTENT_TYPE, "application/json")], json).into_response())
}
