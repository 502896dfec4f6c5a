//! What an operator wants to know first: whether the site can be restored, to which time, and how
//! fast.

use std::collections::BTreeMap;
use std::time::Duration;

use super::catalog::{CatalogEntry, newest_restorable};
use super::error::BackupError;
use super::library::Library;
use super::name::BackupId;
use super::notes::CopyState;
use super::options::BackupOptions;
use super::progress::Activity;
use super::protection::Protection;
use super::retention::Retained;
use super::undo::UndoRecord;
use crate::domain::Timestamp;
use crate::store::DiskSpace;

/// All that is known about the backups of a site.
#[derive(Clone, Debug)]
pub struct Overview {
    /// The newest backup that was restored and compared.
    pub newest_verified: Option<CatalogEntry>,
    /// Its age: how much would be lost now.
    pub rpo_s: Option<f64>,
    /// How long the last test restore took.
    pub rto_s: Option<f64>,
    pub rehearsed_at: Option<Timestamp>,
    /// Whether the site counts as unprotected.
    pub is_stale: bool,
    pub space: Option<DiskSpace>,
    pub targets: Vec<TargetOverview>,
    pub activity: Option<Activity>,
    pub undo: Option<UndoRecord>,
    /// The newest first.
    pub entries: Vec<CatalogEntry>,
    pub retained: Retained,
    /// When the directory was read.
    pub looked_at: Timestamp,
    /// How long ago that was when this was returned.
    pub age: Duration,
    /// False while the directory does not respond: then this is its last known content.
    pub is_answering: bool,
}

impl Overview {
    /// The backup with this name; `latest` is the newest that is not known to be damaged.
    ///
    /// # Errors
    /// [`BackupError::NotFound`], [`BackupError::NoBackup`].
    pub fn find(&self, name: &str) -> Result<&CatalogEntry, BackupError> {
        if name == "latest" {
            return newest_restorable(&self.entries).ok_or(BackupError::NoBackup);
        }
        let id = BackupId::parse(name);
        let found = self.entries.iter().find(|entry| Some(&entry.id) == id.as_ref());
        found.ok_or_else(|| BackupError::NotFound(name.to_owned()))
    }
}

/// The state of a target off the host.
#[derive(Clone, Debug)]
pub struct TargetOverview {
    pub name: String,
    pub url: String,
    pub state: TargetState,
    pub copies: u64,
    pub last_ok_at: Option<Timestamp>,
    pub last_error: Option<String>,
}

/// Whether copies arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetState {
    Ok,
    Failing,
    /// Nothing was sent yet.
    Unknown,
}

impl TargetState {
    pub const ALL: [Self; 3] = [Self::Ok, Self::Failing, Self::Unknown];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failing => "failing",
            Self::Unknown => "unknown",
        }
    }
}

/// Sums these backups up, newest first.
pub(super) fn overview(
    library: &Library,
    entries: Vec<CatalogEntry>,
    protection: Protection,
    undo: Option<UndoRecord>,
) -> Overview {
    let options = &library.options;
    let newest_verified = entries.iter().find(|entry| entry.is_restorable()).cloned();
    let rehearsal = entries
        .iter()
        .filter_map(|entry| entry.notes.verification.as_ref())
        .filter(|verification| verification.is_ok)
        .max_by_key(|verification| verification.at_us);
    Overview {
        newest_verified,
        rpo_s: protection.rpo_s,
        rto_s: rehearsal.map(|it| Duration::from_millis(it.duration_ms).as_secs_f64()),
        rehearsed_at: rehearsal.map(|it| it.at()),
        is_stale: protection.is_stale,
        space: DiskSpace::of(&options.directory).or_else(|_| DiskSpace::of(&options.data_dir)).ok(),
        targets: targets(options, &entries),
        activity: library.activity(),
        undo,
        retained: library.retained(&entries),
        entries,
        looked_at: library.now(),
        age: Duration::ZERO,
        is_answering: true,
    }
}

fn targets(options: &BackupOptions, entries: &[CatalogEntry]) -> Vec<TargetOverview> {
    let overview = |name: &str, url: &str, error: Option<&str>| {
        let notes: BTreeMap<&BackupId, _> = entries
            .iter()
            .filter_map(|entry| Some((&entry.id, entry.notes.copies.get(name)?)))
            .collect();
        let done = notes.values().filter(|note| note.state == CopyState::Done);
        let last_ok_us = done.clone().filter_map(|note| note.at_us).max();
        let failed = notes.values().filter(|note| note.state == CopyState::Failed);
        let failed = failed.max_by_key(|note| note.at_us);
        let state = match (error, failed, last_ok_us) {
            (Some(_), ..) | (None, Some(_), _) => TargetState::Failing,
            (None, None, Some(_)) => TargetState::Ok,
            (None, None, None) => TargetState::Unknown,
        };
        TargetOverview {
            name: name.to_owned(),
            url: url.to_owned(),
            state,
            copies: done.count() as u64,
            last_ok_at: last_ok_us.map(Timestamp),
            last_error: error
                .map(str::to_owned)
                .or_else(|| failed.and_then(|note| note.message.clone())),
        }
    };
    let targets = options.targets.current();
    let usable = targets.usable.iter().map(|it| overview(it.name(), it.shown_url(), None));
    let unusable = targets.unusable.iter();
    let unusable =
        unusable.map(|it| overview(&it.name, &it.url, Some(it.error().to_string().as_str())));
    usable.chain(unusable).collect()
}
