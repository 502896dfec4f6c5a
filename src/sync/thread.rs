//! The mirror's thread: it connects, follows the site, and handles the error when either ends.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::mpsc;
use uuid::Uuid;

use super::backoff::Backoff;
use super::error::SyncError;
use super::handle::{REQUESTS_MAX, SyncHandle};
use super::metrics::SyncMetrics;
use super::mirror::{Mirror, SyncOptions};
use super::request::SyncAnswer;
use super::status::{SharedStatus, SyncState};
use super::sync_state::RunIdentity;
use crate::engine::{EngineError, EngineHandle};
use crate::pg::ConnectionControl;

/// Starts the mirror. Its thread ends after [`SyncHandle::stop`], or with the engine.
///
/// # Errors
/// When no thread can be started.
pub fn start(
    options: SyncOptions,
    engine: EngineHandle,
) -> std::io::Result<(SyncHandle, JoinHandle<()>)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let (sender, requests) = mpsc::channel(REQUESTS_MAX);
    let shared = SharedStatus::new(SyncState::Connecting, options.clock.now());
    let control = ConnectionControl::default();
    shared.update(|status| status.database = Some(options.database.masked_url.clone()));
    let metrics: Arc<SyncMetrics> = Arc::default();
    let handle = SyncHandle {
        control: control.clone(),
        shared: shared.clone(),
        metrics: Arc::clone(&metrics),
        requests: Some(sender),
    };
    let identity = RunIdentity {
        site_id: engine.site_id(),
        instance_id: Uuid::new_v4(),
        session_id: Uuid::new_v4(),
        holder: options.holder.clone(),
    };
    let seq_at_start = engine.read().seq();
    let mirror = Mirror {
        seqs: engine.watch_seq(),
        options,
        engine,
        shared,
        metrics,
        identity,
        requests,
        pending: Vec::new(),
        completed: Vec::new(),
        runtime,
        is_starting: true,
        seq_at_start,
        rejected_state: None,
        needs_comparison: false,
        backoff: Backoff::default(),
        address_error: None,
        is_stopping: false,
        control,
    };
    let thread = std::thread::Builder::new().name("sync".to_owned());
    Ok((handle, thread.spawn(move || run(mirror))?))
}

fn run(mut mirror: Mirror) {
    set_behind_at_start(&mirror);
    while !mirror.is_stopping {
        let mut was_claimed = false;
        let attempt = AssertUnwindSafe(|| {
            let claimed = mirror.handshake();
            for request in std::mem::take(&mut mirror.completed) {
                request.succeed(SyncAnswer::Done);
            }
            let claimed = claimed?;
            was_claimed = true;
            mirror.is_starting = false;
            mirror.follow(claimed)
        });
        // A panic must not end the mirror for good.
        let result = catch_unwind(attempt).unwrap_or(Err(SyncError::Panicked));
        // An interrupted adoption starts over.
        mirror.is_starting &= mirror.shared.is_adopting();
        let Err(error) = result else { return };
        if matches!(error, SyncError::Engine(EngineError::Stopped)) {
            return;
        }
        mirror.handle_error(error, was_claimed);
    }
}

/// Sets since when PostgreSQL lacks what an earlier run left unsent; the audit trail tells.
fn set_behind_at_start(mirror: &Mirror) {
    let snapshot = mirror.engine.read();
    let state = snapshot.mirror().ok().flatten();
    let Some(state) = state.filter(|_| snapshot.dirty_count().is_ok_and(|marks| marks > 0)) else {
        return;
    };
    let Ok(rows) = snapshot.audit(None, 0) else { return };
    let unsent = rows.map_while(Result::ok).take_while(|row| row.seq > state.acknowledged_seq);
    let oldest = unsent.last().map_or(snapshot.last_commit().committed_at, |row| row.at);
    mirror.shared.update(|status| status.behind_since = Some(oldest));
}
