//! Answers about the whole network, computed once and shared by all clients.

use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

use crate::domain::World;
use crate::engine::{EngineError, EngineHandle};

/// After a computation, no other starts for this many times as long, so that the engine can write.
const REST_FACTOR: u32 = 4;
/// Longest such pause.
const REST_MAX: Duration = Duration::from_secs(1);

/// The last answer, as JSON.
#[derive(Default)]
pub(super) struct SharedAnswer(Mutex<Option<Known>>);

struct Known {
    seq: u64,
    body: Bytes,
    rested_at: Instant,
}

impl SharedAnswer {
    /// Returns the answer and its seq. The answer has every change that was acknowledged before the
    /// call. One computation runs at a time; calls during a computation share the next one.
    ///
    /// # Errors
    /// [`EngineError::Busy`] and [`EngineError::Stopped`].
    pub(super) async fn get<T: Serialize + Send + 'static>(
        &self,
        handle: &EngineHandle,
        look: fn(&World) -> T,
    ) -> Result<(u64, Bytes), EngineError> {
        let asked = handle.read().seq();
        let mut known = self.0.lock().await;
        if let Some(known) = &*known {
            if known.seq >= asked {
                return Ok((known.seq, known.body.clone()));
            }
            sleep_until(known.rested_at).await;
        }
        let start = Instant::now();
        let (seq, answer) = handle.inspect(look).await?;
        let rest = (start.elapsed() * REST_FACTOR).min(REST_MAX);
        let body = serde_json::to_vec(&answer).expect("views hold finite numbers and text only");
        let body = Bytes::from(body);
        *known = Some(Known { seq, body: body.clone(), rested_at: Instant::now() + rest });
        Ok((seq, body))
    }
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
            let asked = (0..50).map(|_| answer.get(&handle, count));
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
