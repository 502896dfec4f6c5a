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

use super::fanout::{Event, JOINED, emit};
use super::joined_caller::caller_of;
use crate::auth::{Caller, Identity};
use crate::domain::DeviceId;
use crate::engine::EngineHandle;

/// The event's name in both directions.
const PRESENCE: &str = "presence";
/// The least time between two lists: opening and leaving devices quickly makes one.
const LIST_INTERVAL: Duration = Duration::from_millis(250);
/// Windows of one person that are listed at a time: more than that nobody looks at, and one who opens many must not
/// push the others off the list.
const PLACES_OF_NAME_MAX: usize = 8;
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
             State(handle): State<EngineHandle>,
             TryData(said): TryData<PlaceMessage>| {
                if let (Ok(said), Some(name)) = (said, name_of(&caller_of(&socket)))
                    && said.device_id.is_none_or(|id| is_device(&handle, id))
                {
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
        let others = places.iter().filter(|(other, place)| **other != sid && place.name == name);
        if said.device_id.is_some() && others.count() >= PLACES_OF_NAME_MAX {
            return;
        }
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

/// Returns whether there is such a device; what cannot be read counts as none.
fn is_device(handle: &EngineHandle, id: u64) -> bool {
    matches!(handle.read().device(DeviceId(id)), Ok(Some(_)))
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
    use crate::domain::Timestamp;
    use crate::engine::{Clock, Engine, EngineOptions};
    use crate::store::{OpenOptions, Store};

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
    fn one_person_does_not_fill_the_list() {
        let presence = Presence::new();
        let said = |device_id| PlaceMessage { device_id, is_editing: false };
        let sids: Vec<Sid> = (0..2 * PLACES_OF_NAME_MAX).map(|_| Sid::new()).collect();
        for (sid, device_id) in sids.iter().zip(1..) {
            presence.set(*sid, "ada".into(), &said(Some(device_id)));
        }
        assert_eq!(presence.lock().len(), PLACES_OF_NAME_MAX);
        // A window that is listed goes to another device, and one that is closed makes room.
        presence.set(sids[0], "ada".into(), &said(Some(99)));
        assert_eq!(presence.lock()[&sids[0]].device_id, 99);
        presence.set(sids[0], "ada".into(), &said(None));
        presence.set(sids[15], "ada".into(), &said(Some(7)));
        assert_eq!(presence.lock()[&sids[15]].device_id, 7);
        presence.set(Sid::new(), "bob".into(), &said(Some(7)));
        assert_eq!(presence.lock().len(), PLACES_OF_NAME_MAX + 1);
    }

    #[test]
    fn only_devices_that_exist_are_places() {
        let directory = tempfile::tempdir().unwrap();
        let options = OpenOptions { cache_bytes: 1 << 20, now: Timestamp(0), site_id: None };
        let store = Store::open(directory.path(), options).unwrap();
        let options = EngineOptions { min_free_bytes: 0, clock: Clock::manual(|| Timestamp(0)) };
        let (engine, _thread) = Engine::start(store, options).unwrap();
        assert!(!is_device(&engine, 1));
    }

    #[test]
    fn a_list_is_bounded() {
        let places: Vec<Place> = (0..2 * ENTRIES_MAX as u64)
            .map(|device_id| Place { name: "ada".into(), device_id, is_editing: false })
            .collect();
        assert_eq!(entries(places.iter()).len(), ENTRIES_MAX);
    }
}
