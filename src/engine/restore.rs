//! Replacing the current site by that of another store, whole, while the service runs.

use std::path::PathBuf;

use serde_json::{Map, Value};

use super::activity::LONG_STEP_TIME_MAX;
use super::commit::{AppliedCommand, CommitCause};
use super::error::EngineError;
use super::handle::EngineHandle;
use super::load::load;
use super::writer::Engine;
use crate::domain::World;
use crate::store::{AuditOrigin, DiskSpace, SiteReplacement, Snapshot, Store, StoreError};

/// How many times the stores' size is needed on disk, beside what must stay free: a copy of the
/// current one, and the pages of both sites until the commit.
const COPIES_NEEDED: u64 = 2;

/// A site to restore in place of the current one.
pub struct SiteRestore {
    /// Another store, whose site was checked. Its identity must be this site's.
    pub from: Store,
    /// The current store is copied into a directory of this name below this directory.
    pub undo_directory: PathBuf,
    pub undo_name: String,
    /// For the audit trail.
    pub action: &'static str,
    pub origin: AuditOrigin,
    pub details: Map<String, Value>,
}

/// How a restore ended. Unless it is done, nothing was changed.
#[derive(Debug)]
pub enum RestoreOutcome {
    /// The site is the restored one as of the commit `seq`; `undo` is the copy of the one before.
    Done { seq_before: u64, seq: u64, undo: PathBuf },
    /// The data volume has too little free space.
    NoSpace { space: DiskSpace, needed_bytes: u64 },
    /// The current store could not be copied, or the other one could not be read.
    Failed(StoreError),
}

impl EngineHandle {
    /// Replaces the site by another store's, in one commit, and keeps a copy of the current store.
    /// Writers wait meanwhile, readers do not.
    ///
    /// # Errors
    /// [`EngineError::Busy`] and [`EngineError::Stopped`]; the rest is a [`RestoreOutcome`].
    pub async fn restore(&self, restore: SiteRestore) -> Result<RestoreOutcome, EngineError> {
        self.run("a restore", move |engine| engine.restore(&restore)).await
    }
}

impl Engine {
    /// Nobody writes meanwhile, so the copy is exactly what is replaced.
    fn restore(&mut self, restore: &SiteRestore) -> Result<RestoreOutcome, StoreError> {
        let (from, undo) = match self.prepare_restore(restore) {
            Ok(Ok(prepared)) => prepared,
            Ok(Err(outcome)) => return Ok(outcome),
            Err(error) => return Ok(RestoreOutcome::Failed(error)),
        };
        // One of the two sites at a time in memory, and the new one before it is committed: the next
        // start must never find a site that cannot be loaded.
        self.world = World::default();
        match load(&from, &self.activity) {
            Ok(world) => self.world = world,
            Err(error) => {
                self.world = load(&self.store.read()?, &self.activity)?;
                return Ok(RestoreOutcome::Failed(error));
            }
        }
        let seq_before = self.seq;
        let at = self.clock.now();
        self.seq = seq_before.max(from.seq()) + 1;
        self.activity.start_step(LONG_STEP_TIME_MAX);
        let commit = self.store.replace_site(&SiteReplacement {
            from: &from,
            seq: self.seq,
            at,
            action: restore.action,
            origin: &restore.origin,
            details: &restore.details,
        })?;
        self.world.restore_counters(commit.counters);
        self.resume_outages()?;
        self.past_removed_at = self.seq;
        self.update_snapshot()?;
        let applied = vec![AppliedCommand { cause: CommitCause::Reset, changes: Vec::new() }];
        self.publish(at, applied);
        Ok(RestoreOutcome::Done { seq_before, seq: self.seq, undo })
    }

    /// Everything that may fail without harm: the check of free space and the copy.
    fn prepare_restore(
        &self,
        restore: &SiteRestore,
    ) -> Result<Result<(Snapshot, PathBuf), RestoreOutcome>, StoreError> {
        let from = restore.from.read()?;
        let stores_bytes = self.store.file_bytes()? + restore.from.file_bytes()?;
        let needed_bytes = self.volume.min_free_bytes + COPIES_NEEDED * stores_bytes;
        let space = self.store.disk_space()?;
        if space.free_bytes < needed_bytes {
            return Ok(Err(RestoreOutcome::NoSpace { space, needed_bytes }));
        }
        let current = self.store.read()?;
        self.activity.start_step(LONG_STEP_TIME_MAX);
        let undo = self.store.copy_to(&current, &restore.undo_directory, &restore.undo_name)?;
        Ok(Ok((from, undo)))
    }
}
