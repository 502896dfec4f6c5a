//! The namespace `/live`: numbered batches with the latest state of each changed entity.
//!
//! `changes {from_seq, to_seq, items}` takes a client that knows the site at `from_seq` to
//! `to_seq`. Numbers count within one run of the server, which `snapshot` names: a client that
//! finds another run reads anew. A client that knows less has missed something and reads anew. `heartbeat {seq}`
//! shows a missed last batch.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::fanout::Event;
use crate::domain::{Change, EntityKey};
use crate::engine::{Commit, CommitCause, EngineHandle};
use crate::store::StoreError;
use crate::wire::{DeviceView, InterfaceView, LinkView};

/// Batches follow each other by at least this much: 20 a second, which no eye can tell from all.
pub(super) const BATCH_INTERVAL: Duration = Duration::from_millis(50);
/// How often a quiet site says that it is alive.
pub(super) const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(5);
/// Entities in one batch, about 250 kB, which each client that is slow holds on to. When more change at
/// once, reading the list anew is faster.
const BATCH_ITEMS_MAX: usize = 500;

/// What a client is told when it connects.
#[derive(Serialize)]
pub(super) struct Snapshot {
    seq: u64,
    /// Drawn at each start: the numbers of another run may name other states.
    run: String,
    site: String,
    version: &'static str,
}

impl Snapshot {
    pub(super) fn of(handle: &EngineHandle) -> Result<Self, StoreError> {
        Ok(Self {
            seq: handle.read().seq(),
            run: handle.run_id().simple().to_string(),
            site: handle.site_id().to_string(),
            version: env!("CARGO_PKG_VERSION"),
        })
    }
}

/// Changes since the last batch, the latest state of each entity.
pub(super) struct Pending {
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

impl Pending {
    pub(super) fn new(seq: u64) -> Self {
        Self { from_seq: seq, to_seq: seq, items: BTreeMap::new(), is_overflowing: false }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.from_seq == self.to_seq
    }

    pub(super) fn add(&mut self, commit: &Commit) {
        self.to_seq = commit.seq;
        for applied in &commit.applied {
            if applied.cause == CommitCause::Reset || self.items.len() > BATCH_ITEMS_MAX {
                self.overflow(commit.seq);
            }
            if self.is_overflowing {
                return;
            }
            for change in &applied.changes {
                self.items.insert(change.key(), change.clone());
            }
        }
    }

    /// Some commits were missed up to `seq`: there is no telling what changed.
    pub(super) fn overflow(&mut self, seq: u64) {
        self.to_seq = seq;
        self.items.clear();
        self.is_overflowing = true;
    }

    /// The batch to send, or `resync` when it would be too large; nothing is pending afterwards.
    pub(super) fn take(&mut self) -> Event {
        let (from_seq, to_seq) = (self.from_seq, self.to_seq);
        let pending = std::mem::replace(self, Self::new(to_seq));
        if pending.is_overflowing || pending.items.len() > BATCH_ITEMS_MAX {
            return resync(from_seq, to_seq);
        }
        let items = pending.items.iter().map(|(key, change)| item(*key, change)).collect();
        Event::new("changes", &Batch { from_seq, to_seq, items })
    }

    /// The last commit that was added.
    pub(super) fn to_seq(&self) -> u64 {
        self.to_seq
    }

    /// The last commit that clients were told of.
    pub(super) fn seq(&self) -> u64 {
        self.from_seq
    }
}

/// Tells a client to read anew.
pub(super) fn resync(from_seq: u64, to_seq: u64) -> Event {
    Event::new("resync", &Resync { from_seq, to_seq })
}

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
