//! The log: its last lines, the levels of its modules, and the warnings and errors of a day.
#![expect(unused_qualifications, reason = "utoipa's `params` expands to a qualified name")]

mod export;
mod filter;
mod levels;
mod summary;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::filter::{FilterQuery, LINES_MAX, PAGE_BYTES_MAX};
use super::error::ApiError;
use super::extract::Query422;
use super::state::ApiState;
use super::validation::{Fields, FromFields, parse};
use crate::logs::{LogPage, PageRequest};
use crate::util::run_blocking;
use crate::wire::{LogLineView, Time};

const LINES_DEFAULT: u64 = 200;

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list_logs))
        .merge(export::router())
        .merge(levels::router())
        .merge(summary::router())
}

/// Which page of them.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
struct PageQuery {
    /// How many lines at most.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 1000)]
    limit: u64,
    /// Only lines with a smaller id: `next_before` of the previous answer.
    #[param(value_type = Option<u64>)]
    before: u64,
}

/// Both parts of the query of a page.
struct LogsQuery {
    lines: FilterQuery,
    page: PageQuery,
}

impl FromFields for LogsQuery {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let limit = fields.present("limit", parse::integer_in(1, LINES_MAX));
        let before = fields.present("before", parse::integer_in(0, u64::MAX));
        let page =
            PageQuery { limit: limit.unwrap_or(LINES_DEFAULT), before: before.unwrap_or(u64::MAX) };
        Some(Self { lines: FilterQuery::from_fields(fields)?, page })
    }
}

/// Lines of the log.
#[derive(Serialize, ToSchema)]
#[schema(as = LogPage)]
struct LogPageView<'a> {
    /// Newest first.
    lines: Vec<LogLineView<'a>>,
    /// Ask for the next page with `before` set to this; null at the end of the log.
    next_before: Option<u64>,
    /// The log in memory has every such line from this time on.
    #[schema(value_type = String, format = DateTime)]
    complete_since: Time,
    /// The id of the newest line of all.
    last_id: u64,
}

impl<'a> LogPageView<'a> {
    fn new(page: &'a LogPage) -> Self {
        Self {
            lines: page.lines.iter().map(|line| LogLineView::new(line)).collect(),
            next_before: page.next_before,
            complete_since: Time(page.complete_since),
            last_id: page.last_id,
        }
    }
}

/// The last lines of the log, newest first: up to 100,000 or 32 MiB of them are in memory, since the start of
/// the process. Warnings and errors are kept longer: ask for them with `level`.
#[utoipa::path(
    get,
    path = "/api/logs",
    tag = "logs",
    params(FilterQuery, PageQuery),
    responses((status = 200, body = LogPageView<'_>))
)]
async fn list_logs(
    State(state): State<ApiState>,
    Query422(query): Query422<LogsQuery>,
) -> Result<Response, ApiError> {
    let LogsQuery { lines, page } = query;
    let request = PageRequest {
        after: lines.after,
        before: page.before,
        lines_max: usize::try_from(page.limit).expect("at most LINES_MAX"),
        bytes_max: PAGE_BYTES_MAX,
    };
    let (logs, filter) = (state.logs().clone(), lines.filter());
    // A search in all lines takes tens of milliseconds.
    let json = run_blocking(move || {
        let page = logs.page(&filter, &request);
        serde_json::to_vec(&LogPageView::new(&page))
    });
    let json = json.await?.map_err(|error| ApiError::Broken(error.into()))?;
    Ok(([(header::CONTENT_TYPE, "application/json")], json).into_response())
}
