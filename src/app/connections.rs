//! How many connections are open, of as many as there may be.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::util::Usage;

/// The limit of connections; clones share it.
#[derive(Clone)]
pub(crate) struct ConnectionLimit {
    permits: Arc<Semaphore>,
    /// Fewer than the permits that are taken: the server has one for the client that it waits for.
    open_count: Arc<AtomicUsize>,
    connections_max: usize,
}

/// Counts as a connection until it is dropped.
pub(super) struct OpenConnection {
    _permit: OwnedSemaphorePermit,
    open_count: Arc<AtomicUsize>,
}

impl ConnectionLimit {
    pub(super) fn new(connections_max: usize) -> Self {
        let permits = Arc::new(Semaphore::new(connections_max));
        Self { permits, open_count: Arc::default(), connections_max }
    }

    /// Waits until one more connection may be open.
    ///
    /// # Errors
    /// The limit is never closed, which would be the only error.
    pub(super) async fn permit(&self) -> io::Result<OwnedSemaphorePermit> {
        Arc::clone(&self.permits).acquire_owned().await.map_err(io::Error::other)
    }

    /// Counts a connection that has a permit.
    pub(super) fn count(&self, permit: OwnedSemaphorePermit) -> OpenConnection {
        self.open_count.fetch_add(1, Ordering::Relaxed);
        OpenConnection { _permit: permit, open_count: Arc::clone(&self.open_count) }
    }

    /// The connections that are open.
    pub(super) fn usage(&self) -> Usage {
        Usage::of(self.open_count.load(Ordering::Relaxed), self.connections_max)
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.open_count.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_connection_counts_until_it_is_closed() {
        let limit = ConnectionLimit::new(2);
        let awaited = limit.permit().await.unwrap();
        assert_eq!(limit.usage(), Usage::of(0, 2), "the permit of a client that may come");
        let open = limit.count(awaited);
        let second = limit.clone().count(limit.permit().await.unwrap());
        assert_eq!(limit.usage(), Usage::of(2, 2));
        drop(open);
        assert_eq!(limit.usage(), Usage::of(1, 2));
        drop((second, limit.permit().await.unwrap()));
        assert_eq!(limit.usage(), Usage::of(0, 2));
    }
}
