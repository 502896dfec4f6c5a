//! The log on `/live`, for the clients that ask for it.
//!
//! `logs:follow` is answered by `logs:following {last_id}`: every later line comes in batches,
//! `logs {missed, lines}`, until `logs:unfollow`. A client confirms each batch by `logs:received`. One that
//! does not is sent nothing more after a few batches, and told how many lines it missed when it goes on.

use std::collections::HashMap;
use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use socketioxide::SocketIo;
use socketioxide::extract::{SocketRef, State};
use socketioxide::socket::Sid;
use tokio::sync::Notify;

use super::fanout::{Event, emit};
use super::joined_caller::caller_of;
use crate::auth::Permission;
use crate::logs::{LogLine, Logs};
use crate::settings::{LOG_FOLLOWERS_MAX, RuntimeSetting, RuntimeSettings};
use crate::wire::LogLineView;

/// The least time between two batches: lines seem to come at once, and a flood is ten events a second.
const BATCH_INTERVAL: Duration = Duration::from_millis(100);
/// Lines in one batch; nobody reads 5,000 a second.
const BATCH_LINES_MAX: usize = 500;
/// Most bytes of the lines in one batch.
const BATCH_BYTES_MAX: usize = 256 * 1024;
/// Batches that may wait for one client, 1 MiB in all: enough for a round trip of 400 ms.
const UNCONFIRMED_MAX: usize = 4;

/// The clients that follow the log; clones share them.
#[derive(Clone)]
pub(super) struct LogFollowers(Arc<SharedFollowers>);

struct SharedFollowers {
    logs: Logs,
    settings: RuntimeSettings,
    following: Mutex<Following>,
    /// Wakes the task when there is a first client.
    joined: Notify,
}

struct Following {
    clients: HashMap<Sid, Follower>,
    /// Clients that are not to follow and have no answer yet.
    refused: HashMap<Sid, FollowRefusal>,
    /// The last line that was sent, or left out of a batch.
    sent_id: u64,
}

/// Why a client does not follow the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FollowRefusal {
    NotAllowed,
    /// There are [`LOG_FOLLOWERS_MAX`] already.
    Full,
    SwitchedOff,
}

impl Following {
    fn has_nobody(&self) -> bool {
        self.clients.is_empty() && self.refused.is_empty()
    }
}

#[derive(Default)]
struct Follower {
    /// Whether it knows that it follows: its handshake may not be complete when it asks.
    is_answered: bool,
    /// Batches that it has not confirmed.
    unconfirmed: usize,
    /// Lines that it was not sent since the last batch.
    missed: u64,
}

#[derive(Serialize)]
struct LogBatch<'a> {
    missed: u64,
    lines: &'a RawValue,
}

#[derive(Serialize)]
struct LogsFollowed {
    last_id: u64,
}

#[derive(Serialize)]
struct LogsRefused {
    detail: String,
}

impl LogFollowers {
    pub(super) fn new(logs: Logs, settings: RuntimeSettings) -> Self {
        let following = Following { clients: HashMap::new(), refused: HashMap::new(), sent_id: 0 };
        let joined = Notify::new();
        Self(Arc::new(SharedFollowers { logs, settings, following: Mutex::new(following), joined }))
    }

    /// Listens to what a client of `/live` sends about the log. What it asks for is done before its next
    /// message is read: only the futures of handlers run in any order.
    pub(super) fn listen(socket: &SocketRef) {
        socket.on("logs:follow", |socket: SocketRef, State(all): State<Self>| {
            all.add(socket.id, caller_of(&socket).may(Permission::Operate));
            ready(())
        });
        socket.on("logs:received", |socket: SocketRef, State(all): State<Self>| {
            if let Some(follower) = all.lock().clients.get_mut(&socket.id) {
                follower.unconfirmed = follower.unconfirmed.saturating_sub(1);
            }
            ready(())
        });
        socket.on("logs:unfollow", |socket: SocketRef, State(all): State<Self>| {
            all.remove(socket.id);
            ready(())
        });
    }

    pub(super) fn remove(&self, sid: Sid) {
        let mut following = self.lock();
        following.clients.remove(&sid);
        following.refused.remove(&sid);
    }

