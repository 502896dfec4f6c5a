//! Undoing what a row of the trail changed, or a request.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::error::{ApiError, ErrorBody};
use crate::api::extract::{Body422, Origin, PathId};
use crate::api::state::ApiState;
use crate::api::validation::{Fields, FromFields, parse};
use crate::domain::UndoChanges;
use crate::query::{UndoTarget, undo_of};
use crate::store::AuditOrigin;
use crate::util::run_blocking;

/// What an undo changed itself.
#[derive(Serialize, ToSchema)]
pub(super) struct UndoneChange {
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
pub(super) async fn undo_row(
    State(state): State<ApiState>,
    Origin(origin): Origin,
    PathId(id): PathId,
) -> Result<Json<UndoneChange>, ApiError> {
    undo(&state, UndoTarget::Row(id), origin).await
}

/// The request to undo.
#[derive(ToSchema)]
#[schema(as = RequestToUndo)]
pub(super) struct RequestToUndo {
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
pub(super) async fn undo_request(
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
pub(in crate::api) struct ReadUndo {
    seq: u64,
    pub(in crate::api) command: UndoChanges,
}

/// Returns the command that undoes these rows.
pub(in crate::api) async fn read_undo(
    state: &ApiState,
    target: UndoTarget,
) -> Result<ReadUndo, ApiError> {
    let snapshot = state.handle().read();
    let seq = snapshot.seq();
    match run_blocking(move || undo_of(&snapshot, &target)).await?? {
        None => Err(ApiError::NotFound("Change not found among the newest 10,000")),
        Some(undo) => Ok(ReadUndo { seq, command: undo? }),
    }
}
