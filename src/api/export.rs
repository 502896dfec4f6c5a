//! The whole site as JSON Lines, from one snapshot.

use std::io;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use tokio::sync::mpsc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::state::ApiState;
use crate::engine::{ExportError, export_site};

/// Bytes per piece, and pieces that may wait for the client.
const PIECE_BYTES: usize = 256 * 1024;
const PIECES_WAITING: usize = 8;
/// A client that takes nothing for this long is given up: it holds a snapshot, and old pages
/// with it. Its file is short then, which the import notices.
const CLIENT_WAIT: Duration = Duration::from_secs(30);

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(export))
}

/// The whole site, for `unoc import`: a header line, then one entity a line.
#[utoipa::path(
    get,
    path = "/api/export",
    tag = "site",
    responses((status = 200, body = String, content_type = "application/x-ndjson"))
)]
async fn export(State(state): State<ApiState>) -> Response {
    let snapshot = state.handle().read();
    let site_id = state.handle().site_id();
    stream("application/x-ndjson", move |out| export_site(&snapshot, site_id, out, |_, _| {}))
}

/// An answer of any length, as it is being written.
pub(super) fn stream(
    content_type: &'static str,
    write: impl FnOnce(&mut PieceWriter) -> Result<(), ExportError> + Send + 'static,
) -> Response {
    let (pieces, mut made) = mpsc::channel(PIECES_WAITING);
    let runtime = tokio::runtime::Handle::current();
    tokio::task::spawn_blocking(move || {
        let mut writer = PieceWriter { pieces, runtime, buffer: Vec::with_capacity(PIECE_BYTES) };
        let written = write(&mut writer).and_then(|()| Ok(writer.hand_over()?));
        if let Err(error) = written {
            tracing::warn!(%error, "An export was not completed");
            writer.fail(error);
        }
    });
    let body =
        Body::from_stream(futures_util::stream::poll_fn(move |context| made.poll_recv(context)));
    ([(header::CONTENT_TYPE, content_type)], body).into_response()
}

/// Collects bytes into pieces and waits for the client to take them.
pub(super) struct PieceWriter {
    pieces: mpsc::Sender<io::Result<Bytes>>,
    runtime: tokio::runtime::Handle,
    buffer: Vec<u8>,
}

impl PieceWriter {
    fn hand_over(&mut self) -> io::Result<()> {
        let piece = Bytes::from(std::mem::take(&mut self.buffer));
        if piece.is_empty() {
            return Ok(());
        }
        let sent = self.runtime.block_on(self.pieces.send_timeout(Ok(piece), CLIENT_WAIT));
        sent.map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "the client stopped reading"))
    }

    fn fail(&self, error: ExportError) {
        // The connection is cut instead of ended, so that the client knows.
        self.pieces.try_send(Err(io::Error::other(error))).ok();
    }
}

impl io::Write for PieceWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= PIECE_BYTES {
            self.hand_over()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
