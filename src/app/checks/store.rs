//! The store and the engine: how long a commit and a read take, and how many requests wait.

use tokio::time::Instant;

use super::measure::{blocking, float, milliseconds, unmeasured};
use crate::domain::EntityKind;
use crate::engine::{EngineError, EngineHandle};
use crate::health::{CheckReading, ProbeTable};

/// Rows of the audit trail that a timed read decodes: a page of a list.
const READ_ROWS: usize = 100;

pub(super) fn add(probes: &mut ProbeTable, engine: &EngineHandle) {
    let handle = engine.clone();
    probes.add("store.write", move || {
        let handle = handle.clone();
        async move {
            match handle.time_commit().await {
                Ok(took) => Ok(CheckReading::of(milliseconds(took))),
                Err(EngineError::Busy) => Ok(CheckReading::broken("The queue of writes is full")),
                Err(error) => Err(unmeasured(error)),
            }
        }
    });
    let handle = engine.clone();
    probes.add("store.read", move || {
        let snapshot = handle.read();
        blocking(move || {
            let begun = Instant::now();
            snapshot.count(EntityKind::Device).map_err(unmeasured)?;
            let rows = snapshot.audit(None, 0).map_err(unmeasured)?;
            for row in rows.take(READ_ROWS) {
                row.map_err(unmeasured)?;
            }
            Ok(CheckReading::of(milliseconds(begun.elapsed())))
        })
    });
    let handle = engine.clone();
    probes.add("store.size", move || {
        let handle = handle.clone();
        blocking(move || Ok(CheckReading::of(float(handle.store_bytes().map_err(unmeasured)?))))
    });
    let handle = engine.clone();
    probes.add("site.devices", move || {
        let snapshot = handle.read();
        blocking(move || {
            let count = snapshot.count(EntityKind::Device).map_err(unmeasured)?;
            Ok(CheckReading::of(float(count)))
        })
    });
    let handle = engine.clone();
    probes.add("engine.queue", move || {
        let waiting = float(handle.queue().waiting as u64);
        async move { Ok(CheckReading::of(waiting)) }
    });
}
