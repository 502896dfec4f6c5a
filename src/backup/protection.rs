//! Whether the site could be restored, and to when: kept in memory, so that it costs nothing to
//! ask.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::catalog::CatalogEntry;
use super::manifest::is_credible;
use super::notes::Depth;
use crate::domain::Timestamp;

/// Whether the site could be restored, in two numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Protection {
    /// The state that could be restored.
    pub restorable_as_of: Option<Timestamp>,
    /// Its age.
    pub rpo_s: Option<f64>,
    /// Whether the site counts as unprotected.
    pub is_stale: bool,
}

/// What the list of backups said about the site's protection when it was last read.
#[derive(Default)]
pub(super) struct ProtectionTracker {
    /// Held for moments.
    latest: Mutex<Findings>,
}

#[derive(Default)]
struct Findings {
    /// When the newest verified backup was taken.
    newest_verified: Option<Timestamp>,
    /// Why the last full verification failed in PostgreSQL; `None` where it did not, or where
    /// PostgreSQL allows none.
    postgres_failure: Option<String>,
    /// The newest backup, while it is not verified, and why.
    unverified: Option<String>,
}

impl ProtectionTracker {
    /// Takes note of a list of backups, the newest first. The backup that is being worked on
    /// (`in_progress`) counts for nothing yet, good or bad.
    pub(super) fn update(
        &self,
        entries: &[CatalogEntry],
        in_progress: Option<&str>,
        now: Timestamp,
    ) {
        *self.latest() = Findings {
            newest_verified: newest_verified(entries, now),
            postgres_failure: postgres_failure(entries),
            unverified: unverified(entries, in_progress),
        };
    }

    /// The protection by the clock of now. Before there is a verified backup, the age counts from
    /// when the store was created; if that is unknown, the site counts as unprotected.
    pub(super) fn protection(
        &self,
        now: Timestamp,
        store_created_at: Option<Timestamp>,
        stale_after: Duration,
    ) -> Protection {
        let restorable_as_of = self.latest().newest_verified;
        // A time from further in the future was noted by a wrong clock: it tells no age.
        let dated = restorable_as_of.filter(|at| is_credible(*at, now));
        let rpo_s = dated.map(|at| seconds(at, now));
        let age_s = rpo_s.or_else(|| store_created_at.map(|at| seconds(at, now)));
        let is_stale = age_s.is_none_or(|age_s| age_s > stale_after.as_secs_f64());
        Protection { restorable_as_of, rpo_s, is_stale }
    }

    pub(super) fn unverified(&self) -> Option<String> {
        self.latest().unverified.clone()
    }

    pub(super) fn postgres_failure(&self) -> Option<String> {
        self.latest().postgres_failure.clone()
    }

    fn latest(&self) -> MutexGuard<'_, Findings> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn newest_verified(entries: &[CatalogEntry], now: Timestamp) -> Option<Timestamp> {
    let verified: Vec<&CatalogEntry> =
        entries.iter().filter(|entry| entry.is_restorable()).collect();
    let dated = verified.iter().find(|entry| entry.manifest.is_dated(now));
    dated.or(verified.first()).map(|entry| entry.manifest.taken_at())
}

fn postgres_failure(entries: &[CatalogEntry]) -> Option<String> {
    let full = entries.iter().filter_map(|entry| {
        let verification = entry.notes.verification.as_ref()?;
        (verification.depth != Depth::Quick).then_some((&entry.id, verification))
    });
    let (id, newest) = full.max_by_key(|(_, verification)| verification.at_us)?;
    let is_failed = newest.is_ok && !newest.is_complete();
    is_failed.then(|| format!("{id}: {}", newest.message))
}

fn unverified(entries: &[CatalogEntry], in_progress: Option<&str>) -> Option<String> {
    let newest = entries.iter().find(|entry| entry.is_local)?;
    if in_progress == Some(newest.id.as_str()) || newest.notes.verification.is_some() {
        return None;
    }
    let why = newest.notes.verification_error.as_ref().map(|why| format!(": {why}"));
    Some(format!("{}{}", newest.id, why.unwrap_or_default()))
}

/// From one time to another; 0 when it is earlier.
fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    let micros = u64::try_from(to.0.saturating_sub(from.0)).unwrap_or(0);
    Duration::from_micros(micros).as_secs_f64()
}
