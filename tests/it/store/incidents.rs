//! What the store keeps of incidents, and what it forgets.

use std::sync::Arc;

use tempfile::TempDir;
use unoc::domain::Timestamp;
use unoc::incidents::{IncidentBook, IncidentPosition, IncidentState};
use unoc::store::{CLOSED_INCIDENTS_MAX, Incident, IncidentBatch, OpenOptions, Store};

use crate::incidents::book::cut;

const DAY: i64 = 24 * 60 * 60 * 1_000_000;

fn store() -> (TempDir, Store) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let options = OpenOptions { cache_bytes: 1 << 20, now: Timestamp(0), site_id: None };
    let store = Store::open(directory.path(), options).expect("a new store");
    (directory, store)
}

/// Lets each problem come and go a microsecond later, and returns what is to be written.
fn closed(keys: std::ops::Range<u64>, at: i64) -> IncidentBatch {
    let mut book = IncidentBook::default();
    for key in keys.clone() {
        let now = Timestamp(at + i64::try_from(key).expect("small"));
        book.observe(cut(key), now).expect("room");
        book.clear(&format!("network:link:{key}"), now);
    }
    let (mut batch, _) = book.take_changes(Timestamp(at)).expect("changes");
    for (incident, key) in batch.incidents.iter_mut().zip(keys) {
        Arc::make_mut(incident).id = key;
    }
    batch
}

fn ids(store: &Store, state: IncidentState, after: Option<IncidentPosition>) -> Vec<u64> {
    let snapshot = store.read().expect("a snapshot");
    let incidents = snapshot.incidents(state, after).expect("a list");
    incidents.map(|incident| incident.expect("a record").id).collect()
}

#[test]
fn a_store_without_incidents_has_none() {
    let (_directory, store) = store();
    let snapshot = store.read().expect("a snapshot");
    assert_eq!(ids(&store, IncidentState::Open, None), [0; 0]);
    assert_eq!(snapshot.incident(1).expect("a read"), None);
    assert_eq!(snapshot.incident_of_key("job:backup").expect("a read"), None);
    assert_eq!(snapshot.incident_count(IncidentState::Closed).expect("a read"), 0);
    assert_eq!(snapshot.maintenance_windows().expect("a read"), []);
    assert_eq!(snapshot.incident_counters().expect("a read").next_incident, 1);
}

#[test]
fn an_incident_is_listed_once_under_its_state() {
    let (_directory, store) = store();
    let mut book = IncidentBook::default();
    let save = |book: &mut IncidentBook, at: i64| {
        let (batch, _) = book.take_changes(Timestamp(at)).expect("changes");
        store.save_incidents(&batch).expect("a write");
    };
    for key in 1..=3 {
        let now = Timestamp(i64::try_from(key).expect("small"));
        book.observe(cut(key), now).expect("room");
    }
    save(&mut book, 3);
    assert_eq!(ids(&store, IncidentState::Open, None), [3, 2, 1]);
    let second = IncidentPosition { state: IncidentState::Open, at: Timestamp(2), id: 2 };
    assert_eq!(ids(&store, IncidentState::Open, Some(second)), [1]);
    book.clear("network:link:2", Timestamp(9));
    save(&mut book, 9);
    assert_eq!(ids(&store, IncidentState::Open, None), [3, 1]);
    assert_eq!(ids(&store, IncidentState::Closed, None), [2]);
    let snapshot = store.read().expect("a snapshot");
    let found = snapshot.incident_of_key("network:link:2").expect("a read");
    assert_eq!(found.map(|incident: Incident| incident.id), Some(2));
    assert_eq!(snapshot.incident_counters().expect("a read").next_incident, 4);
}

#[test]
fn the_oldest_closed_ones_are_forgotten() {
    let (_directory, store) = store();
    let many = CLOSED_INCIDENTS_MAX as u64;
    store.save_incidents(&closed(1..many + 1, 0)).expect("a write");
    assert_eq!(ids(&store, IncidentState::Closed, None).len(), CLOSED_INCIDENTS_MAX);
    store.save_incidents(&closed(many + 1..many + 3, 0)).expect("a write");
    let kept = ids(&store, IncidentState::Closed, None);
    assert_eq!((kept.len(), kept.last()), (CLOSED_INCIDENTS_MAX, Some(&3)));
    let snapshot = store.read().expect("a snapshot");
    assert_eq!(snapshot.incident_of_key("network:link:1").expect("a read"), None);
    assert_eq!(snapshot.incident(1).expect("a read"), None);

    store.save_incidents(&closed(9000..9001, 401 * DAY)).expect("a write");
    assert_eq!(ids(&store, IncidentState::Closed, None), [9000], "the others are too old");
}
