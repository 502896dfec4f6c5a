//! Removing what the retention does not keep, here and off the host.

use jiff::tz::TimeZone;
use tracing::{info, warn};

use super::activity::{Unit, Work};
use super::backups::{Backups, Log};
use super::catalog::Entry;
use super::error::BackupError;
use super::name::BackupId;
use super::notes::{CopyNote, CopyState};
use super::retention::Kept;

/// What stays and what goes.
#[derive(Clone, Debug, Default)]
pub struct Pruning {
    pub kept: Kept,
    /// With their bytes on this host.
    pub removed: Vec<(BackupId, u64)>,
    /// By target: the copies that go.
    pub copies: Vec<(String, Vec<BackupId>)>,
}

impl Pruning {
    pub fn bytes_freed(&self) -> u64 {
        self.removed.iter().map(|(_, bytes)| bytes).sum()
    }
}

impl Backups {
    /// What [`Self::prune`] would do now.
    pub fn preview_pruning(&self) -> Result<Pruning, BackupError> {
        Ok(self.pruning_of(&self.list()?))
    }

    /// The same of backups that were listed.
    pub fn pruning_of(&self, entries: &[Entry]) -> Pruning {
        let now = self.0.engine.now();
        let kept = self.options().retention.decide(entries, now, &TimeZone::system());
        let going = || entries.iter().filter(|entry| !kept.contains_key(&entry.id));
        let bytes = |entry: &Entry| if entry.is_local { entry.manifest.bytes } else { 0 };
        let removed = going().map(|entry| (entry.id.clone(), bytes(entry))).collect();
        let copies = self.options().targets.iter().map(|target| {
            let has_copy = |entry: &&Entry| entry.notes.copies.contains_key(target.name());
            (target.name().to_owned(), going().filter(has_copy).map(|it| it.id.clone()).collect())
        });
        let copies = copies.filter(|(_, ids): &(_, Vec<_>)| !ids.is_empty()).collect();
        Pruning { removed, copies, kept }
    }

    /// Removes what goes: the file, its copies, and what is known of a backup only once nothing of it
    /// is left. A target that is away keeps its copies until the next time.
    ///
    /// # Errors
    /// [`BackupError`]; what was removed until then is named in the log.
    pub async fn prune(&self, log: Log<'_>) -> Result<Pruning, BackupError> {
        let turn = self.turn(Work::Prune)?;
        let pruning = self.preview_pruning()?;
        turn.shown.phase("Removing", pruning.removed.len() as u64, Unit::Rows)?;
        for (done, (id, _)) in (1..).zip(&pruning.removed) {
            let entry = self.0.catalog.find(id)?;
            turn.shown.about(id.as_str());
            self.remove(entry, log).await?;
            turn.shown.at(done)?;
        }
        Ok(pruning)
    }

    async fn remove(&self, entry: Entry, log: Log<'_>) -> Result<(), BackupError> {
        let catalog = &self.0.catalog;
        let site_id = self.0.engine.site_id();
        catalog.remove_file(&entry)?;
        for target in &self.options().targets {
            if !entry.notes.copies.contains_key(target.name()) {
                continue;
            }
            // The manifest last: without it nobody finds the file.
            let names = [entry.manifest.file.clone(), entry.id.manifest()];
            for name in &names {
                if let Err(error) = target.delete(site_id, name).await {
                    warn!(backup.id = %entry.id, %error, "A copy could not be removed");
                    log(format!("{} stays at {}: {error}", entry.id, target.name()));
                    return Ok(());
                }
            }
            self.0.catalog.note(&entry.id, |notes| drop(notes.copies.remove(target.name())))?;
        }
        let left = catalog.find(&entry.id)?.notes.copies;
        let is_left = |note: &CopyNote| note.state == CopyState::Done;
        if let Some((target, _)) = left.iter().find(|(_, note)| is_left(note)) {
            log(format!(
                "{} stays known: {target}, which is not configured, has a copy.",
                entry.id
            ));
            return Ok(());
        }
        catalog.forget(&entry)?;
        info!(backup.id = %entry.id, "Removed {}, which the retention does not keep", entry.id);
        log(format!("Removed {}.", entry.id));
        Ok(())
    }
}
