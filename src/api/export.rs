//! The whole site as JSON Lines, from one snapshot.

use std::time::Duration;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::ApiError;
use super::extract::Origin;
use super::lease::Lease;
use super::state::ApiState;
use super::streaming::{self, Broken, PIECE_BYTES, Pieces};
use crate::query::{ExportError, SiteExport};
use crate::settings::RuntimeSetting;
use crate::store::Snapshot;

/// Rows between two checks of the size of a part.
pub(super) const ROWS_PER_LOOK: usize = 64;
/// Longest time for an export, which keeps one snapshot from beginning to end: 100 MB at 1.3
/// Mbit/s. A longer export is cut off, which an import detects.
const EXPORT_WAIT: Duration = Duration::from_secs(600);

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(export))
}

/// Exports the whole site for `unoc import`: a header line, then one entity per line.
#[utoipa::path(
    get,
    path = "/api/export",
    tag = "site",
    responses((status = 200, body = String, content_type = "application/x-ndjson"))
)]
async fn export(
    State(state): State<ApiState>,
    Origin(origin): Origin,
) -> Result<Response, ApiError> {
    state.require(RuntimeSetting::Exports)?;
    state.record_if_space(origin, "export site", Value::Null).await?;
    let mut export = SiteExport::new(state.handle().site_id());
    stream(&state, "application/x-ndjson", move |snapshot, out| {
        export.write(snapshot, out, ROWS_PER_LOOK)
    })
    .await
}

/// Returns an answer of any length from one snapshot. Each call of `write` adds rows and returns
/// false after the last one.
pub(super) async fn stream(
    state: &ApiState,
    content_type: &'static str,
    write: impl FnMut(&Snapshot, &mut Vec<u8>) -> Result<bool, ExportError> + Send + 'static,
) -> Result<Response, ApiError> {
    let lease = state.leases().hold(state.handle().read(), EXPORT_WAIT);
    let body = streaming::body(Rows { lease, write, is_done: false }).await?;
    Ok(([(header::CONTENT_TYPE, content_type)], body).into_response())
}

struct Rows<W> {
    lease: Lease,
    write: W,
    is_done: bool,
}

impl<W> Pieces for Rows<W>
where
    W: FnMut(&Snapshot, &mut Vec<u8>) -> Result<bool, ExportError> + Send + 'static,
{
    fn next(&mut self) -> Result<Option<Vec<Bytes>>, Broken> {
        if self.is_done {
            return Ok(None);
        }
        let snapshot = self.lease.snapshot().ok_or("the client read too slowly for an export")?;
        let mut piece = Vec::with_capacity(PIECE_BYTES);
        while !self.is_done && piece.len() < PIECE_BYTES {
            self.is_done = !(self.write)(&snapshot, &mut piece)?;
        }
        Ok(Some(vec![piece.into()]))
    }
}
