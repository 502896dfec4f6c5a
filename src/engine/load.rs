//! The world, rebuilt from disk.

use std::ops::Bound;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::activity::{LONG_STEP, Progress, SHORT_STEP};
use crate::domain::World;
use crate::store::{IdRange, Snapshot, StoreError};

const ALL: IdRange = (Bound::Unbounded, Bound::Unbounded);
/// Records that are handed over at once, and between two notes of how far the loading is: about a millisecond's worth.
const CHUNK_RECORDS: usize = 1024;
/// Chunks that may wait, about 5 MB of records.
const CHUNKS_MAX: usize = 16;

/// Reads the whole site and checks that it fits together.
///
/// # Errors
/// [`StoreError::Inconsistent`] when the records break an invariant, or what reading brings.
pub(super) fn load(snapshot: &Snapshot, progress: &Progress) -> Result<World, StoreError> {
    let mut world = World::default();
    // Decoding takes as long as putting in place: one thread each.
    std::thread::scope(|scope| -> Result<(), StoreError> {
        let (send_interfaces, interfaces) = sync_channel(CHUNKS_MAX);
        let (send_links, links) = sync_channel(CHUNKS_MAX);
        scope.spawn(move || {
            read_all(snapshot.interfaces(ALL), &send_interfaces);
            drop(send_interfaces);
            read_all(snapshot.links(ALL), &send_links);
        });
        for (number, device) in snapshot.devices(ALL)?.enumerate() {
            if number.is_multiple_of(CHUNK_RECORDS) {
                progress.step(SHORT_STEP);
            }
            world.restore_device(device?);
        }
        restore_all(interfaces, progress, |interface| world.restore_interface(interface))?;
        restore_all(links, progress, |link| world.restore_link(link))
    })?;
    world.restore_counters(snapshot.head().counters);
    progress.step(LONG_STEP);
    world.check_invariants()?;
    Ok(world)
}

type Chunk<T> = Result<Vec<T>, StoreError>;

/// Sends all records in chunks, the last one with what ended it. Nobody listens after an error.
fn read_all<T>(
    records: Result<impl Iterator<Item = Result<T, StoreError>>, StoreError>,
    chunks: &SyncSender<Chunk<T>>,
) {
    let mut records = match records {
        Ok(records) => records,
        Err(error) => {
            chunks.send(Err(error)).ok();
            return;
        }
    };
    loop {
        let chunk: Chunk<T> = records.by_ref().take(CHUNK_RECORDS).collect();
        let is_last = chunk.as_ref().map_or(true, |chunk| chunk.len() < CHUNK_RECORDS);
        if chunks.send(chunk).is_err() || is_last {
            return;
        }
    }
}

fn restore_all<T>(
    chunks: Receiver<Chunk<T>>,
    progress: &Progress,
    mut restore: impl FnMut(T),
) -> Result<(), StoreError> {
    for chunk in chunks {
        progress.step(SHORT_STEP);
        chunk?.into_iter().for_each(&mut restore);
    }
    Ok(())
}
