//! The cache of rendered lists, in blocks of ids.

use bytes::Bytes;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::domain::EntityKind;
use crate::util::Usage;

/// Most bytes of cached blocks of all kinds; the devices of 100,000 leaves take 35 MB.
const CACHE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Expected number of cached blocks, which sizes the hash table.
const CACHE_BLOCKS_EXPECTED: usize = 1024;

/// Rendered blocks by kind and number, each with the seq of its last change.
pub(super) struct ListCache(Cache<(EntityKind, u64), (u64, Bytes), ByBytes>);

#[derive(Clone)]
struct ByBytes;

impl Weighter<(EntityKind, u64), (u64, Bytes)> for ByBytes {
    fn weight(&self, _: &(EntityKind, u64), (_, bytes): &(u64, Bytes)) -> u64 {
        bytes.len().max(1) as u64
    }
}

impl ListCache {
    pub(super) fn new() -> Self {
        Self(Cache::with_weighter(CACHE_BLOCKS_EXPECTED, CACHE_BYTES_MAX, ByBytes))
    }

    /// Returns a block if it was rendered after its last change, at `changed_seq`.
    pub(super) fn get(&self, kind: EntityKind, block: u64, changed_seq: u64) -> Option<Bytes> {
        let (seq, bytes) = self.0.get(&(kind, block))?;
        (seq == changed_seq).then_some(bytes)
    }

    /// How many bytes are cached.
    pub(super) fn usage(&self) -> Usage {
        Usage { used: self.0.weight(), max: CACHE_BYTES_MAX }
    }

    /// Keeps a rendered block.
    pub(super) fn insert(&self, kind: EntityKind, block: u64, changed_seq: u64, bytes: Bytes) {
        self.0.insert((kind, block), (changed_seq, bytes));
    }
}
