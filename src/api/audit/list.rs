//! The rows of the trail, searched and listed.
#![expect(unused_qualifications, reason = "utoipa's `params` expands to a qualified name")]

use std::ops::Bound;

use axum::extract::{OriginalUri, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use utoipa::IntoParams;

use crate::api::error::ApiError;
use crate::api::extract::Query422;
use crate::api::listing::next_link_by;
use crate::api::state::ApiState;
use crate::api::streaming::{self, Broken, PIECE_BYTES, Pieces};
use crate::api::validation::{Fields, FromFields, parse};
use crate::domain::Timestamp;
use crate::engine::EngineHandle;
use crate::query::{AuditFilter, AuditView, search_audit};
use crate::store::AuditOutcome;
use crate::util::run_blocking;

/// Most rows in one answer; each may show many entities before and after.
const ROWS_MAX: u64 = 500;
const ROWS_DEFAULT: u64 = 50;
/// Most entities shown per row; `change_count` is the number of all.
const IMAGES_SHOWN_MAX: usize = 100;
/// Most bytes of the changes of all rows in an answer. Each row gets an equal share, so that a row
/// does not depend on the others: 84 kB at 50 rows, about 60 devices before and after.
const ANSWER_BYTES_MAX: usize = 4 << 20;
/// Longest text that is searched for.
const TEXT_CHARS_MAX: usize = 200;
const OUTCOMES: [&str; 2] = [AuditOutcome::Done.as_str(), AuditOutcome::Refused.as_str()];

/// Which rows of the trail.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct AuditQuery {
    /// How many rows at most.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 500)]
    limit: u64,
    /// Only rows with a smaller id: the id of the last row of the previous answer.
    before: Option<u64>,
    /// Only rows whose actor has this part, in any case.
    #[param(value_type = Option<String>, max_length = 200)]
    actor: Option<String>,
    /// Only rows whose action has this part, in any case.
    #[param(value_type = Option<String>, max_length = 200)]
    action: Option<String>,
    /// Only what was `done`, or what was `refused`.
    #[param(value_type = Option<String>)]
    outcome: Option<AuditOutcome>,
    /// Only rows with this part in the actor, the address, the request id, the action or the details, in any
    /// case.
    #[param(value_type = Option<String>, max_length = 200)]
    q: Option<String>,
    /// Only rows from this time on.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Only rows before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
}

impl FromFields for AuditQuery {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let limit = fields.optional("limit", parse::integer_in(1, ROWS_MAX));
        let before = fields.optional("before", parse::integer_in(0, u64::MAX));
        Some(Self {
            limit: limit.unwrap_or(ROWS_DEFAULT),
            before,
            actor: fields.optional("actor", parse::text_up_to(TEXT_CHARS_MAX)),
            action: fields.optional("action", parse::text_up_to(TEXT_CHARS_MAX)),
            outcome: fields
                .optional("outcome", parse::one_of(&OUTCOMES))
                .and_then(AuditOutcome::parse),
            q: fields.optional("q", parse::text_up_to(TEXT_CHARS_MAX)),
            from: fields.optional("from", parse::time),
            to: fields.optional("to", parse::time),
        })
    }
}

/// What was done and what was refused, newest first. One answer reads at most 20,000 rows: while a `Link`
/// header with `rel="next"` is there, older rows may suit, also if the answer has none.
#[utoipa::path(
    get,
    path = "/api/audit",
    tag = "site",
    params(AuditQuery),
    responses((status = 200, body = Vec<AuditView<'_>>, headers(("Link" = String))))
)]
pub(super) async fn list_audit(
    State(state): State<ApiState>,
    OriginalUri(uri): OriginalUri,
    Query422(query): Query422<AuditQuery>,
) -> Result<Response, ApiError> {
    let AuditQuery { limit, before, actor, action, outcome, q, from, to } = query;
    let limit = usize::try_from(limit).expect("at most ROWS_MAX rows");
    let filter = AuditFilter { actor, action, outcome, text: q, from, to };
    let snapshot = state.handle().read();
    let page = run_blocking(move || search_audit(&snapshot, &filter, before, limit)).await??;
    let next = page.next_before.map(|before| {
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        next_link_by(path, "before", before)
    });
    let pieces = Rows {
        handle: state.handle().clone(),
        ids: page.ids.into_iter(),
        row_bytes: ANSWER_BYTES_MAX / limit,
        has_begun: false,
        is_done: false,
    };
    let json = [(header::CONTENT_TYPE, "application/json")];
    let mut response = (json, streaming::body(pieces).await?).into_response();
    if let Some(next) = next.and_then(|next| HeaderValue::try_from(next).ok()) {
        response.headers_mut().insert(header::LINK, next);
    }
    Ok(response)
}

/// Rows that are sent to a client. Rows never change, so each part may come from a newer snapshot; those
/// that are removed by age meanwhile are left out.
struct Rows {
    handle: EngineHandle,
    ids: std::vec::IntoIter<u64>,
    /// Most bytes of the changes of one row.
    row_bytes: usize,
    has_begun: bool,
    is_done: bool,
}

impl Pieces for Rows {
    fn next(&mut self) -> Result<Option<Vec<Bytes>>, Broken> {
        if self.is_done {
            return Ok(None);
        }
        let mut piece = Vec::new();
        let snapshot = self.handle.read();
        while piece.len() < PIECE_BYTES {
            let Some(id) = self.ids.next() else {
                piece.extend_from_slice(if self.has_begun { b"]" } else { b"[]" });
                self.is_done = true;
                break;
            };
            let one = (Bound::Included(id), Bound::Included(id));
            for row in snapshot.audit_range(one, IMAGES_SHOWN_MAX)? {
                piece.push(if self.has_begun { b',' } else { b'[' });
                self.has_begun = true;
                serde_json::to_writer(&mut piece, &AuditView::new(&row?, self.row_bytes))?;
            }
        }
        Ok(Some(vec![piece.into()]))
    }
}
