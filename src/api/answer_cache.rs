//! Answers about the whole network, computed once and shared by all clients.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

use crate::domain::{DeviceId, Problem, World};
use crate::engine::{EngineError, EngineHandle};

/// After a computation, no other starts for this many times as long, so that the engine can write.
const REST_FACTOR: u32 = 4;
/// Longest such pause.
const REST_MAX: Duration = Duration::from_secs(1);

/// All problems, as they are and as JSON.
pub(super) struct ProblemsAnswer {
    pub(super) problems: Vec<Problem>,
    pub(super) body: Bytes,
}

/// The totals of the network: what of them is recorded, and all of them as JSON.
pub(super) struct SummaryAnswer {
    pub(super) customer_count: usize,
    pub(super) without_service_count: usize,
    pub(super) degraded_count: usize,
    pub(super) planned_work_count: usize,
    /// Overridden devices and links.
    pub(super) overridden_count: usize,
    /// The devices that planned work affects.
    pub(super) planned_work: Arc<[DeviceId]>,
    pub(super) body: Bytes,
}

/// The last answer.
pub(super) struct SharedAnswer<A>(Mutex<Option<Known<A>>>);

struct Known<A> {
    seq: u64,
    answer: Arc<A>,
    rested_at: Instant,
}

impl<A> Default for SharedAnswer<A> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<A> SharedAnswer<A> {
    /// Returns the answer and its seq. The answer has every change that was acknowledged before the
    /// call. One computation runs at a time; calls during a computation share the next one. `look` runs
    /// on the engine's thread, `make` on the caller's.
    ///
    /// # Errors
    /// [`EngineError::Busy`] and [`EngineError::Stopped`].
    pub(super) async fn get<T: Send + 'static>(
        &self,
        handle: &EngineHandle,
        look: fn(&World) -> T,
        make: fn(T) -> A,
    ) -> Result<(u64, Arc<A>), EngineError> {
        let asked = handle.read().seq();
        let mut known = self.0.lock().await;
        if let Some(known) = &*known {
            if known.seq >= asked {
                return Ok((known.seq, Arc::clone(&known.answer)));
            }
            sleep_until(known.rested_at).await;
        }
        let start = Instant::now();
        let (seq, seen) = handle.inspect(look).await?;
        let rest = (start.elapsed() * REST_FACTOR).min(REST_MAX);
        let answer = Arc::new(make(seen));
        let rested_at = Instant::now() + rest;
        *known = Some(Known { seq, answer: Arc::clone(&answer), rested_at });
        Ok((seq, answer))
    }
}

/// Returns an answer as JSON.
pub(super) fn to_json<T: Serialize>(answer: T) -> Bytes {
    let body = serde_json::to_vec(&answer).expect("views hold finite numbers and text only");
    Bytes::from(body)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::domain::{Blueprint, ReseedSite, Timestamp};
    use crate::engine::{Clock, Engine, EngineOptions};
    use crate::store::{AuditOrigin, OpenOptions, Store};

    static COMPUTED: AtomicUsize = AtomicUsize::new(0);

    fn count(world: &World) -> usize {
        COMPUTED.fetch_add(1, Ordering::Relaxed);
        world.entity_count()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn it_is_computed_once_per_seq_and_never_older_than_the_question() {
        let open = OpenOptions { cache_bytes: 1 << 20, now: Timestamp(0), site_id: None };
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), open).unwrap();
        let clock = Clock::manual(|| Timestamp(0));
        let options = EngineOptions { min_free_bytes: 0, clock };
        let (handle, thread) = Engine::start(store, options).unwrap();
        let answer = SharedAnswer::default();
        for round in 1..=3 {
            let seed = ReseedSite(Blueprint::Demo);
            handle.execute(seed, AuditOrigin::default()).await.unwrap();
            let asked = (0..50).map(|_| answer.get(&handle, count, to_json));
            for told in futures_util::future::join_all(asked).await {
                let (seq, body) = told.unwrap();
                assert_eq!(seq, round, "what was acknowledged is shown");
                assert!(body.len() > 1, "{body:?}");
            }
            let computed = COMPUTED.load(Ordering::Relaxed);
            assert_eq!(computed as u64, round, "fifty ask and share one answer");
        }
        handle.stop().await;
        thread.join().unwrap();
    }
}
