//! Putting the site of another store in place of the current one, whole, while the service runs.

use std::path::PathBuf;

use tokio::sync::oneshot;

use super::activity::LONG_STEP;
use super::commit::{AppliedCommand, Commit, CommitCause};
use super::error::EngineError;
use super::handle::EngineHandle;
use super::load;
use super::writer::{Engine, Request};
use crate::domain::World;
use crate::store::{AuditOrigin, Replacement, Snapshot, Space, Store, StoreError};

/// What the stores need on disk, beside what must stay free: a copy of the current one, and the
/// pages of both sites until the commit.
const COPIES_NEEDED: u64 = 2;

/// A site to put in place of the current one.
pub struct Restoration {
    /// Another store, whose site was checked. Its identity must be this site's.
    pub from: Store,
    /// Below this directory the current store is kept, under this name.
    pub keep_in: PathBuf,
    pub keep_as: String,
    pub action: &'static str,
    pub origin: AuditOrigin,
}

/// How a restoration ended.
#[derive(Debug)]
pub enum Restored {
    /// The site is now the other one, as of this commit.
    Done { seq_before: u64, seq: u64, kept: PathBuf },
    /// The data volume has too little room; nothing was changed.
    NoRoom { space: Space, needed_bytes: u64 },
    /// The current store could not be kept, or the other one not be read; nothing was changed.
    Failed(StoreError),
}

impl Engine {
    /// Nobody writes meanwhile, so what is kept is exactly what is replaced.
    pub(super) fn restore(&mut self, wanted: &Restoration) -> Result<Restored, StoreError> {
        let prepared = self.prepare(wanted);
        let (from, kept) = match prepared {
            Ok(Ok(prepared)) => prepared,
            Ok(Err(refused)) => return Ok(refused),
            Err(error) => return Ok(Restored::Failed(error)),
        };
        // One of the two sites at a time in memory, and the new one before it is committed: a site
        // that cannot be run on must never be what the next start finds.
        self.world = World::default();
        match load::load(&from, &self.progress) {
            Ok(world) => self.world = world,
            Err(error) => {
                self.world = load::load(&self.store.read()?, &self.progress)?;
                return Ok(Restored::Failed(error));
            }
        }
        let seq_before = self.seq;
        let at = self.options.clock.now();
        self.seq = seq_before.max(from.head().seq) + 1;
        self.progress.step(LONG_STEP);
        let head = self.store.replace(&Replacement {
            from: &from,
            seq: self.seq,
            at,
            action: wanted.action,
            origin: &wanted.origin,
        })?;
        self.world.restore_counters(head.counters);
        self.show_latest()?;
        let applied = vec![AppliedCommand { cause: CommitCause::Reset, changes: Vec::new() }];
        self.publish(Commit { seq: self.seq, at, applied });
        Ok(Restored::Done { seq_before, seq: self.seq, kept })
    }

    /// Everything that may fail without harm.
    fn prepare(
        &self,
        wanted: &Restoration,
    ) -> Result<Result<(Snapshot, PathBuf), Restored>, StoreError> {
        let from = wanted.from.read()?;
        let both = self.store.file_bytes()? + wanted.from.file_bytes()?;
        let needed_bytes = self.options.min_free_bytes + COPIES_NEEDED * both;
        let space = self.store.space()?;
        if space.free_bytes < needed_bytes {
            return Ok(Err(Restored::NoRoom { space, needed_bytes }));
        }
        let current = self.store.read()?;
        self.progress.step(LONG_STEP);
        let kept = self.store.keep_copy(&current, &wanted.keep_in, &wanted.keep_as)?;
        Ok(Ok((from, kept)))
    }
}

impl EngineHandle {
    /// Puts another store's site in place of the current one, in one commit, and keeps a copy of
    /// the current store. Writers wait meanwhile, readers do not.
    ///
    /// # Errors
    /// [`EngineError::Stopped`]; [`Restored`] tells the rest.
    pub async fn restore(&self, wanted: Restoration) -> Result<Restored, EngineError> {
        let (answer, answered) = oneshot::channel();
        self.enqueue(Request::Restore(Box::new(wanted), answer)).await?;
        Self::answer(answered).await
    }
}
