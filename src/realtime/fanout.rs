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
        for socket in self.sockets() {
            if self.behind.contains(&socket.id) {
                continue;
            }
            if events.iter().any(|event| misses(&socket, event)) {
                self.behind.insert(socket.id);
            }
        }
    }

    /// Tells clients that were behind and have room again to read everything anew.
    pub(super) fn resync(&mut self, event: &Event) {
        let connected = self.sockets();
        let mut still_behind = HashSet::new();
        for socket in connected {
            if self.behind.contains(&socket.id) && misses(&socket, event) {
                still_behind.insert(socket.id);
            }
        }
        self.behind = still_behind;
    }

    fn sockets(&self) -> Vec<SocketRef> {
        self.io.of(self.namespace).map(|namespace| namespace.sockets()).unwrap_or_default()
    }
}

/// Sends to one client; true when it missed the event, because its buffer has no room or because
/// it is being let in at this moment. One that has closed is gone from the list soon.
fn misses(socket: &SocketRef, event: &Event) -> bool {
    matches!(socket.emit(event.name, &event.payload), Err(SendError::Socket(_)))
}
