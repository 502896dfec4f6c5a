//! Long answers, made piece by piece as the client takes them.
//!
//! The next piece is made when the client has taken the one before: a slow client costs one piece of
//! memory, and no thread waits for it.

use std::io;

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::error::ApiError;

/// Bytes of a piece that an answer makes for itself.
pub(super) const PIECE_BYTES: usize = 64 * 1024;

/// Why an answer breaks off.
pub(super) type Broken = Box<dyn std::error::Error + Send + Sync>;

/// What a long answer is made of.
pub(super) trait Pieces: Send + 'static {
    /// The next part; `None` at the end. It runs on a thread that may block.
    fn next(&mut self) -> Result<Option<Vec<Bytes>>, Broken>;
}

/// A body of these pieces, the first of which is made at once.
///
/// # Errors
/// When that fails. A later failure cuts the connection, so that the client knows.
pub(super) async fn body(pieces: impl Pieces) -> Result<Body, ApiError> {
    let first = step(pieces).await.map_err(ApiError::Broken)?;
    let parts = stream::try_unfold(Ahead::Made(first), async |ahead| {
        let made = match ahead {
            Ahead::Made(made) => made,
            Ahead::ToMake(pieces) => step(pieces).await.map_err(|error| {
                tracing::warn!(error, "An answer could not be completed");
                io::Error::other(error)
            })?,
        };
        Ok::<_, io::Error>(made.map(|(part, pieces)| (part, Ahead::ToMake(pieces))))
    });
    let bytes = parts.map_ok(|part| stream::iter(part.into_iter().map(Ok::<_, io::Error>)));
    Ok(Body::from_stream(bytes.try_flatten().boxed()))
}

enum Ahead<P> {
    Made(Option<(Vec<Bytes>, P)>),
    ToMake(P),
}

async fn step<P: Pieces>(mut pieces: P) -> Result<Option<(Vec<Bytes>, P)>, Broken> {
    let made = tokio::task::spawn_blocking(move || {
        let part = pieces.next()?;
        Ok(part.map(|part| (part, pieces)))
    });
    made.await?
}
