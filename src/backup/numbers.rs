//! Numbers of a site that is behind its own backups.

use serde_json::json;
use tokio::runtime::Handle as Runtime;
use tracing::warn;

use super::error::BackupError;
use super::library::Library;
use crate::engine::EngineHandle;
use crate::store::{AuditEvent, AuditOrigin, CONTINUE_NUMBERS, CounterFloors};

/// Raises the number of the site's next commit above those of its backups, and that of its next audit row:
/// a site that came back from PostgreSQL or from a snapshot of the machine may be behind them, and what is
/// saved of it next is the newest all the same. Not for a thread without the runtime.
pub(super) fn continue_after_backups(
    library: &Library,
    engine: &EngineHandle,
) -> Result<(), BackupError> {
    let known = library.catalog.highest_numbers()?;
    let last = engine.read().last_commit();
    if last.seq >= known.seq && last.next_audit >= known.next_audit {
        return Ok(());
    }
    // A full data volume takes no writes, but is backed up all the same.
    if !engine.measure_volume()?.is_writable() {
        return Ok(());
    }
    warn!(
        known.seq,
        known.next_audit,
        "The backups have later commits or audit rows than the site; its numbers continue from there"
    );
    let floors = match last.seq < known.seq {
        true => CounterFloors::beyond(known.seq, known.next_audit),
        false => CounterFloors { seq: last.seq, ..known },
    };
    let details = json!({
        "because": "the backups have later numbers",
        "seq_before": last.seq,
        "next_audit_id_before": last.next_audit,
        "seq_of_backups": known.seq,
        "next_audit_id_of_backups": known.next_audit,
    });
    let event = AuditEvent::done(AuditOrigin::local("backup"), CONTINUE_NUMBERS, details);
    Runtime::current().block_on(engine.raise_counters(floors, event))?;
    Ok(())
}
