//! What an operator wants to know first: could the site be restored, to when, and how fast.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use super::backups::Backups;
use super::catalog::{CatalogEntry, newest_of_use};
use super::error::BackupError;
use super::manifest::is_credible;
use super::name::BackupId;
use super::notes::{CopyState, Depth};
use super::progress::Activity;
use super::restore::UndoRecord;
use super::retention::Retained;
use crate::domain::Timestamp;
use crate::store::DiskSpace;
use crate::util::{BlockingError, Observation};

/// Stands for a time that there is not.
pub(super) const NONE_US: i64 = i64::MIN;

/// How long those who serve wait for the directory: a busy disk lists some hundred small files in
/// less, and Prometheus waits for 10 s in all.
const LOOK_WAIT: Duration = Duration::from_secs(2);
/// The same for one call on a file, such as to read 256 KiB.
const CALL_WAIT: Duration = Duration::from_secs(10);

/// Everything at once.
#[derive(Clone, Debug)]
pub struct Overview {
    /// The newest backup that was restored and compared.
    pub newest_verified: Option<CatalogEntry>,
    /// Its age: what would be lost now.
    pub rpo_s: Option<f64>,
    /// What the last rehearsal took.
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
    /// How long ago that was when this was told.
    pub age: Duration,
    /// False while the directory does not answer: then this is what it told last.
    pub is_answering: bool,
}

impl Overview {
    /// The backup with this name; `latest` is the newest that may be of use.
    ///
    /// # Errors
    /// [`BackupError::NotFound`], [`BackupError::NoBackup`].
    pub fn find(&self, name: &str) -> Result<&CatalogEntry, BackupError> {
        if name == "latest" {
            return newest_of_use(&self.entries).ok_or(BackupError::NoBackup);
        }
        let id = BackupId::parse(name);
        let found = self.entries.iter().find(|entry| Some(&entry.id) == id.as_ref());
        found.ok_or_else(|| BackupError::NotFound(name.to_owned()))
    }
}

/// How a place off the host is.
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

/// Whether the site could be restored, in two numbers that cost nothing to tell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Protection {
    /// The state that could be restored.
    pub restorable_as_of: Option<Timestamp>,
    /// Its age.
    pub rpo_s: Option<f64>,
    /// Whether the site counts as unprotected.
    pub is_stale: bool,
}

impl Backups {
    /// As of the last work on backups, and by the clock of now. Before there is any backup the age
    /// counts from when the store was made.
    pub fn protection(&self) -> Protection {
        let now = self.0.engine.now();
        let newest = self.0.newest_verified_us.load(Ordering::Relaxed);
        let restorable_as_of = (newest != NONE_US).then_some(Timestamp(newest));
        // A time from further in the future was noted by a wrong clock: it tells no age.
        let dated = restorable_as_of.filter(|at| is_credible(*at, now));
        let rpo_s = dated.map(|at| seconds(at, now));
        let age_s = rpo_s.unwrap_or_else(|| seconds(self.0.since, now));
        let stale_after = Duration::from_secs(self.options().stale_after_s);
        Protection { restorable_as_of, rpo_s, is_stale: age_s > stale_after.as_secs_f64() }
    }

    /// Looks which backup counts now.
    pub(super) fn note_protection(&self, at_work_on: Option<&str>) {
        if let Ok(entries) = self.list() {
            self.note_protection_of(&entries, at_work_on);
        }
    }

    /// What is being worked on counts for nothing yet, good or bad.
    fn note_protection_of(&self, entries: &[CatalogEntry], at_work_on: Option<&str>) {
        let now = self.0.engine.now();
        let taken = |entry: &CatalogEntry| entry.manifest.header.taken_at_us;
        let verified: Vec<&CatalogEntry> = entries.iter().filter(|entry| entry.counts()).collect();
        let dated = verified.iter().find(|entry| entry.manifest.is_dated(now));
        let newest = dated.or(verified.first()).map_or(NONE_US, |entry| taken(entry));
        self.0.newest_verified_us.store(newest, Ordering::Relaxed);
        let noted = |entry: &CatalogEntry| {
            let verification = entry.notes.verification.as_ref()?;
            (verification.depth != Depth::Quick).then(|| (entry.id.clone(), verification.clone()))
        };
        let full = entries.iter().filter_map(noted).max_by_key(|(_, it)| it.at_us);
        let failure = full.filter(|(_, it)| it.is_ok && !it.is_complete());
        let failure = failure.map(|(id, it)| format!("{id}: {}", it.message));
        *self.0.postgres_failure.lock().unwrap_or_else(PoisonError::into_inner) = failure;
        let newest = entries.iter().find(|entry| entry.is_local);
        let newest = newest.filter(|entry| at_work_on != Some(entry.id.as_str()));
        let unverified = newest.filter(|entry| entry.notes.verification.is_none()).map(|entry| {
            let why = entry.notes.verification_error.as_ref().map(|why| format!(": {why}"));
            format!("{}{}", entry.id, why.unwrap_or_default())
        });
        *self.0.unverified.lock().unwrap_or_else(PoisonError::into_inner) = unverified;
    }

