//! A fixed workload for the tests that break the disk: batches of commands, and what the store
//! must hold after each.

use std::collections::BTreeMap;

use unoc::domain::{Change, IdCounters, OutageTracker, Timestamp, World};
use unoc::store::{AuditOrigin, CommitBatch, CommitEntry, OpenOptions, Store, StoreError};

use super::any_command::AnyCommand;
use super::backend::Disk;
use super::commands::{Generator, Scale, time};
use super::content::Content;

/// Batches with the same time, so that an engine may join them without a difference in any entity.
pub(crate) const BATCHES_PER_SECOND: usize = 3;
/// So small that pages are evicted, written early and read again.
const CACHE_BYTES: usize = 64 * 1024;

/// The batches of a run; batch number n commits seq n + 1.
pub(crate) struct Plan {
    pub(crate) batches: Vec<Batch>,
}

/// The commands of one commit.
pub(crate) struct Batch {
    pub(crate) at: Timestamp,
    pub(crate) counters: IdCounters,
    pub(crate) parts: Vec<Part>,
}

/// One accepted command that changes something.
pub(crate) struct Part {
    pub(crate) command: AnyCommand,
    pub(crate) changes: Vec<Change>,
}

/// The contents of the store by seq.
pub(crate) type Golden = BTreeMap<u64, Content>;

/// The origin of the commands of a plan.
pub(crate) fn origin() -> AuditOrigin {
    AuditOrigin { request_id: "7f".to_owned(), ..AuditOrigin::local("plan") }
}

impl Plan {
    /// A random plan, the same for the same seed; each batch has 1 to `commands_max` commands.
    pub(crate) fn random(seed: u64, batches: usize, commands_max: usize) -> Self {
        let mut generator = Generator::new(seed, Scale::Small);
        let mut world = World::default();
        let mut plan = Self { batches: Vec::with_capacity(batches) };
        while plan.batches.len() < batches {
            let at = time((plan.batches.len() / BATCHES_PER_SECOND) as u64);
            let count = 1 + generator.rng.below(commands_max);
            let mut parts = Vec::with_capacity(count);
            while parts.len() < count {
                let command = generator.command(&world, None);
                if let Ok(decision) = command.clone().execute(&mut world, at)
                    && !decision.changes.is_empty()
                {
                    parts.push(Part { command, changes: decision.changes });
                }
            }
            plan.batches.push(Batch { at, counters: world.counters(), parts });
        }
        plan
    }

    /// Commits the batch with this seq, as the engine does.
    pub(crate) fn commit(&self, store: &Store, seq: u64) -> Result<(), StoreError> {
        let origin = origin();
        let batch = self.batch(seq);
        let entries = batch.parts.iter().map(|part| CommitEntry {
            erased: &[],
            undone_ids: &[],
            direct_count: part.changes.len(),
            action: part.command.kind().action(),
            origin: &origin,
            details: "",
            changes: &part.changes,
        });
        let changes = batch.parts.iter().flat_map(|part| &part.changes);
        store.commit(&CommitBatch {
            seq,
            at: batch.at,
            counters: batch.counters,
            entries: entries.collect(),
            events: Vec::new(),
            outages: OutageTracker::default().follow(changes, batch.at),
            adoption: None,
        })
    }

    pub(crate) fn batch(&self, seq: u64) -> &Batch {
        &self.batches[usize::try_from(seq).expect("plans are short") - 1]
    }

    pub(crate) fn last_seq(&self) -> u64 {
        self.batches.len() as u64
    }

    /// What the store holds after each commit when nothing fails. The model check tests that this is
    /// right.
    pub(crate) fn golden(&self) -> Golden {
        let store = open(Disk::new(Vec::new())).expect("nothing fails");
        let read =
            || store.read().and_then(|snapshot| Content::read(&snapshot)).expect("nothing fails");
        let mut golden = BTreeMap::from([(0, read())]);
        for seq in 1..=self.last_seq() {
            self.commit(&store, seq).expect("nothing fails");
            golden.insert(seq, read());
        }
        golden
    }
}

/// Opens or creates the store of a disk.
pub(crate) fn open(disk: Disk) -> Result<Store, StoreError> {
    Store::with_backend(disk, OpenOptions { cache_bytes: CACHE_BYTES, now: time(0), site_id: None })
}
