//! Downloads of backup files.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::json;

use super::super::error::ApiError;
use super::super::extract::{Origin, PathName};
use super::super::state::ApiState;

/// Bytes read at a time.
const PIECE_BYTES: usize = 256 * 1024;

/// Downloads the compressed file, encrypted if the backup is.
#[utoipa::path(
    get,
    path = "/api/backups/{id}/download",
    tag = "backups",
    params(("id" = String, Path, description = "Such as unoc_20261125_021500, or latest")),
    responses((status = 200, body = String, content_type = "application/octet-stream"))
)]
pub(super) async fn download(
    State(state): State<ApiState>,
    Origin(origin): Origin,
    PathName(id): PathName,
) -> Result<Response, ApiError> {
    let backups = state.backups().clone();
    let overview = backups.observe().await?;
    let entry = overview.find(&id)?;
    let (path, name) = (backups.path(entry)?, entry.manifest.file.clone());
    let opened = backups.call(move |_| Ok(open(&path))).await?;
    let gone = |_| ApiError::NotFound("The file of this backup is not on this host");
    let (file, bytes) = opened.map_err(gone)?;
    let details = json!({ "backup": entry.id.to_string(), "bytes": bytes });
    state.record_if_space(origin, "download backup", details).await?;
    let pieces = futures_util::stream::try_unfold((backups, file), |(backups, file)| async move {
        let read = backups.call(move |_| Ok(read_piece(file))).await;
        let (file, piece) = read.map_err(io::Error::other)??;
        Ok::<_, io::Error>((!piece.is_empty()).then_some((piece, (backups, file))))
    });
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_LENGTH, bytes.to_string()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((headers, Body::from_stream(pieces)).into_response())
}

fn open(path: &Path) -> io::Result<(File, u64)> {
    let file = File::open(path)?;
    let bytes = file.metadata()?.len();
    Ok((file, bytes))
}

/// Returns the next bytes; empty at the end.
fn read_piece(file: File) -> io::Result<(File, Bytes)> {
    let mut piece = Vec::with_capacity(PIECE_BYTES);
    (&file).take(PIECE_BYTES as u64).read_to_end(&mut piece)?;
    Ok((file, piece.into()))
}
