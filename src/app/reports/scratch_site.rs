//! A site of its own for a test: a store in a directory beside the real one, with an engine.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use anyhow::{Context, Result, bail};
use tokio::runtime::Handle;
use tracing::warn;

use crate::engine::{Clock, Engine, EngineExit, EngineHandle, EngineOptions};
use crate::store::{OpenOptions, Store};
use crate::util::run_blocking;

/// Inside the data directory. At most one process uses it: the one that has the store open.
const SCRATCH_DIR: &str = "scratch";
const CACHE_BYTES: usize = 8 << 20;

/// The directory of a scratch site, which is removed when this is dropped.
pub(super) struct ScratchDirectory {
    path: PathBuf,
    is_removed: bool,
}

/// A running engine on the store in a scratch directory. It ends with its last handle.
pub(super) struct ScratchEngine {
    pub(super) handle: EngineHandle,
    thread: JoinHandle<EngineExit>,
}

/// Removes what a process that was killed left behind.
pub(in crate::app) fn remove_leftovers(data_dir: &Path) {
    let path = data_dir.join(SCRATCH_DIR);
    if let Err(error) = remove(&path) {
        warn!(%error, "The scratch site of an earlier run in {} could not be removed", path.display());
    }
}

impl ScratchDirectory {
    /// An empty directory below the data directory. What an earlier run left in it is removed.
    pub(super) async fn create(data_dir: &Path) -> Result<Self> {
        let path = data_dir.join(SCRATCH_DIR);
        remove_apart(path.clone()).await?;
        Ok(Self { path, is_removed: false })
    }

    /// Removes it now.
    pub(super) async fn remove(mut self) -> Result<()> {
        remove_apart(self.path.clone()).await?;
        self.is_removed = true;
        Ok(())
    }

    /// Opens the store in the directory, a new one at first, as the service does: each commit is synced.
    pub(super) async fn start_engine(&self, clock: Clock) -> Result<ScratchEngine> {
        let path = self.path.clone();
        let started = run_blocking(move || -> Result<_> {
            let options = OpenOptions { cache_bytes: CACHE_BYTES, now: clock.now(), site_id: None };
            let store = Store::open(&path, options)?;
            Ok(Engine::start(store, EngineOptions { min_free_bytes: 0, clock })?)
        });
        let (handle, thread) = started.await??;
        Ok(ScratchEngine { handle, thread })
    }
}

impl Drop for ScratchDirectory {
    fn drop(&mut self) {
        // A volume may hang. What cannot be removed now is removed by the next run, or at the next start.
        let path = std::mem::take(&mut self.path);
        if let (false, Ok(runtime)) = (self.is_removed, Handle::try_current()) {
            runtime.spawn_blocking(move || remove(&path).ok());
        }
    }
}

impl ScratchEngine {
    /// Stops the engine and waits until it has closed the store.
    pub(super) async fn stop(self) -> Result<()> {
        let Self { handle, thread } = self;
        handle.stop().await;
        drop(handle);
        match run_blocking(move || thread.join()).await? {
            Ok(EngineExit::Stopped) => Ok(()),
            Ok(EngineExit::Failed(error)) => Err(error).context("a commit failed"),
            Err(_) => bail!("the engine of the scratch site panicked; the log has the cause"),
        }
    }
}

/// Removes it on a thread that may block: the volume may hang.
async fn remove_apart(path: PathBuf) -> Result<()> {
    let shown = path.display().to_string();
    let removed = run_blocking(move || remove(&path)).await?;
    removed.with_context(|| format!("cannot remove {shown}"))
}

fn remove(path: &Path) -> std::io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
