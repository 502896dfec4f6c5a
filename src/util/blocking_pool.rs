//! A pool of threads for a library that itself decides where it blocks.

use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::Arc;

use tokio::runtime::{Builder, Handle, Runtime};

/// Blocking calls of a future that runs here use these threads, whichever call of tokio makes them; while
/// none is free, they wait in a queue. Clones share the threads. When the last clone is dropped, calls
/// that hang are not waited for.
#[derive(Clone, Debug)]
pub struct BlockingPool {
    handle: Handle,
    /// Only its threads for blocking calls are used.
    _runtime: Arc<Owned>,
}

#[derive(Debug)]
struct Owned(Option<Runtime>);

impl Drop for Owned {
    /// To wait for a runtime on a thread of another one would panic.
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl BlockingPool {
    /// A pool of up to `threads_max` threads, which start when they are needed.
    ///
    /// # Errors
    /// Those of the system.
    pub fn new(threads_max: usize) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().max_blocking_threads(threads_max).build()?;
        let handle = runtime.handle().clone();
        Ok(Self { handle, _runtime: Arc::new(Owned(Some(runtime))) })
    }

    /// Returns the output of `work`, whose blocking calls run on these threads. `work` must not set
    /// timers: put a deadline around this.
    pub async fn run<F: Future>(&self, work: F) -> F::Output {
        let mut work = pin!(work);
        poll_fn(|context| {
            let _entered = self.handle.enter();
            work.as_mut().poll(context)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::Mutex;

    use super::*;

    #[tokio::test]
    async fn blocking_calls_use_few_threads() {
        let pool = BlockingPool::new(2).unwrap();
        let seen: Arc<Mutex<HashSet<_>>> = Arc::default();
        let calls = (0..40).map(|_| {
            let seen = Arc::clone(&seen);
            let note = move || seen.lock().unwrap().insert(std::thread::current().id());
            pool.run(async { tokio::task::spawn_blocking(note).await.unwrap() })
        });
        futures_util::future::join_all(calls).await;
        assert!(seen.lock().unwrap().len() <= 2);
    }

    #[tokio::test]
    async fn a_call_that_hangs_is_not_waited_for_at_the_end() {
        let pool = BlockingPool::new(1).unwrap();
        let (begun, begins) = tokio::sync::oneshot::channel();
        let (release, held) = std::sync::mpsc::channel::<()>();
        let hanging = move || {
            begun.send(()).ok();
            held.recv().ok();
        };
        let hanging = pool.run(async { drop(tokio::task::spawn_blocking(hanging)) });
        hanging.await;
        begins.await.unwrap();
        drop(pool);
        drop(release);
    }
}
