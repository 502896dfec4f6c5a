//! The record of the run, on a volume without space.

use unoc::domain::Timestamp;
use unoc::engine::{Clock, Engine, EngineError, EngineOptions};
use unoc::store::{OpenOptions, Store};

#[test]
fn a_run_ends_on_a_full_volume_but_does_not_begin() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let options = OpenOptions { cache_bytes: 1 << 20, now: Timestamp(0), site_id: None };
    let open = || Store::open(directory.path(), options).expect("nobody else holds it");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.expect("a runtime");
    let store = open();
    store.begin_run(Timestamp(7), Vec::new()).expect("a write");
    let options = EngineOptions { min_free_bytes: 1 << 62, clock: Clock::manual(|| Timestamp(8)) };
    let (handle, thread) = Engine::start(store, options).expect("the stored site is whole");
    let begun = runtime.block_on(handle.begin_run(Timestamp(8), Vec::new()));
    assert!(matches!(begun, Err(EngineError::ReadOnly { .. })), "{begun:?}");
    runtime.block_on(handle.end_run(Vec::new())).expect("a stop is no crash");
    runtime.block_on(handle.stop());
    thread.join().expect("no panic");
    drop(handle);
    let store = open();
    let snapshot = store.read().expect("a snapshot");
    assert_eq!(snapshot.open_run().expect("a read"), None);
}
