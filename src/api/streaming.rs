//! Long answers, made in parts as the client reads them.
//!
//! While the client reads one part, only the next one is made: a slow client takes the memory of
//! two parts, and no thread waits for it.

use std::io;

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use tokio::task::JoinHandle;

use super::error::ApiError;

/// Size of a part.
pub(super) const PIECE_BYTES: usize = 64 * 1024;

/// The error that ends an answer early.
pub(super) type Broken = Box<dyn std::error::Error + Send + Sync>;

/// The parts of a long answer.
pub(super) trait Pieces: Send + 'static {
    /// Returns the next part, or `None` at the end. Runs on a thread that may block.
    fn next(&mut self) -> Result<Option<Vec<Bytes>>, Broken>;
}

/// Returns a body of these parts. The first part is made at once.
///
/// # Errors
/// Making the first part fails. A later error closes the connection, so that the client notices.
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
    Begun(NextPart<P>),
}

/// The task that makes a part; it returns the part and the parts that follow.
type NextPart<P> = JoinHandle<Result<Option<(Vec<Bytes>, P)>, Broken>>;

fn begin<P: Pieces>(mut pieces: P) -> NextPart<P> {
    tokio::task::spawn_blocking(move || {
        let part = pieces.next()?;
        Ok(part.map(|part| (part, pieces)))
    })
}

async fn made<P>(step: NextPart<P>) -> Result<Option<(Vec<Bytes>, P)>, Broken> {
    step.await?
}
