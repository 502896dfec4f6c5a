//! The list of backups. It is read from the directory, so that it survives the loss of the store.
//!
//! A manifest is written once and never changed. What happened to the backup since is in the notes
//! beside it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::error::{BackupError, io};
use super::files;
use super::manifest::{Header, Manifest, SEQ_MAX};
use super::name::{BAD, BackupId, PART};
use super::notes::{CopyNote, CopyState, Notes};
use crate::store::CounterFloors;

/// One backup.
#[derive(Clone, Debug)]
pub struct CatalogEntry {
    pub id: BackupId,
    pub manifest: Manifest,
    pub notes: Notes,
    /// Whether its file is in the directory, and not only off the host.
    pub is_local: bool,
}

/// The directory that holds the backups.
#[derive(Clone, Debug)]
pub(super) struct Catalog {
    directory: PathBuf,
    /// Backups of other sites in the same directory are ignored.
    site_id: Option<Uuid>,
    /// Locked while notes are changed or removed: copies are made beside everything else.
    notes: Arc<Mutex<()>>,
}

impl CatalogEntry {
    /// Whether it was restored and compared.
    pub fn is_verified(&self) -> bool {
        self.notes.is_verified()
    }

    pub fn is_bad(&self) -> bool {
        self.notes.is_bad()
    }

    /// Whether the site can be restored from it: it was verified, and its file or a copy is
    /// available.
    pub(super) fn is_restorable(&self) -> bool {
        self.is_verified() && self.is_available()
    }

    /// Whether the site cannot be restored from it: its file is damaged, and no copy is known to be
    /// good. Each copy was compared when it was made, and has its own state.
    pub(super) fn is_unrestorable(&self) -> bool {
        self.is_bad() && !self.has_copy()
    }

    /// Whether a copy at this target is known to be good.
    pub(super) fn has_copy_at(&self, target: &str) -> bool {
        self.notes.copies.get(target).is_some_and(|note| note.state == CopyState::Done)
    }

    fn has_copy(&self) -> bool {
        self.notes.copies.values().any(|note| note.state == CopyState::Done)
    }

    /// Whether its file is on this host or at a target.
    pub(super) fn is_available(&self) -> bool {
        self.is_local || self.has_copy()
    }

    /// The order of age: by commit, whatever the clock said when it was saved; then by time, then
    /// by name.
    fn order(&self) -> (u64, i64, &BackupId) {
        (self.manifest.header.seq, self.manifest.header.taken_at_us, &self.id)
    }
}

impl Catalog {
    pub(super) fn new(directory: &Path, site_id: Option<Uuid>) -> Self {
        Self { directory: directory.to_owned(), site_id, notes: Arc::default() }
    }

