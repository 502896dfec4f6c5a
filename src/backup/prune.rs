//! Removing what the retention does not keep, here and off the host.

use tracing::{info, warn};

use super::backups::{Backups, Log};
use super::catalog::CatalogEntry;
use super::error::BackupError;
use super::name::BackupId;
use super::notes::CopyState;
use super::progress::{Operation, ProgressUnit};
use super::retention::Retained;
use crate::util::Zone;

/// What stays and what goes.
#[derive(Clone, Debug, Default)]
pub struct Pruning {
    pub retained: Retained,
    /// Of which nothing is left, with the bytes that they had on this host.
    pub removed: Vec<(BackupId, u64)>,
    /// By target: the copies that go.
    pub copies: Vec<(String, Vec<BackupId>)>,
    /// Copies that were to go and could not be removed; none before it was tried.
    pub failed_removals: Vec<FailedRemoval>,
    /// On this host.
    pub bytes_freed: u64,
}

/// A copy that could not be removed.
#[derive(Clone, Debug)]
pub struct FailedRemoval {
    pub id: BackupId,
    pub target: String,
    pub why: String,
}

impl Backups {
    /// What [`Self::prune`] would do now.
    pub fn preview_pruning(&self) -> Result<Pruning, BackupError> {
        Ok(self.pruning_of(&self.list()?))
    }

    /// Which of these backups the retention keeps, and why, by the days of this host.
    pub(super) fn retained_of(&self, entries: &[CatalogEntry]) -> Retained {
        self.options().retention.decide(entries, self.0.engine.now(), Zone::host().time_zone())
    }

    /// The same of backups that were listed.
    pub fn pruning_of(&self, entries: &[CatalogEntry]) -> Pruning {
        let retained = self.retained_of(entries);
        let going = || entries.iter().filter(|entry| !retained.contains_key(&entry.id));
        let bytes = |entry: &CatalogEntry| if entry.is_local { entry.manifest.bytes } else { 0 };
        let removed: Vec<_> = going().map(|entry| (entry.id.clone(), bytes(entry))).collect();
        let bytes_freed = removed.iter().map(|(_, bytes)| bytes).sum();
        let copies = self.options().targets.iter().map(|target| {
            let has_copy = |entry: &&CatalogEntry| entry.notes.copies.contains_key(target.name());
            (target.name().to_owned(), going().filter(has_copy).map(|it| it.id.clone()).collect())
        });
        let copies = copies.filter(|(_, ids): &(_, Vec<_>)| !ids.is_empty()).collect();
        Pruning { retained, removed, copies, failed_removals: Vec::new(), bytes_freed }
    }

    /// Removes what goes: the file, its copies, and what is known of a backup only once nothing of it
    /// is left. A target that is away or refuses keeps its copies until the next time.
    ///
    /// # Errors
    /// [`BackupError`]; what was removed until then is named in the log.
    pub async fn prune(&self, log: Log<'_>) -> Result<Pruning, BackupError> {
        let operation = self.begin(Operation::Prune)?;
        let mut pruning = self.preview_pruning()?;
        let going = std::mem::take(&mut pruning.removed);
        operation.progress.phase("Removing", going.len() as u64, ProgressUnit::Rows)?;
        for (done, (id, bytes)) in (1..).zip(going) {
            let entry = self.0.catalog.find(&id)?;
            operation.progress.about(id.as_str());
            if self.remove(entry, &mut pruning.failed_removals, log).await? {
                pruning.removed.push((id, bytes));
            }
            operation.progress.at(done)?;
        }
        let Pruning { copies, failed_removals, .. } = &mut pruning;
        for (target, ids) in &mut *copies {
            ids.retain(|id| !failed_removals.iter().any(|it| it.id == *id && it.target == *target));
        }
        copies.retain(|(_, ids)| !ids.is_empty());
        Ok(pruning)
    }

    /// Whether nothing is left of it.
    async fn remove(
        &self,
        entry: CatalogEntry,
        failed_removals: &mut Vec<FailedRemoval>,
        log: Log<'_>,
    ) -> Result<bool, BackupError> {
        let catalog = &self.0.catalog;
        let site_id = self.0.engine.site_id();
        catalog.remove_file(&entry)?;
        let failures_before = failed_removals.len();
        let mut stays = |target: &str, error: &dyn std::fmt::Display| {
            warn!(backup.id = %entry.id, %error, "A copy could not be removed");
            log(format!("{} stays at {target}: {error}", entry.id));
            let (id, target, why) = (entry.id.clone(), target.to_owned(), error.to_string());
            failed_removals.push(FailedRemoval { id, target, why });
        };
        for target in &self.options().targets {
            if !entry.notes.copies.contains_key(target.name()) {
                continue;
            }
            // The manifest last: without it nobody finds the file.
            let mut deleted = target.delete(site_id, &entry.manifest.file).await;
            if deleted.is_ok() {
                deleted = target.delete(site_id, &entry.id.manifest()).await;
            }
            match deleted {
                Ok(()) => {
                    catalog.note(&entry.id, |notes| drop(notes.copies.remove(target.name())))?
                }
                Err(error) => stays(target.name(), &error),
            }
        }
        for target in &self.options().unusable_targets {
            let note = entry.notes.copies.get(&target.name);
            if note.is_some_and(|note| note.state == CopyState::Done) {
                stays(&target.name, &target.error());
            }
        }
        let configured = self.options().target_names();
        for (target, note) in &entry.notes.copies {
            if note.state == CopyState::Done && !configured.contains(target) {
                let why = format!(
                    "the target is not configured. Add it to backup_targets again, or forget the \
                     copy: remove {} and {} from {}",
                    entry.id.manifest(),
                    entry.id.notes(),
                    catalog.directory().display()
                );
                stays(target, &why);
            }
        }
        if failed_removals.len() > failures_before {
            return Ok(false);
        }
        // One that was made meanwhile.
        let left = catalog.find(&entry.id)?.notes.copies;
        if let Some((target, _)) = left.iter().find(|(_, note)| note.state == CopyState::Done) {
            log(format!("{} stays listed: {target} has a copy.", entry.id));
            return Ok(false);
        }
        catalog.forget(&entry)?;
        info!(backup.id = %entry.id, "Removed {}, which the retention rules do not keep", entry.id);
        log(format!("Removed {}.", entry.id));
        Ok(true)
    }
}
