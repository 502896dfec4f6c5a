//! Sending one event to every client of a namespace without waiting for any.

use std::collections::HashSet;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use socketioxide::SendError;
use socketioxide::SocketIo;
use socketioxide::extract::SocketRef;
use socketioxide::socket::Sid;

/// The clients of one namespace, and those among them that missed something.
pub(super) struct Fanout {
    io: SocketIo,
    namespace: &'static str,
    behind: HashSet<Sid>,
}

/// The room of clients that may be sent events.
pub(super) const GREETED: &str = "greeted";

/// An event, serialised once for everybody.
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
        Self { io, namespace, behind: HashSet::new() }
    }

    pub(super) fn has_clients_behind(&self) -> bool {
        !self.behind.is_empty()
    }

    /// Sends events in order. A client that misses one is behind from then on.
    pub(super) fn send(&mut self, events: &[Event]) {
        let greeted = self.greeted();
        for socket in self.sockets() {
            if self.behind.contains(&socket.id) {
                continue;
            }
            let is_greeted = greeted.contains(&socket.id);
            if !is_greeted || events.iter().any(|event| misses(&socket, event)) {
                self.behind.insert(socket.id);
            }
        }
    }

    /// Sends something that nobody needs to have got.
    pub(super) fn mention(&self, event: &Event) {
        let greeted = self.greeted();
        for socket in self.sockets().iter().filter(|socket| greeted.contains(&socket.id)) {
            misses(socket, event);
        }
    }

    /// Tells clients that were behind and have room again to read everything anew.
    pub(super) fn resync(&mut self, event: &Event) {
        if self.behind.is_empty() {
            return;
        }
        let greeted = self.greeted();
        let mut still_behind = HashSet::new();
        for socket in self.sockets() {
            let is_behind = self.behind.contains(&socket.id);
            if is_behind && (!greeted.contains(&socket.id) || misses(&socket, event)) {
                still_behind.insert(socket.id);
            }
        }
        self.behind = still_behind;
    }

    /// Those that were told that they are connected, and what comes first.
    fn greeted(&self) -> HashSet<Sid> {
        let namespace = self.io.of(self.namespace);
        let greeted = namespace.map(|namespace| namespace.to(GREETED).sockets());
        greeted.unwrap_or_default().iter().map(|socket| socket.id).collect()
    }

    /// Those too that are being let in at this moment.
    fn sockets(&self) -> Vec<SocketRef> {
        self.io.of(self.namespace).map(|namespace| namespace.sockets()).unwrap_or_default()
    }
}

/// Sends to one client; true when it missed the event, because its buffer has no room or because
/// it is being let in at this moment. One that has closed is gone from the list soon.
fn misses(socket: &SocketRef, event: &Event) -> bool {
    matches!(socket.emit(event.name, &event.payload), Err(SendError::Socket(_)))
}
