//! The task that forwards commits to clients.

use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::events;
use super::fanout::Fanout;
use super::incidents;
use super::live::{self, BATCH_INTERVAL, HEARTBEAT_INTERVAL, PendingChanges};
use super::sockets::{LIVE, Sockets};
use crate::engine::EngineHandle;
use crate::incidents::IncidentsHandle;

/// Forwards commits and changed incidents to clients until the engine ends.
pub async fn run(handle: EngineHandle, incidents: IncidentsHandle, sockets: Sockets) {
    let mut commits = handle.subscribe();
    let mut news = incidents.subscribe();
    let mut has_news = true;
    let seq = handle.read().seq();
    // Its sender would keep the channel open after the engine's end.
    drop((handle, incidents));
    let (heartbeat_wanted, metrics) = (sockets.heartbeat_wanted, sockets.metrics);
    let mut v2 = Fanout::new(sockets.io.clone(), "/");
    let mut live = Fanout::new(sockets.io, LIVE);
    let mut pending = PendingChanges::new(seq);
    // When the oldest pending commit was published.
    let mut pending_since = None;
    let mut next_batch = Instant::now();
    let mut heartbeat = interval(HEARTBEAT_INTERVAL);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let has_changes = !pending.is_empty();
        metrics.v2.set_behind(&v2);
        metrics.live.set_behind(&live);
        let has_clients_behind = v2.has_clients_behind() || live.has_clients_behind();
        tokio::select! {
            commit = commits.recv() => match commit {
                Ok(commit) => {
                    v2.send(&events::of_commit(&commit));
                    metrics.v2.delay.observe_duration(commit.published.elapsed());
                    pending.add(&commit);
                    pending_since.get_or_insert(commit.published);
                }
                Err(RecvError::Lagged(missed)) => {
                    tracing::warn!(missed, "Missed commits that came faster than they could be sent");
                    metrics.count_missed(missed);
                    v2.send(&[events::reset()]);
                    pending.overflow(pending.to_seq() + missed);
                }
                Err(RecvError::Closed) => return,
            },
            news = news.recv(), if has_news => match news {
                Ok(news) => live.send(&[incidents::changed(&news)]),
                Err(RecvError::Lagged(_)) => live.send(&[incidents::missed()]),
                Err(RecvError::Closed) => has_news = false,
            },
            () = sleep_until(next_batch), if has_changes || has_clients_behind => {
                if has_changes {
                    live.send(&[pending.take()]);
                }
                if let Some(since) = pending_since.take() {
                    metrics.live.delay.observe_duration(since.elapsed());
                }
                v2.resync(&events::reset());
                live.resync(&live::resync(0, pending.seq()));
                next_batch = Instant::now() + BATCH_INTERVAL;
            }
            _ = heartbeat.tick() => {
                live.send_lossy(&live::heartbeat(pending.seq()));
            }
            () = heartbeat_wanted.notified() => {
                live.send_lossy(&live::heartbeat(pending.seq()));
            }
        }
    }
}
