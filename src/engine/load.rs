//! Loading the world from disk.

use std::ops::Bound;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::activity::{ActivityMonitor, LONG_STEP_TIME_MAX, SHORT_STEP_TIME_MAX};
use crate::domain::{AccessLines, World};
use crate::store::{IdRange, Snapshot, StoreError};

const ALL: IdRange = (Bound::Unbounded, Bound::Unbounded);
/// Records that are passed between threads at once, and in one step of the activity: about a
/// millisecond's worth.
const CHUNK_RECORDS: usize = 1024;
/// Chunks that may wait, about 5 MB of records.
const CHUNKS_MAX: usize = 16;

/// Reads the whole site and checks its invariants.
///
/// # Errors
/// [`StoreError::Inconsistent`] when the records break an invariant; read errors.
pub(super) fn load(snapshot: &Snapshot, activity: &ActivityMonitor) -> Result<World, StoreError> {
    let mut world = World::default();
    // Decoding takes as long as inserting: one thread each.
    std::thread::scope(|scope| -> Result<(), StoreError> {
        let (send_interfaces, interfaces) = sync_channel(CHUNKS_MAX);
        let (send_links, links) = sync_channel(CHUNKS_MAX);
        scope.spawn(move || {
            send_records(snapshot.interfaces(ALL), &send_interfaces);
            drop(send_interfaces);
            send_records(snapshot.links(ALL), &send_links);
        });
        let mut lines = AccessLines::default();
        for (number, device) in snapshot.devices(ALL)?.enumerate() {
            if number.is_multiple_of(CHUNK_RECORDS) {
                activity.start_step(SHORT_STEP_TIME_MAX);
            }
            let mut device = device?;
            device.served_by.iter_mut().for_each(|served| lines.share(served));
            world.restore_device(device);
        }
        receive_records(interfaces, activity, |interface| world.restore_interface(interface))?;
        receive_records(links, activity, |link| world.restore_link(link))
    })?;
    world.restore_counters(snapshot.last_commit().counters);
    activity.start_step(LONG_STEP_TIME_MAX);
    world.check_invariants()?;
    Ok(world)
}

type Chunk<T> = Result<Vec<T>, StoreError>;

/// Sends all records in chunks; an error is the last chunk. Stops when the receiver has gone.
fn send_records<T>(
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

fn receive_records<T>(
    chunks: Receiver<Chunk<T>>,
    activity: &ActivityMonitor,
    mut insert: impl FnMut(T),
) -> Result<(), StoreError> {
    for chunk in chunks {
        activity.start_step(SHORT_STEP_TIME_MAX);
        chunk?.into_iter().for_each(&mut insert);
    }
    Ok(())
}
