//! The index of overrides that end by themselves.

use std::collections::BTreeSet;

use crate::domain::{EntityKey, Override, Timestamp};

/// Overridden devices and links by the ends of their overrides.
#[derive(Debug, Default)]
pub(super) struct OverrideEnds(BTreeSet<(Timestamp, EntityKey)>);

impl OverrideEnds {
    /// Follows a change of an entity's override.
    pub(super) fn change(
        &mut self,
        entity: EntityKey,
        before: Option<&Override>,
        after: Option<&Override>,
    ) {
        let end = |set: Option<&Override>| set.and_then(|set| set.ends_at);
        let (before, after) = (end(before), end(after));
        if before == after {
            return;
        }
        if let Some(at) = before {
            self.0.remove(&(at, entity));
        }
        if let Some(at) = after {
            self.0.insert((at, entity));
        }
    }

    /// When the next override ends.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.0.first().map(|(at, _)| *at)
    }

    pub(super) fn contains(&self, at: Timestamp, entity: EntityKey) -> bool {
        self.0.contains(&(at, entity))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// What had an override that has ended at `now`, the earliest end first.
    pub(super) fn ended(&self, now: Timestamp) -> impl Iterator<Item = EntityKey> {
        self.0.iter().take_while(move |(at, _)| *at <= now).map(|(_, entity)| *entity)
    }
}
