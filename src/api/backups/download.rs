//! The file of a backup, as it is.

use std::io;

use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::BytesMut;
use tokio::fs::File;
use tokio::io::AsyncReadExt;

use super::super::error::ApiError;
use super::super::extract::PathName;
use super::super::state::ApiState;
use super::blocking;

/// Bytes read at a time.
const PIECE_BYTES: usize = 256 * 1024;

/// The packed file, encrypted if it is.
#[utoipa::path(
    get,
    path = "/api/backups/{id}/download",
    tag = "backups",
    params(("id" = String, Path, description = "Such as unoc_20261125_021500, or latest")),
    responses((status = 200, body = String, content_type = "application/octet-stream"))
)]
pub(super) async fn download(
    State(state): State<ApiState>,
    PathName(id): PathName,
) -> Result<Response, ApiError> {
    let (path, name) = blocking(&state, move |backups| {
        let entry = backups.find(&id)?;
        Ok((backups.path(&entry)?, entry.manifest.file))
    })
    .await?;
    let gone = |_| ApiError::NotFound("The file of this backup is not on this host");
    let file = File::open(path).await.map_err(gone)?;
    let bytes = file.metadata().await.map_err(gone)?.len();
    let pieces = futures_util::stream::try_unfold(file, |mut file| async move {
        let mut piece = BytesMut::with_capacity(PIECE_BYTES);
        let length = file.read_buf(&mut piece).await?;
        Ok::<_, io::Error>((length > 0).then(|| (piece.freeze(), file)))
    });
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_LENGTH, bytes.to_string()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((headers, Body::from_stream(pieces)).into_response())
}
