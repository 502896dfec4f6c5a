//! The one task between the engine and the clients.

use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::events;
use super::fanout::Fanout;
use super::live::{self, BATCH_INTERVAL, HEARTBEAT_INTERVAL, Pending};
use super::sockets::Sockets;
use crate::engine::EngineHandle;

/// Forwards commits to clients until the engine has ended.
pub async fn run(handle: EngineHandle, sockets: Sockets) {
    let mut commits = handle.subscribe();
    let seq = handle.read().seq();
    // The listener's own copy of the channel would keep it open after the engine's end.
    drop(handle);
    let mut v2 = Fanout::new(sockets.io.clone(), "/");
    let mut live = Fanout::new(sockets.io, "/live");
    let mut pending = Pending::new(seq);
    let mut next_batch = Instant::now();
    let mut heartbeat = interval(HEARTBEAT_INTERVAL);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let has_news = !pending.is_empty();
        let has_clients_behind = v2.has_clients_behind() || live.has_clients_behind();
        tokio::select! {
            commit = commits.recv() => match commit {
                Ok(commit) => {
                    v2.send(&events::of_commit(&commit));
                    pending.add(&commit);
                }
                Err(RecvError::Lagged(missed)) => {
                    tracing::warn!(missed, "Commits came faster than they could be sent");
                    v2.send(&[events::reset()]);
                    pending.overflow(pending.to_seq() + missed);
                }
                Err(RecvError::Closed) => return,
            },
            () = sleep_until(next_batch), if has_news || has_clients_behind => {
                if has_news {
                    live.send(&[pending.take()]);
                }
                v2.resync(&events::reset());
                live.resync(&live::resync(0, pending.seq()));
                next_batch = Instant::now() + BATCH_INTERVAL;
            }
            _ = heartbeat.tick() => {
                live.mention(&live::heartbeat(pending.seq()));
            }
        }
    }
}
