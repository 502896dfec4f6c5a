//! Who looks at or edits which device on the page, for all who may look at the site.
//!
//! A client of `/live` sends `presence {device_id, is_editing}` when it opens a device, and with null when it leaves;
//! all clients get the whole list, `presence [{device_id, name, is_editing}]`, soon after a change.

use std::collections::{BTreeMap, HashMap};
use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use socketioxide::SocketIo;
use socketioxide::extract::{SocketRef, State, TryData};
use socketioxide::socket::Sid;
use tokio::sync::Notify;

use super::callers::caller_of;
use super::fanout::{Event, JOINED, emit};
use crate::auth::{Caller, Identity};

/// The event's name in both directions.
const PRESENCE: &str = "presence";
/// The least time between two lists: opening and leaving devices quickly makes one.
const LIST_INTERVAL: Duration = Duration::from_millis(250);
/// Most entries of a list, about 16 KiB of JSON: more people than that do not work on one site.
const ENTRIES_MAX: usize = 200;

/// Where the clients are; clones share it.
#[derive(Clone)]
pub(super) struct Presence(Arc<SharedPresence>);

struct SharedPresence {
    places: Mutex<HashMap<Sid, Place>>,
    /// Wakes the task.
    changed: Notify,
}

/// Where one client is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    name: Arc<str>,
    device_id: u64,
    is_editing: bool,
}

/// What a client says.
#[derive(Deserialize)]
struct PlaceMessage {
    device_id: Option<u64>,
    #[serde(default)]
    is_editing: bool,
}

/// An entry of the list.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct PresenceEntry {
    device_id: u64,
    name: String,
    is_editing: bool,
}

impl Presence {
    pub(super) fn new() -> Self {
        let places = Mutex::default();
        Self(Arc::new(SharedPresence { places, changed: Notify::new() }))
    }

    /// Listens to where a client of `/live` is. Others are told nothing of somebody whose name is not known.
    pub(super) fn listen(socket: &SocketRef) {
        socket.on(
            PRESENCE,
            |socket: SocketRef,
             State(presence): State<Self>,
             TryData(said): TryData<PlaceMessage>| {
                if let (Ok(said), Some(name)) = (said, name_of(&caller_of(&socket))) {
                    presence.set(socket.id, name, &said);
                }
                ready(())
            },
        );
    }

    /// Sends a client that has just joined the list, if there is anybody on it.
    pub(super) fn greet(&self, socket: &SocketRef) {
        let entries = entries(self.lock().values());
        if !entries.is_empty() {
            emit(socket, &Event::new(PRESENCE, &entries));
        }
    }

    pub(super) fn remove(&self, sid: Sid) {
        if self.lock().remove(&sid).is_some() {
            self.0.changed.notify_one();
        }
    }

    /// Sends the list to all clients whenever it has changed. Never returns.
    pub(super) async fn send_lists(&self, io: &SocketIo, namespace: &'static str) {
        let mut sent = Vec::new();
        loop {
            self.0.changed.notified().await;
            tokio::time::sleep(LIST_INTERVAL).await;
            let Some(namespace) = io.of(namespace) else { continue };
            // A message that came with the end of its connection may be handled after it.
            self.lock().retain(|sid, _| namespace.get_socket(*sid).is_some());
            let entries = entries(self.lock().values());
            if entries == sent {
                continue;
            }
            let event = Event::new(PRESENCE, &entries);
            for socket in namespace.to(JOINED).sockets() {
                // One that misses a list gets the next one.
                emit(&socket, &event);
            }
            sent = entries;
        }
    }

    fn set(&self, sid: Sid, name: Arc<str>, said: &PlaceMessage) {
        let mut places = self.lock();
        let before = match said.device_id {
            Some(device_id) => {
                places.insert(sid, Place { name, device_id, is_editing: said.is_editing })
            }
            None => places.remove(&sid),
        };
        if before != places.get(&sid).cloned() {
            self.0.changed.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Sid, Place>> {
        self.0.places.lock().expect("no code that panics runs while it is held")
    }
}

/// Returns by which name others know a client; `None` if nobody knows who it is.
fn name_of(caller: &Caller) -> Option<Arc<str>> {
    match &caller.identity {
        Identity::User { name, .. } | Identity::HostUser { name, .. } => Some(Arc::clone(name)),
        Identity::Token { .. } | Identity::Anonymous | Identity::Host | Identity::ServiceCheck => {
            None
        }
    }
}

/// Returns the list: each person once per device, who edits if one of the windows does.
fn entries<'a>(places: impl Iterator<Item = &'a Place>) -> Vec<PresenceEntry> {
    let mut seen: BTreeMap<(u64, &Arc<str>), bool> = BTreeMap::new();
    for place in places {
        *seen.entry((place.device_id, &place.name)).or_default() |= place.is_editing;
    }
    let entries = seen.into_iter().map(|((device_id, name), is_editing)| PresenceEntry {
        device_id,
        name: name.to_string(),
        is_editing,
    });
    entries.take(ENTRIES_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_person_is_listed_once_per_device() {
        let place =
            |device_id, name: &str, is_editing| Place { name: name.into(), device_id, is_editing };
        let places = [
            place(7, "ada", false),
            place(3, "ada", true),
            place(7, "bob", false),
            place(7, "ada", true),
            place(7, "ada", false),
        ];
        let listed: Vec<_> = entries(places.iter())
            .into_iter()
            .map(|entry| (entry.device_id, entry.name.to_string(), entry.is_editing))
            .collect();
        let expected = [
            (3, "ada".to_owned(), true),
            (7, "ada".to_owned(), true),
            (7, "bob".to_owned(), false),
        ];
        assert_eq!(listed, expected);
    }

    #[test]
    fn a_list_is_bounded() {
        let places: Vec<Place> = (0..2 * ENTRIES_MAX as u64)
            .map(|device_id| Place { name: "ada".into(), device_id, is_editing: false })
            .collect();
        assert_eq!(entries(places.iter()).len(), ENTRIES_MAX);
    }
}
