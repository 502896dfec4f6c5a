//! Long answers, made piece by piece as the client takes them.
//!
//! While the client takes one piece, the next one is made, and no further one: a slow client costs two pieces
//! of memory, and no thread waits for it.

use std::io;

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use tokio::task::JoinHandle;

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
    let first = made(begin(pieces)).await.map_err(ApiError::Broken)?;
    let parts = stream::try_unfold(Ahead::Made(first), async |ahead| {
        let part = match ahead {
            Ahead::Made(part) => part,
            Ahead::Begun(step) => made(step).await.map_err(|error| {
                tracing::warn!(error, "An answer could not be completed");
                io::Error::other(error)
            })?,
        };
        Ok::<_, io::Error>(part.map(|(part, pieces)| (part, Ahead::Begun(begin(pieces)))))
    });
    let bytes = parts.map_ok(|part| stream::iter(part.into_iter().map(Ok::<_, io::Error>)));
    Ok(Body::from_stream(bytes.try_flatten().boxed()))
}

enum Ahead<P> {
    Made(Option<(Vec<Bytes>, P)>),
    Begun(Step<P>),
}

/// The making of a part; with it come those that follow.
type Step<P> = JoinHandle<Result<Option<(Vec<Bytes>, P)>, Broken>>;

fn begin<P: Pieces>(mut pieces: P) -> Step<P> {
    tokio::task::spawn_blocking(move || {
        let part = pieces.next()?;
        Ok(part.map(|part| (part, pieces)))
    })
}

async fn made<P>(step: Step<P>) -> Result<Option<(Vec<Bytes>, P)>, Broken> {
    step.await?
}
