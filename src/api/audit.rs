//! The audit trail: who changed what and when, with the values before and after.
#![expect(unused_qualifications, reason = "utoipa's `params` expands to a qualified name")]

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::{ApiError, ErrorBody};
use super::extract::{Body422, Origin, PathId, Query422};
use super::state::ApiState;
use super::streaming::{self, Broken, PIECE_BYTES, Pieces};
use super::validation::{Fields, FromFields, parse};
use crate::domain::UndoChanges;
use crate::engine::EngineHandle;
use crate::query::{UndoTarget, check_undoable, undo_of};
use crate::store::{AuditEntry, AuditImage, AuditOrigin};
use crate::util::run_blocking;
use crate::wire::{DeviceView, InterfaceView, LinkView, Time};

/// Most rows in one answer; each may show many entities before and after.
const ROWS_MAX: u64 = 500;
const ROWS_DEFAULT: u64 = 50;
/// Most entities shown per row; `change_count` is the number of all.
const IMAGES_SHOWN_MAX: usize = 100;
/// Most bytes of the changes of all rows in an answer. Each row gets an equal share, so that a row
/// does not depend on the others: 84 kB at 50 rows, about 60 devices before and after.
const ANSWER_BYTES_MAX: usize = 4 << 20;

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list_audit))
        .routes(routes!(undo_row))
        .routes(routes!(undo_request))
}

/// Which rows of the trail.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
struct AuditQuery {
    /// How many rows at most.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 500)]
    limit: u64,
    /// Only rows with a smaller id: the id of the last row of the previous answer.
    before: Option<u64>,
}

impl FromFields for AuditQuery {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let limit = fields.optional("limit", parse::integer_in(1, ROWS_MAX));
        let before = fields.optional("before", parse::integer_in(0, u64::MAX));
        Some(Self { limit: limit.unwrap_or(ROWS_DEFAULT), before })
    }
}

/// One accepted command.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditRow)]
pub(super) struct AuditView<'a> {
    id: u64,
    /// The commit that made it durable.
    seq: u64,
    #[schema(value_type = String, format = DateTime)]
    at: Time,
    /// Who sent the command.
    actor: &'a str,
    /// The request's `X-Request-Id`; empty outside HTTP.
    request_id: &'a str,
    action: &'a str,
    /// The rows whose changes this one undid.
    undone_ids: &'a [u64],
    /// Whether the row allows an undo.
    undo: UndoabilityView,
    /// How many entities changed.
    change_count: u64,
    /// At most 100 of them, beginning with those that the command itself changed; fewer if the
    /// answer would be too large.
    #[schema(value_type = Vec<ImageView<'_>>)]
    changes: Vec<Box<RawValue>>,
}

/// Whether a row allows an undo, whatever was changed since: an undo may still be refused.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditUndo)]
struct UndoabilityView {
    is_possible: bool,
    /// Why not; null when it is possible.
    reason: Option<String>,
}

/// One entity before and after; null if it did not exist.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditChange)]
#[serde(tag = "kind", rename_all = "lowercase")]
#[expect(clippy::large_enum_variant, reason = "lives while one answer is written")]
enum ImageView<'a> {
    Device { id: u64, before: Option<DeviceView<'a>>, after: Option<DeviceView<'a>> },
    Interface { id: u64, before: Option<InterfaceView<'a>>, after: Option<InterfaceView<'a>> },
    Link { id: u64, before: Option<LinkView<'a>>, after: Option<LinkView<'a>> },
}

/// Accepted changes, newest first.
#[utoipa::path(
    get,
    path = "/api/audit",
    tag = "site",
    params(AuditQuery),
    responses((status = 200, body = Vec<AuditView<'_>>))
)]
async fn list_audit(
    State(state): State<ApiState>,
    Query422(query): Query422<AuditQuery>,
) -> Result<Response, ApiError> {
    let limit = usize::try_from(query.limit).expect("at most ROWS_MAX rows");
    let pieces = Trail {
        handle: state.handle().clone(),
        before: query.before,
        rows_left: limit,
        row_bytes: ANSWER_BYTES_MAX / limit,
        separator: b"[",
    };
    let json = [(header::CONTENT_TYPE, "application/json")];
    Ok((json, streaming::body(pieces).await?).into_response())
}

/// What an undo changed itself.
#[derive(Serialize, ToSchema)]
struct UndoneChange {
    /// The rows that were undone, oldest first.
    undone_ids: Vec<u64>,
    device_count: usize,
    interface_count: usize,
    link_count: usize,
}

/// Undoes the change of a row: deletes what it created, creates what it deleted with the same ids, and sets
/// what it set to what it was. What was changed since and is not part of it stays. Refused with 409 and the
/// obstacles when the same was changed since, or when something depends on it. An undo has a row of its
/// own, which can be undone in turn.
#[utoipa::path(
    post,
    path = "/api/audit/{id}/undo",
    tag = "site",
    params(("id" = u64, Path)),
    responses(
        (status = 200, body = UndoneChange),
        (status = 409, description = "It cannot be undone, or something stands in the way", body = ErrorBody)
    )
)]
async fn undo_row(
    State(state): State<ApiState>,
    Origin(origin): Origin,
    PathId(id): PathId,
) -> Result<Json<UndoneChange>, ApiError> {
    undo(&state, UndoTarget::Row(id), origin).await
}

