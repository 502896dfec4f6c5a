//! The log as a file: text, or JSON Lines.

use std::io::Write;

use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::filter::{FilterQuery, LINES_MAX, PAGE_BYTES_MAX};
use crate::api::error::ApiError;
use crate::api::extract::Query422;
use crate::api::state::ApiState;
use crate::api::streaming::{self, Broken, PIECE_BYTES, Pieces};
use crate::api::validation::{Fields, FromFields, parse};
use crate::logs::{LogFilter, Logs, PageRequest};
use crate::util::run_blocking;
use crate::wire::LogLineView;

const FORMATS: [&str; 2] = [TEXT, JSON_LINES];
const TEXT: &str = "text";
const JSON_LINES: &str = "jsonl";
/// The newest line when the answer began: whoever asks next for those after it misses none.
const LAST_ID_HEADER: HeaderName = HeaderName::from_static("x-unoc-log-id");

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(export_logs))
}

/// How to write them.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
struct ExportQuery {
    /// `text` (the default) or `jsonl`: a JSON object on each line.
    #[param(value_type = Option<String>)]
    format: &'static str,
    /// Only so many of the newest of these lines.
    #[param(value_type = Option<u64>, minimum = 0, maximum = 1000)]
    last: Option<u64>,
}

/// Both parts of the query of an export.
struct LogFileQuery {
    lines: FilterQuery,
    file: ExportQuery,
}

impl FromFields for LogFileQuery {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let format = fields.present("format", parse::one_of(&FORMATS)).unwrap_or(TEXT);
        let last = fields.present("last", parse::integer_in(0, LINES_MAX));
        Some(Self { lines: FilterQuery::from_fields(fields)?, file: ExportQuery { format, last } })
    }
}

/// The lines in memory as a file, oldest first. `X-Unoc-Log-Id` is the id of the newest line: ask for those
/// after it to follow the log.
#[utoipa::path(
    get,
    path = "/api/logs/export",
    tag = "logs",
    params(FilterQuery, ExportQuery),
    responses((
        status = 200,
        content((String = "text/plain"), (String = "application/x-ndjson")),
        headers(("X-Unoc-Log-Id" = u64))
    ))
)]
async fn export_logs(
    State(state): State<ApiState>,
    Query422(query): Query422<LogFileQuery>,
) -> Result<Response, ApiError> {
    let LogFileQuery { lines, file } = query;
    let logs = state.logs().clone();
    let until = logs.last_id();
    let (after, filter) = (lines.after, lines.filter());
    let (content_type, ending) = match file.format {
        JSON_LINES => ("application/x-ndjson", "jsonl"),
        _ => ("text/plain; charset=utf-8", "log"),
    };
    let is_json = file.format == JSON_LINES;
    let mut pieces = LogFile { logs, filter, after, until, is_json };
    if let Some(last) = file.last {
        pieces = run_blocking(move || pieces.only_last(last)).await?;
    }
    let body = streaming::body(pieces).await?;
    let disposition = format!("attachment; filename=\"unoc.{ending}\"");
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (header::CONTENT_DISPOSITION, value(&disposition)),
        (LAST_ID_HEADER, value(&until.to_string())),
    ];
    Ok((headers, body).into_response())
}

fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("visible ASCII characters")
}

/// Lines that are sent to a client. Those that leave the ring meanwhile are not sent.
struct LogFile {
    logs: Logs,
    filter: LogFilter,
    after: u64,
    until: u64,
    is_json: bool,
}

impl LogFile {
    /// Leaves out all but the newest lines.
    fn only_last(mut self, last: u64) -> Self {
        let request = PageRequest {
            after: self.after,
            before: self.until.saturating_add(1),
            lines_max: usize::try_from(last).unwrap_or(usize::MAX),
            bytes_max: PAGE_BYTES_MAX,
        };
        let page = self.logs.page(&self.filter, &request);
        let oldest = page.lines.last().map(|oldest| oldest.id);
        self.after = oldest.map_or(self.until, |oldest| oldest.saturating_sub(1));
        self
    }
}

impl Pieces for LogFile {
    fn next(&mut self) -> Result<Option<Vec<Bytes>>, Broken> {
        let mut piece = Vec::new();
        while piece.len() < PIECE_BYTES {
            let next = self.logs.next_lines(&self.filter, self.after, self.until);
            let Some((lines, last)) = next else { break };
            self.after = last;
            for line in lines {
                let line_view = LogLineView::new(&line);
                match self.is_json {
                    true => serde_json::to_writer(&mut piece, &line_view)?,
                    false => write!(piece, "{line_view}")?,
                }
                piece.push(b'\n');
                if piece.len() >= PIECE_BYTES {
                    self.after = line.id;
                    break;
                }
            }
        }
        Ok((!piece.is_empty()).then(|| vec![piece.into()]))
    }
}
