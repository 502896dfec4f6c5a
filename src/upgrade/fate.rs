//! What becomes of the store when the previous program comes back.

use serde::{Deserialize, Serialize};

use crate::store::ClosedStoreFacts;

/// What becomes of the store that the newer program used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StoreFate {
    /// It stays: the previous program can open it, and no change is lost.
    Kept,
    /// The saved store comes back; nothing was changed since.
    PutBack,
    /// The saved store comes back, and the newer one, which may have changes, goes into the quarantine.
    Quarantined,
}

impl StoreFate {
    /// Decides from the store as it is, the one that was saved before the upgrade, the newest schema that
    /// the previous program opens, and whether the newer program ever served requests.
    pub fn decide(
        present: Option<ClosedStoreFacts>,
        saved: Option<ClosedStoreFacts>,
        opens_schema: u32,
        was_ready: bool,
    ) -> Self {
        let Some(saved) = saved else { return Self::Kept };
        let Some(present) = present else { return Self::Quarantined };
        let is_unchanged = present.seq.is_some() && present.seq == saved.seq;
        if is_unchanged && !was_ready {
            Self::PutBack
        } else if present.schema_version <= opens_schema {
            Self::Kept
        } else {
            Self::Quarantined
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_change_that_was_acknowledged_is_kept_or_quarantined() {
        let store = |schema_version: u32, seq: u64| {
            Some(ClosedStoreFacts { site_id: Uuid::nil(), schema_version, seq: Some(seq) })
        };
        let check = |present, was_ready, expected| {
            assert_eq!(StoreFate::decide(present, store(3, 7), 3, was_ready), expected);
        };
        check(store(3, 7), false, StoreFate::PutBack);
        check(store(4, 7), false, StoreFate::PutBack);
        check(store(3, 7), true, StoreFate::Kept);
        check(store(3, 8), true, StoreFate::Kept);
        // Ready for a moment that nobody saw.
        check(store(3, 8), false, StoreFate::Kept);
        check(store(4, 8), false, StoreFate::Quarantined);
        check(store(4, 8), true, StoreFate::Quarantined);
        // An incident that was acknowledged has no seq.
        check(store(4, 7), true, StoreFate::Quarantined);
        check(None, false, StoreFate::Quarantined);
        assert_eq!(StoreFate::decide(store(4, 8), None, 3, true), StoreFate::Kept);
    }
}
