//! Sending one event to every client of a namespace without waiting for any of them.

use std::collections::{HashMap, HashSet};

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use socketioxide::SendError;
use socketioxide::SocketIo;
use socketioxide::extract::SocketRef;
use socketioxide::socket::Sid;
use tokio::time::Instant;

use super::pace::Pace;
use crate::settings::NamespaceFacts;

/// The clients of one namespace, and those among them that missed an event.
pub(super) struct Fanout {
    io: SocketIo,
    namespace: &'static str,
    behind: HashSet<Sid>,
    /// Of the clients that could not follow lately: each is asked to read everything again less often the more
    /// often it misses something, so that in a storm it does not read the whole site again and again.
    paces: HashMap<Sid, Pace>,
}

/// The namespace of the built-in page.
pub(super) const LIVE: &str = "/live";

/// The Socket.IO room of the clients that have joined: they may be sent events.
pub(super) const JOINED: &str = "joined";

/// The Socket.IO room of the clients by which the service checks itself.
pub(super) const CHECKS: &str = "checks";

/// The number of clients of a namespace, without those of the service's own checks.
pub(super) fn client_count(io: &SocketIo, namespace: &'static str) -> usize {
    io.of(namespace).map_or(0, |namespace| namespace.except(CHECKS).sockets().len())
}

/// An event, serialised once for all clients.
pub(super) struct Event {
    name: &'static str,
    payload: Box<RawValue>,
}

impl Event {
    pub(super) fn new(name: &'static str, payload: &impl Serialize) -> Self {
        let payload = to_raw_value(payload).expect("views hold finite numbers and text only");
        Self { name, payload }
    }
}

impl Fanout {
    pub(super) fn new(io: SocketIo, namespace: &'static str) -> Self {
        Self { io, namespace, behind: HashSet::new(), paces: HashMap::new() }
    }

    pub(super) fn has_clients_behind(&self) -> bool {
        !self.behind.is_empty()
    }

    pub(super) fn behind_count(&self) -> usize {
        self.behind.len()
    }

    /// Sends events in order. A client that misses one is behind from then on.
    pub(super) fn send(&mut self, events: &[Event]) {
        let joined = self.joined();
        for socket in self.sockets() {
            if self.behind.contains(&socket.id) {
                continue;
            }
            if !joined.contains(&socket.id) {
                self.behind.insert(socket.id);
            } else if !events.iter().all(|event| emit(&socket, event)) {
                self.behind.insert(socket.id);
                let now = Instant::now();
                self.paces.entry(socket.id).or_insert_with(|| Pace::new(now)).miss(now);
            }
        }
    }

    /// Sends an event that clients may miss. Those that wait get none: it would make them read everything again.
    pub(super) fn send_lossy(&self, event: &Event) {
        let (joined, now) = (self.joined(), Instant::now());
        for socket in self.sockets() {
            let waits = self.behind.contains(&socket.id)
                && self.paces.get(&socket.id).is_some_and(|pace| !pace.is_due(now));
            if joined.contains(&socket.id) && !waits {
                emit(&socket, event);
            }
        }
    }

    /// Sends `event` to the clients that are behind, so that they read everything again. Those whose
    /// buffer has no room yet stay behind, and those whose wait is not over.
    pub(super) fn resync(&mut self, event: &Event) {
        if self.behind.is_empty() {
            return;
        }
        let (joined, now) = (self.joined(), Instant::now());
        let mut still_behind = HashSet::new();
        for socket in self.sockets() {
            if !self.behind.contains(&socket.id) {
                continue;
            }
            let is_due = self.paces.get(&socket.id).is_none_or(|pace| pace.is_due(now));
            if !is_due || !joined.contains(&socket.id) || !emit(&socket, event) {
                still_behind.insert(socket.id);
            }
        }
        self.behind = still_behind;
    }

    /// Lets the clients that follow again recover. Returns what is to be shown.
    pub(super) fn settle(&mut self, now: Instant) -> NamespaceFacts {
        let sockets = self.sockets();
        let present: HashSet<Sid> = sockets.iter().map(|socket| socket.id).collect();
        let behind = &self.behind;
        self.paces.retain(|sid, pace| {
            // One that is still behind has not recovered.
            if !behind.contains(sid) {
                pace.settle(now);
            }
            present.contains(sid) && !pace.is_settled()
        });
        let waits = self.paces.values().map(Pace::wait).filter(|wait| !wait.is_zero());
        NamespaceFacts {
            client_count: client_count(&self.io, self.namespace) as u64,
            behind_count: self.behind.len() as u64,
            slowed_count: waits.clone().count() as u64,
            longest_wait: waits.max().unwrap_or_default(),
        }
    }

    /// The clients that have joined: their handshake is complete.
    fn joined(&self) -> HashSet<Sid> {
        let namespace = self.io.of(self.namespace);
        let joined = namespace.map(|namespace| namespace.to(JOINED).sockets());
        joined.unwrap_or_default().iter().map(|socket| socket.id).collect()
    }

    /// All clients, including those whose handshake is not complete.
    fn sockets(&self) -> Vec<SocketRef> {
        self.io.of(self.namespace).map(|namespace| namespace.sockets()).unwrap_or_default()
    }
}

/// Sends to one client; false when it misses the event, because its buffer is full or its handshake is
/// not complete. One that has closed is removed from the list soon.
pub(super) fn emit(socket: &SocketRef, event: &Event) -> bool {
    !matches!(socket.emit(event.name, &event.payload), Err(SendError::Socket(_)))
}
