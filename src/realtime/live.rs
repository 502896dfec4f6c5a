//! The namespace `/live`: numbered batches with the latest state of each changed entity.
//!
//! `changes {from_seq, to_seq, items}` takes a client that has the site at `from_seq` to `to_seq`. A
//! client that has an older state missed a batch and reads everything again; `heartbeat {seq}` reveals
//! that the last batch was missed. Numbers are valid within one run of the server, which `snapshot`
//! names: a client that meets another run reads everything again.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::fanout::Event;
use crate::domain::{Change, EntityKey};
use crate::engine::{Commit, CommitCause, EngineHandle};
use crate::store::StoreError;
use crate::wire::{DeviceView, InterfaceView, LinkView};

/// How often a heartbeat is sent.
pub(super) const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(5);
/// The event `snapshot`, which a client receives first: the state that it should read.
#[derive(Serialize)]
pub(super) struct SnapshotHint {
    seq: u64,
    /// Drawn at each start: the same number of another run may name another state.
    run: String,
    site: String,
    version: &'static str,
}

impl SnapshotHint {
    pub(super) fn of(handle: &EngineHandle) -> Result<Self, StoreError> {
        Ok(Self {
            seq: handle.read().seq(),
            run: handle.run_id().simple().to_string(),
            site: handle.site_id().to_string(),
            version: env!("CARGO_PKG_VERSION"),
        })
    }
}

/// The changes since the last batch: the latest state of each entity.
pub(super) struct PendingChanges {
    from_seq: u64,
    to_seq: u64,
    items: BTreeMap<EntityKey, Change>,
    is_overflowing: bool,
}

#[derive(Serialize)]
struct Batch {
    from_seq: u64,
    to_seq: u64,
    items: Vec<Item>,
}

#[derive(Serialize)]
struct Item {
    kind: &'static str,
    id: u64,
    /// As in the list of its kind; null when deleted.
    value: Box<RawValue>,
}

#[derive(Serialize)]
struct Resync {
    from_seq: u64,
    to_seq: u64,
}

impl PendingChanges {
    pub(super) fn new(seq: u64) -> Self {
        Self { from_seq: seq, to_seq: seq, items: BTreeMap::new(), is_overflowing: false }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.from_seq == self.to_seq
    }

    /// Adds a commit. When more than `items_max` entities changed, the next batch is a `resync`.
    pub(super) fn add(&mut self, commit: &Commit, items_max: usize) {
        self.to_seq = commit.seq;
        for applied in &commit.applied {
            if applied.cause == CommitCause::Reset || self.items.len() > items_max {
                self.overflow(commit.seq);
            }
            if self.is_overflowing {
                return;
            }
            for change in &applied.changes {
                self.items.insert(change.key(), change.clone());
            }
        }
        if self.items.len() > items_max {
            self.overflow(commit.seq);
        }
    }

    /// Commits up to `seq` were missed, or are too large: the next batch is a `resync`.
    pub(super) fn overflow(&mut self, seq: u64) {
        self.to_seq = seq;
        self.items.clear();
        self.is_overflowing = true;
    }

    /// The next event: the batch, or `resync` when it would be too large. Nothing is pending afterwards.
    pub(super) fn take(&mut self) -> Event {
        let (from_seq, to_seq) = (self.from_seq, self.to_seq);
        let pending = std::mem::replace(self, Self::new(to_seq));
        if pending.is_overflowing {
            return resync(from_seq, to_seq);
        }
        let items = pending.items.iter().map(|(key, change)| item(*key, change)).collect();
        Event::new("changes", &Batch { from_seq, to_seq, items })
    }

    /// The last commit that was added.
    pub(super) fn to_seq(&self) -> u64 {
        self.to_seq
    }

    /// The last commit that was sent to clients.
    pub(super) fn seq(&self) -> u64 {
        self.from_seq
    }
}

/// Asks a client to read everything again.
pub(super) fn resync(from_seq: u64, to_seq: u64) -> Event {
    Event::new("resync", &Resync { from_seq, to_seq })
}

/// The last commit that was sent.
pub(super) fn heartbeat(seq: u64) -> Event {
    #[derive(Serialize)]
    struct Heartbeat {
        seq: u64,
    }
    Event::new("heartbeat", &Heartbeat { seq })
}

fn item(key: EntityKey, change: &Change) -> Item {
    let value = match change {
        Change::Device(edit) => to_raw_value(&edit.after.as_deref().map(DeviceView::new)),
        Change::Interface(edit) => to_raw_value(&edit.after.as_deref().map(InterfaceView::new)),
        Change::Link(edit) => to_raw_value(&edit.after.as_deref().map(LinkView::new)),
    };
    let value = value.expect("views hold finite numbers and text only");
    Item { kind: key.kind.as_str(), id: key.id, value }
}