    /// The site whose backups are listed; `None`: those of all sites.
    pub(super) fn site_id(&self) -> Option<Uuid> {
        self.site_id
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// All backups of the site, the newest first.
    pub(super) fn list(&self) -> Result<Vec<CatalogEntry>, BackupError> {
        let mut entries = Vec::new();
        for id in self.manifests()? {
            entries.extend(self.read(id)?);
        }
        entries.sort_by(|a, b| b.order().cmp(&a.order()));
        Ok(entries)
    }

    /// The numbers of the latest commit and of the next audit row that any backup of the site knows; 0
    /// without a backup. Numbers that no site reaches are ignored.
    pub(super) fn highest_numbers(&self) -> Result<CounterFloors, BackupError> {
        let entries = self.list()?;
        let highest = |number: fn(&Header) -> u64| {
            let numbers = entries.iter().map(|entry| number(&entry.manifest.header));
            numbers.filter(|number| *number <= SEQ_MAX).max().unwrap_or(0)
        };
        let (seq, next_audit) = (highest(|it| it.seq), highest(|it| it.next_audit_id));
        Ok(CounterFloors { seq, next_audit })
    }

    /// The backup with this name.
    ///
    /// # Errors
    /// [`BackupError::NotFound`].
    pub(super) fn find(&self, id: &BackupId) -> Result<CatalogEntry, BackupError> {
        let entry = self.read(id.clone())?;
        entry.ok_or_else(|| BackupError::NotFound(id.to_string()))
    }

    /// The newest backup that is not known to be damaged.
    ///
    /// # Errors
    /// [`BackupError::NoBackup`].
    pub(super) fn latest(&self) -> Result<CatalogEntry, BackupError> {
        newest_restorable(&self.list()?).cloned().ok_or_else(|| self.no_backup())
    }

    /// Why there is no backup of the site: there is none at all, or only of other sites.
    fn no_backup(&self) -> BackupError {
        let others = Self { site_id: None, ..self.clone() }.list().unwrap_or_default();
        match (others.first(), self.site_id) {
            (Some(other), Some(expected)) => BackupError::OtherSite {
                file: self.directory.display().to_string(),
                expected,
                found: other.manifest.header.site_id,
            },
            _ => BackupError::NoBackup,
        }
    }

    /// Where the packed file is.
    pub(super) fn path(&self, entry: &CatalogEntry) -> PathBuf {
        self.directory.join(&entry.manifest.file)
    }

    /// Whether no file has this name yet.
    pub(super) fn is_free(&self, id: &BackupId) -> bool {
        let names = [id.manifest(), id.file(true), id.file(false), id.notes()];
        !names.iter().any(|name| self.directory.join(name).exists())
    }

    pub(super) fn write_notes(&self, id: &BackupId, notes: &Notes) -> Result<(), BackupError> {
        let text = serde_json::to_vec_pretty(notes).expect("notes are plain data");
        files::write(&self.directory, &id.notes(), &text)
    }

    /// Notes a copy that was found at a target, and adds its backup if it is not listed yet.
    pub(super) fn add_copy(
        &self,
        manifest: &Manifest,
        target: &str,
        note: CopyNote,
    ) -> Result<(), BackupError> {
        let Some(id) = BackupId::parse(&manifest.file) else {
            return Err(BackupError::NotFound(manifest.file.clone()));
        };
        if self.directory.join(id.manifest()).try_exists().unwrap_or(true) {
            return self.note_copy(&id, target, note);
        }
        let copies = [(target.to_owned(), note)].into();
        self.write_notes(&id, &Notes { copies, ..Notes::default() })?;
        files::write(&self.directory, &id.manifest(), &manifest_text(manifest))
    }

    /// Notes the state of a copy.
    pub(super) fn note_copy(
        &self,
        id: &BackupId,
        target: &str,
        note: CopyNote,
    ) -> Result<(), BackupError> {
        self.note(id, |notes| drop(notes.copies.insert(target.to_owned(), note)))
    }

    /// Changes the notes of a backup. Does nothing if it was removed meanwhile or is another
    /// site's.
    pub(super) fn note(
        &self,
        id: &BackupId,
        change: impl FnOnce(&mut Notes),
    ) -> Result<(), BackupError> {
        let _guard = self.guard();
        match self.find(id) {
            Ok(mut entry) => {
                change(&mut entry.notes);
                self.write_notes(id, &entry.notes)
            }
            Err(BackupError::NotFound(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Locked only for moments. What it guards is on disk, so a panic leaves nothing torn in
    /// memory.
    fn guard(&self) -> MutexGuard<'_, ()> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Renames the file of a bad backup, which keeps it for inspection.
    pub(super) fn set_aside(&self, entry: &CatalogEntry) -> Result<(), BackupError> {
        let path = self.path(entry);
        let bad = self.directory.join(format!("{}{BAD}", entry.manifest.file));
        match fs::rename(&path, &bad) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(io("rename", &path)(error))
            }
            _ => files::sync_directory(&self.directory),
        }
    }

    /// Removes the file; the manifest and the notes stay.
    pub(super) fn remove_file(&self, entry: &CatalogEntry) -> Result<(), BackupError> {
        files::remove(&self.path(entry))?;
        files::remove(&self.directory.join(format!("{}{BAD}", entry.manifest.file)))
    }

    /// Removes all files of a backup, the manifest last: what is left after a crash is swept.
    pub(super) fn forget(&self, entry: &CatalogEntry) -> Result<(), BackupError> {
        let _guard = self.guard();
        self.remove_file(entry)?;
        files::remove(&self.directory.join(entry.id.notes()))?;
        files::remove(&self.directory.join(entry.id.manifest()))?;
        files::sync_directory(&self.directory)
    }

    /// Removes what unfinished operations left behind. The caller holds the directory's lock.
    pub(super) fn sweep(&self) -> Result<(), BackupError> {
        let guard = self.guard();
        for name in self.names()? {
            let Some(id) = BackupId::parse(&name).filter(|_| name.ends_with(PART)) else {
                continue;
            };
            let is_manifest = name == format!("{}{PART}", id.manifest());
            if is_manifest && !self.directory.join(id.manifest()).exists() {
                // Its file may have its final name already, but it is not listed.
                for name in [id.file(true), id.file(false), id.notes()] {
                    files::remove(&self.directory.join(name))?;
                }
            }
            files::remove(&self.directory.join(name))?;
        }
        drop(guard);
        for entry in self.list()? {
            if !entry.is_available() && !entry.is_bad() {
                self.forget(&entry)?;
            }
        }
        Ok(())
    }

    fn read(&self, id: BackupId) -> Result<Option<CatalogEntry>, BackupError> {
        let manifest: Option<Manifest> = self.json(&id.manifest())?;
        let Some(manifest) = manifest else { return Ok(None) };
        if self.site_id.is_some_and(|site_id| site_id != manifest.header.site_id) {
            return Ok(None);
        }
        let notes = self.json(&id.notes())?.unwrap_or_default();
        // An error does not mean that it is absent: the backup would be removed from the list.
        let path = self.directory.join(&manifest.file);
        let is_local = path.try_exists().map_err(io("look at", &path))?;
        Ok(Some(CatalogEntry { id, manifest, notes, is_local }))
    }

    /// Reads a small JSON file; `None` if it is absent or has another content.
    fn json<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, BackupError> {
        let path = self.directory.join(name);
        match fs::read(&path) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(io("read", &path)(error)),
        }
    }

    fn manifests(&self) -> Result<BTreeSet<BackupId>, BackupError> {
        let names = self.names()?;
        let manifests = names.iter().filter_map(|name| {
            let id = BackupId::parse(name)?;
            (*name == id.manifest()).then_some(id)
        });
        Ok(manifests.collect())
    }

    fn names(&self) -> Result<Vec<String>, BackupError> {
        let entries = match fs::read_dir(&self.directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(io("list", &self.directory)(error)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(io("list", &self.directory))?;
            names.extend(entry.file_name().into_string().ok());
        }
        Ok(names)
    }
}

/// The newest of these backups (newest first) that is not known to be damaged.
pub(super) fn newest_restorable(entries: &[CatalogEntry]) -> Option<&CatalogEntry> {
    entries.iter().find(|entry| entry.is_available() && !entry.is_unrestorable())
}

/// The file and the manifest of a backup in a directory, by its name or `latest`, of any site.
///
/// # Errors
/// [`BackupError::NotFound`], [`BackupError::NoBackup`].
pub fn find_file(directory: &Path, name: &str) -> Result<(PathBuf, Manifest), BackupError> {
    let catalog = Catalog::new(directory, None);
    let entry = match BackupId::parse(name) {
        Some(id) => catalog.find(&id)?,
        None if name == "latest" => catalog.latest()?,
        None => return Err(BackupError::NotFound(name.to_owned())),
    };
    if !entry.is_local {
        return Err(BackupError::NotFound(format!("{name} on this host")));
    }
    Ok((catalog.path(&entry), entry.manifest))
}

/// The manifest beside a file, if there is one that names it.
pub fn manifest_beside(file: &Path) -> Option<Manifest> {
    let name = file.file_name()?.to_str()?;
    let id = BackupId::parse(name)?;
    let manifest = fs::read(file.with_file_name(id.manifest())).ok()?;
    let manifest: Manifest = serde_json::from_slice(&manifest).ok()?;
    (manifest.file == name).then_some(manifest)
}

/// A manifest as the content of its file.
pub(super) fn manifest_text(manifest: &Manifest) -> Vec<u8> {
    serde_json::to_vec_pretty(manifest).expect("a manifest is plain data")
}
