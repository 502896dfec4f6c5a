//! Leases of snapshots: a long answer keeps its snapshot while it is sent, for a limited time.
//!
//! A snapshot keeps old pages from being reused, so that the store's file grows. An answer whose
//! client does not read cannot give its snapshot up, so its lease is ended from outside.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::store::Snapshot;
use crate::util::Usage;

/// Most leases at once; there are more long answers only if clients are slow.
const LEASES_MAX: usize = 64;

/// The current leases.
#[derive(Default)]
pub(super) struct Leases(Mutex<Held>);

#[derive(Default)]
struct Held {
    next: u64,
    by_number: BTreeMap<u64, (Instant, Arc<Snapshot>)>,
}

/// The lease of one answer; it ends when it is dropped, or when its time is over.
pub(super) struct Lease {
    leases: Arc<Leases>,
    number: u64,
}

impl Leases {
    /// Leases a snapshot for at most `wait`, or shorter if there are too many leases.
    pub(super) fn hold(self: &Arc<Self>, snapshot: Arc<Snapshot>, wait: Duration) -> Lease {
        let ends = Instant::now() + wait;
        let mut held = self.lock();
        let number = held.next;
        held.next += 1;
        held.by_number.insert(number, (ends, snapshot));
        if held.by_number.len() > LEASES_MAX {
            let first = held.by_number.iter().min_by_key(|(_, (ends, _))| *ends);
            if let Some(first) = first.map(|(number, _)| *number) {
                held.by_number.remove(&first);
            }
        }
        drop(held);
        Lease { leases: Arc::clone(self), number }
    }

    /// Ends the leases whose time is over.
    pub(super) fn end_old(&self) {
        let now = Instant::now();
        self.lock().by_number.retain(|_, (ends, _)| *ends > now);
    }

    /// How many there are.
    pub(super) fn usage(&self) -> Usage {
        Usage::of(self.lock().by_number.len(), LEASES_MAX)
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        // No code panics while the lock is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lease {
    /// Returns the snapshot, or `None` after the lease has ended.
    pub(super) fn snapshot(&self) -> Option<Arc<Snapshot>> {
        let held = self.leases.lock();
        held.by_number.get(&self.number).map(|(_, snapshot)| Arc::clone(snapshot))
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let ended = self.leases.lock().by_number.remove(&self.number);
        // Closes the snapshot after the lock is released.
        drop(ended);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;
    use crate::store::{OpenOptions, Store};

    #[test]
    fn leases_end_in_time_and_when_there_are_too_many() {
        let options = OpenOptions { cache_bytes: 1 << 20, now: Timestamp(0), site_id: None };
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), options).unwrap();
        let snapshot = Arc::new(store.read().unwrap());
        let leases = Arc::new(Leases::default());
        let hold = |wait| leases.hold(Arc::clone(&snapshot), wait);
        let long = hold(Duration::from_secs(600));
        let over = hold(Duration::ZERO);
        leases.end_old();
        assert!(over.snapshot().is_none() && long.snapshot().is_some());

        let many: Vec<Lease> = (0..2 * LEASES_MAX).map(|_| hold(Duration::from_secs(10))).collect();
        assert_eq!(leases.usage(), Usage::of(LEASES_MAX, LEASES_MAX));
        assert_eq!(many.iter().filter(|lease| lease.snapshot().is_some()).count(), LEASES_MAX - 1);
        assert!(long.snapshot().is_some(), "the lease that ends first is given up first");
        drop((many, long, over));
        assert_eq!(Arc::strong_count(&snapshot), 1);
    }
}