    /// Sends the lines of the log to the clients that follow it. Never returns.
    pub(super) async fn send_lines(&self, io: &SocketIo, namespace: &'static str) {
        loop {
            while self.has_nobody() {
                self.0.joined.notified().await;
            }
            tokio::time::sleep(BATCH_INTERVAL).await;
            self.send_batch(io, namespace);
        }
    }

    /// Whether nobody is to be sent anything; what is shown of the clients is renewed.
    fn has_nobody(&self) -> bool {
        let following = self.lock();
        self.0.settings.delivery_monitor().set_log_followers(following.clients.len());
        following.has_nobody()
    }

    /// Adds a client; the task answers it.
    fn add(&self, sid: Sid, is_allowed: bool) {
        let mut following = self.lock();
        let is_full =
            !following.clients.contains_key(&sid) && following.clients.len() >= LOG_FOLLOWERS_MAX;
        if !is_allowed || is_full {
            let why = if is_allowed { FollowRefusal::Full } else { FollowRefusal::NotAllowed };
            following.refused.insert(sid, why);
            self.0.joined.notify_one();
            return;
        }
        if following.clients.is_empty() {
            following.sent_id = self.0.logs.last_id();
            self.0.joined.notify_one();
        }
        following.clients.entry(sid).or_default().is_answered = false;
    }

    fn send_batch(&self, io: &SocketIo, namespace: &str) {
        let Some(namespace) = io.of(namespace) else { return };
        let send = |sid: Sid, event: &Event| {
            namespace.get_socket(sid).is_some_and(|socket| emit(&socket, event))
        };
        let sent_id = self.lock().sent_id;
        let (lines, left_out) = self.0.logs.newest_after(sent_id, BATCH_LINES_MAX, BATCH_BYTES_MAX);
        let lines_json = json_of(&lines);
        let mut following = self.lock();
        following.sent_id = lines.last().map_or(sent_id, |last| last.id);
        // A message that came with the end of its connection may be handled after it.
        following.clients.retain(|sid, _| namespace.get_socket(*sid).is_some());
        let is_on = self.0.settings.is_on(RuntimeSetting::LogStreaming);
        if !is_on {
            let ended: Vec<Sid> = following.clients.drain().map(|(sid, _)| sid).collect();
            following
                .refused
                .extend(ended.into_iter().map(|sid| (sid, FollowRefusal::SwitchedOff)));
        }
        following
            .refused
            .retain(|sid, why| namespace.get_socket(*sid).is_some() && !send(*sid, &why.event()));
        let answer = Event::new("logs:following", &LogsFollowed { last_id: sent_id });
        for (sid, follower) in &mut following.clients {
            follower.is_answered = follower.is_answered || send(*sid, &answer);
            if !follower.is_answered {
                continue;
            }
            let missed = follower.missed + left_out;
            if lines.is_empty() && missed == 0 {
                continue;
            }
            let batch = LogBatch { missed, lines: &lines_json };
            if follower.unconfirmed < UNCONFIRMED_MAX && send(*sid, &Event::new("logs", &batch)) {
                follower.unconfirmed += 1;
                follower.missed = 0;
            } else {
                follower.missed = missed + lines.len() as u64;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Following> {
        self.0.following.lock().expect("no code that panics runs while it is held")
    }
}

impl FollowRefusal {
    fn event(self) -> Event {
        let detail = match self {
            Self::NotAllowed => "Following the log needs the role operator".to_owned(),
            Self::Full => format!("{LOG_FOLLOWERS_MAX} clients follow the log already"),
            Self::SwitchedOff => {
                "The live log is switched off; PATCH /api/settings with {\"log_streaming\": true} switches it on"
                    .to_owned()
            }
        };
        Event::new("logs:refused", &LogsRefused { detail })
    }
}

/// Returns lines as JSON, serialised once for all clients.
fn json_of(lines: &[Arc<LogLine>]) -> Box<RawValue> {
    let views: Vec<LogLineView<'_>> = lines.iter().map(|line| LogLineView::new(line)).collect();
    to_raw_value(&views).expect("views hold finite numbers and text only")
}