    /// The newest backup while it was never verified, and what kept it from that. As of the
    /// last work on backups.
    pub fn unverified(&self) -> Option<String> {
        self.0.unverified.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The places off the host that could not be set up, and why; `None` where all could.
    pub fn target_failure(&self) -> Option<String> {
        let faulty = self.options().unusable_targets.iter();
        let faulty: Vec<String> = faulty.map(|target| target.error().to_string()).collect();
        (!faulty.is_empty()).then(|| faulty.join("; "))
    }

    /// What kept the last full verification from loading a backup into PostgreSQL, with the backup's
    /// name; `None` where it got through, and where it is not possible. As of the last work on backups.
    pub fn postgres_failure(&self) -> Option<String> {
        self.0.postgres_failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What the directory holds, for those who serve: one thread reads it for all who ask, and one
    /// that does not answer within 2 s is told as it was.
    ///
    /// # Errors
    /// [`BackupError::Silent`] when it has never answered; when it cannot be read.
    pub async fn observe(&self) -> Result<Overview, BackupError> {
        let backups = self.clone();
        let look = move || backups.overview().map_err(Arc::new);
        let seen = self.0.looks.run(LOOK_WAIT, look).await;
        let Observation { value, age, is_fresh } = seen.map_err(|error| self.unanswered(error))?;
        let mut overview = match value.as_ref() {
            Ok(overview) => overview.clone(),
            Err(error) if is_fresh => return Err(BackupError::Shared(Arc::clone(error))),
            Err(_) => return Err(self.unanswered(BlockingError::TimedOut)),
        };
        let Protection { rpo_s, is_stale, .. } = self.protection();
        (overview.rpo_s, overview.is_stale) = (rpo_s, is_stale);
        (overview.age, overview.is_answering) = (age, is_fresh);
        overview.activity = self.activity();
        Ok(overview)
    }

    /// Does work on the directory for those who serve, as long as it takes, on one of a few threads:
    /// those that a directory holds up are no more than these.
    ///
    /// # Errors
    /// [`BackupError::Silent`] while all are held up; what the work says.
    pub async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, BackupError> + Send + 'static,
    ) -> Result<T, BackupError> {
        let backups = self.clone();
        let done = self.0.working.try_run(move || work(&backups)).await;
        done.unwrap_or_else(|error| Err(self.unanswered(error)))
    }

    /// A short call on the directory, such as to read some bytes of a file.
    ///
    /// # Errors
    /// [`BackupError::Silent`] after 10 s; what the call says.
    pub async fn call<T: Send + 'static>(
        &self,
        call: impl FnOnce(&Self) -> Result<T, BackupError> + Send + 'static,
    ) -> Result<T, BackupError> {
        let backups = self.clone();
        let done = self.0.calling.run_within(CALL_WAIT, move || call(&backups)).await;
        done.unwrap_or_else(|error| Err(self.unanswered(error)))
    }

    fn unanswered(&self, error: BlockingError) -> BackupError {
        match error {
            BlockingError::TimedOut => BackupError::Silent(self.options().directory.clone()),
            error => error.into(),
        }
    }

    /// Reads the directory and tells. Blocks while it does not answer: not for tokio's threads.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn overview(&self) -> Result<Overview, BackupError> {
        // Before the list: what is at work now may be verified between the two.
        let activity = self.0.board.current().and_then(|activity| activity.backup_id);
        let entries = self.list()?;
        self.note_protection_of(&entries, activity.as_deref());
        let Protection { rpo_s, is_stale, .. } = self.protection();
        let newest_verified = entries.iter().find(|entry| entry.counts()).cloned();
        let rehearsal = entries
            .iter()
            .filter_map(|entry| entry.notes.verification.as_ref())
            .filter(|verification| verification.is_ok)
            .max_by_key(|verification| verification.at_us);
        Ok(Overview {
            rto_s: rehearsal.map(|it| Duration::from_millis(it.duration_ms).as_secs_f64()),
            rehearsed_at: rehearsal.map(|it| it.at()),
            is_stale,
            space: DiskSpace::of(&self.options().directory)
                .or_else(|_| DiskSpace::of(self.data_dir()))
                .ok(),
            targets: self.targets_of(&entries),
            activity: self.activity(),
            undo: self.undo_state()?,
            retained: self.retained_of(&entries),
            newest_verified,
            rpo_s,
            entries,
            looked_at: self.0.engine.now(),
            age: Duration::ZERO,
            is_answering: true,
        })
    }

    fn targets_of(&self, entries: &[CatalogEntry]) -> Vec<TargetOverview> {
        let overview = |name: &str, url: &str, fault: Option<&str>| {
            let notes: BTreeMap<&BackupId, _> = entries
                .iter()
                .filter_map(|entry| Some((&entry.id, entry.notes.copies.get(name)?)))
                .collect();
            let done = notes.values().filter(|note| note.state == CopyState::Done);
            let last_ok_us = done.clone().filter_map(|note| note.at_us).max();
            let failed = notes.values().filter(|note| note.state == CopyState::Failed);
            let failed = failed.max_by_key(|note| note.at_us);
            let state = match (fault, failed, last_ok_us) {
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
                last_error: fault
                    .map(str::to_owned)
                    .or_else(|| failed.and_then(|note| note.message.clone())),
            }
        };
        let options = self.options();
        let usable = options.targets.iter().map(|it| overview(it.name(), it.shown_url(), None));
        let faulty = options.unusable_targets.iter();
        let faulty =
            faulty.map(|it| overview(&it.name, &it.url, Some(it.error().to_string().as_str())));
        usable.chain(faulty).collect()
    }
}

/// From one time to another; 0 when it is earlier.
fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    let micros = u64::try_from(to.0.saturating_sub(from.0)).unwrap_or(0);
    Duration::from_micros(micros).as_secs_f64()
}
