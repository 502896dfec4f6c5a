//! Threads of its own for a library that chooses itself where it blocks.

use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::Arc;

use tokio::runtime::{Builder, Handle, Runtime};

/// What is polled here and blocks does so on these few threads, whichever call of tokio it uses, and
/// what finds none free waits in a queue. Cheap to clone. Calls that never return are not waited for
/// when the last clone goes.
#[derive(Clone, Debug)]
pub struct Pool {
    handle: Handle,
    /// Only its threads for blocking calls are used.
    _runtime: Arc<Owned>,
}

#[derive(Debug)]
struct Owned(Option<Runtime>);

impl Drop for Owned {
    /// A runtime may not be waited for on a thread of another one.
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl Pool {
    /// With up to `threads` threads, none of which is started yet.
    ///
    /// # Errors
    /// Those of the system.
    pub fn new(threads: usize) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().max_blocking_threads(threads).build()?;
        let handle = runtime.handle().clone();
        Ok(Self { handle, _runtime: Arc::new(Owned(Some(runtime))) })
    }

    /// Returns what `work` returns, with all its blocking calls on these threads. `work` may not set
    /// timers: a deadline belongs around this.
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
    async fn what_blocks_does_so_on_few_threads() {
        let pool = Pool::new(2).unwrap();
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
    async fn what_hangs_is_not_waited_for_at_the_end() {
        let pool = Pool::new(1).unwrap();
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