/// The request to undo.
#[derive(ToSchema)]
#[schema(as = RequestToUndo)]
struct RequestToUndo {
    /// Its `X-Request-Id`. All requests that were sent with it are undone together.
    request_id: String,
}

impl FromFields for RequestToUndo {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { request_id: fields.required("request_id", parse::request_id)? })
    }
}

/// Undoes all changes of a request, as one change: as the undo of a row.
#[utoipa::path(
    post,
    path = "/api/undo",
    tag = "site",
    request_body = RequestToUndo,
    responses(
        (status = 200, body = UndoneChange),
        (status = 409, description = "It cannot be undone, or something stands in the way", body = ErrorBody)
    )
)]
async fn undo_request(
    State(state): State<ApiState>,
    Origin(origin): Origin,
    Body422(RequestToUndo { request_id }): Body422<RequestToUndo>,
) -> Result<Json<UndoneChange>, ApiError> {
    undo(&state, UndoTarget::Request(request_id), origin).await
}

async fn undo(
    state: &ApiState,
    target: UndoTarget,
    origin: AuditOrigin,
) -> Result<Json<UndoneChange>, ApiError> {
    let ReadUndo { seq, command } = read_undo(state, target).await?;
    let undone_ids = command.rows.clone();
    let counts = state.handle().execute_as_of(seq, command, origin).await?;
    Ok(Json(UndoneChange {
        undone_ids,
        device_count: counts.devices,
        interface_count: counts.interfaces,
        link_count: counts.links,
    }))
}

/// A command that undoes rows, and the commit as of which they were read.
pub(super) struct ReadUndo {
    seq: u64,
    pub(super) command: UndoChanges,
}

/// Returns the command that undoes these rows.
pub(super) async fn read_undo(state: &ApiState, target: UndoTarget) -> Result<ReadUndo, ApiError> {
    let snapshot = state.handle().read();
    let seq = snapshot.seq();
    match run_blocking(move || undo_of(&snapshot, &target)).await?? {
        None => Err(ApiError::NotFound("Change not found among the newest 10,000")),
        Some(undo) => Ok(ReadUndo { seq, command: undo? }),
    }
}

/// Rows that are sent to a client. Rows never change, so each part may come from a newer snapshot.
struct Trail {
    handle: EngineHandle,
    before: Option<u64>,
    rows_left: usize,
    /// Most bytes of the changes of one row.
    row_bytes: usize,
    /// The separator before the next row; empty after the last one.
    separator: &'static [u8],
}

impl Pieces for Trail {
    fn next(&mut self) -> Result<Option<Vec<Bytes>>, Broken> {
        if self.separator.is_empty() {
            return Ok(None);
        }
        let mut piece = Vec::new();
        let snapshot = self.handle.read();
        let rows = snapshot.audit(self.before, IMAGES_SHOWN_MAX)?.take(self.rows_left);
        for row in rows {
            let row = row?;
            self.before = Some(row.id);
            self.rows_left -= 1;
            piece.extend_from_slice(self.separator);
            self.separator = b",";
            serde_json::to_writer(&mut piece, &AuditView::new(&row, self.row_bytes))?;
            if piece.len() >= PIECE_BYTES {
                return Ok(Some(vec![piece.into()]));
            }
        }
        if self.separator == b"[" {
            piece.push(b'[');
        }
        piece.push(b']');
        self.separator = b"";
        Ok(Some(vec![piece.into()]))
    }
}

/// Returns as many changes as fit, in JSON, but at least one.
fn changes_within(entry: &AuditEntry, bytes_max: usize) -> Vec<Box<RawValue>> {
    let mut bytes = 0;
    let mut shown = Vec::new();
    for image in &entry.images {
        let json = to_raw_value(&image_view(image)).expect("views are plain data");
        bytes += json.get().len();
        if bytes > bytes_max && !shown.is_empty() {
            break;
        }
        shown.push(json);
    }
    shown
}

impl<'a> AuditView<'a> {
    /// The row with as many changes as fit into `bytes_max`, but at least one.
    pub(super) fn new(entry: &'a AuditEntry, bytes_max: usize) -> Self {
        Self {
            id: entry.id,
            seq: entry.seq,
            at: Time(entry.at),
            actor: &entry.origin.actor,
            request_id: &entry.origin.request_id,
            action: &entry.action,
            undone_ids: &entry.undone_ids,
            undo: UndoabilityView::new(entry),
            change_count: entry.change_count,
            changes: changes_within(entry, bytes_max),
        }
    }
}

impl UndoabilityView {
    fn new(entry: &AuditEntry) -> Self {
        let reason = check_undoable(entry).err().map(|reason| reason.to_string());
        Self { is_possible: reason.is_none(), reason }
    }
}

fn image_view(image: &AuditImage) -> ImageView<'_> {
    match image {
        AuditImage::Device { id, before, after } => ImageView::Device {
            id: *id,
            before: before.as_deref().map(DeviceView::new),
            after: after.as_deref().map(DeviceView::new),
        },
        AuditImage::Interface { id, before, after } => ImageView::Interface {
            id: *id,
            before: before.as_deref().map(InterfaceView::new),
            after: after.as_deref().map(InterfaceView::new),
        },
        AuditImage::Link { id, before, after } => ImageView::Link {
            id: *id,
            before: before.as_deref().map(LinkView::new),
            after: after.as_deref().map(LinkView::new),
        },
    }
}
