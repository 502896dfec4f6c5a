//! Planned work as the cause of an outage that is not over.

use crate::domain::Timestamp;

/// How long after its beginning an outage may be seen to be planned work and counts as that from the
/// beginning, and how long planned work may seem to be over and is not: twice the interval of the
/// analyses.
const PLANNED_WORK_DELAY_MAX_US: i64 = 120_000_000;

/// When planned work was the cause of a device's present outage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlannedOutage {
    pub from: Timestamp,
    /// When it was over while the device stayed out; `None` while it is the cause.
    pub until: Option<Timestamp>,
}

impl PlannedOutage {
    /// Planned work that is the cause since `from`.
    pub fn since(from: Timestamp) -> Self {
        Self { from, until: None }
    }

    /// Since when an outage that began at `began` counts as planned work; `None` if planned work is not
    /// its cause any more.
    pub fn counted_from(self, began: Timestamp) -> Option<Timestamp> {
        self.until.is_none().then(|| counted_from(self.from, began))
    }

    /// The same when planned work is the cause at `at`. It begins anew, unless it was over only for a
    /// moment.
    pub(super) fn resumed(self, at: Timestamp) -> Self {
        match self.until {
            Some(until) if !is_soon(at, until) => Self::since(at),
            _ => Self::since(self.from),
        }
    }
}

/// From when on an outage that began at `began` counts as planned work that was found at `planned_from`.
pub(super) fn counted_from(planned_from: Timestamp, began: Timestamp) -> Timestamp {
    if is_soon(planned_from, began) { began } else { planned_from }
}

fn is_soon(at: Timestamp, after: Timestamp) -> bool {
    at.0 <= after.0.saturating_add(PLANNED_WORK_DELAY_MAX_US)
}
