//! Commands that are made of the past, from which something was removed before they are carried out.

use http::Method;
use serde_json::json;
use tokio::runtime::Runtime;
use unoc::domain::{DeviceId, ErasePersonalData, UndoChanges};
use unoc::engine::EngineError;
use unoc::query::{UndoTarget, undo_of};
use unoc::store::{AuditOrigin, Snapshot};

use crate::harness::TestApp;
use crate::harness::site::id_of;

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime")
}

fn origin() -> AuditOrigin {
    AuditOrigin::local("test")
}

/// What undoes the newest row, as the snapshot has it.
fn undo_newest(snapshot: &Snapshot) -> UndoChanges {
    let newest = snapshot.audit(None, 0).expect("a trail").next().expect("a row");
    let target = UndoTarget::Row(newest.expect("a row").id);
    undo_of(snapshot, &target).expect("a row").expect("it exists").expect("it can be undone")
}

/// A device with a note that was deleted.
fn with_deleted_device() -> (TestApp, u64) {
    let app = TestApp::empty();
    let id = app.provision("HOP-1", "HOP");
    let path = format!("/api/devices/{id}");
    app.patch(&path, &json!({"note": "blue house"})).expect(200);
    app.delete(&path).expect(204);
    (app, id)
}

/// An undo carried the images that it had read into the commit after an erasure.
#[test]
fn personal_data_that_was_erased_since_an_undo_was_read_does_not_come_back() {
    let (app, id) = with_deleted_device();
    let runtime = runtime();
    let before = app.handle.read();
    let undo = undo_newest(&before);
    app.post("/api/devices/erase-personal-data", &json!({"ids": [id]})).expect(200);
    let undone = app.handle.execute_as_of(before.seq(), undo, origin());
    let refused = runtime.block_on(undone);
    assert!(matches!(refused, Err(EngineError::PastRemoved)), "{refused:?}");
    app.get(&format!("/api/devices/{id}")).expect(404);

    // Read anew, the deletion is undone without the note.
    let rows = app.get("/api/audit").expect(200).json();
    let deletion = rows.as_array().unwrap().iter().find(|row| row["action"] == "delete device");
    let path = format!("/api/audit/{}/undo", id_of(deletion.expect("a row")));
    app.send(Method::POST, &path, &[], None).expect(200);
    assert_eq!(app.device(id)["name"], "HOP-1");
    assert!(!app.get("/api/audit").text().contains("blue house"));
    assert!(!app.get("/api/devices").text().contains("blue house"));
}

#[test]
fn an_erasure_of_the_same_batch_is_not_undone() {
    let (app, id) = with_deleted_device();
    let before = app.handle.read();
    let undo = undo_newest(&before);
    let (begun, begins) = std::sync::mpsc::channel();
    let (release, released) = std::sync::mpsc::channel::<()>();
    let engine = app.handle.clone();
    let busy = std::thread::spawn(move || {
        let look = move |_: &unoc::domain::World| {
            begun.send(()).expect("the test waits");
            released.recv().expect("the test lets it go on");
        };
        runtime().block_on(engine.inspect(look)).expect("the engine lives");
    });
    begins.recv_timeout(crate::harness::wait::PATIENCE).expect("the engine is busy");
    let (erased, refused, ()) = runtime().block_on(async {
        // Each is in the queue once it was polled.
        tokio::join!(
            app.handle.execute(ErasePersonalData(vec![DeviceId(id)]), origin()),
            app.handle.execute_as_of(before.seq(), undo, origin()),
            async { release.send(()).expect("the engine waits") },
        )
    });
    busy.join().expect("no panic");
    erased.expect("it is erased");
    assert!(matches!(refused, Err(EngineError::PastRemoved)), "{refused:?}");
    assert_eq!(app.seq(), before.seq() + 1);
}

#[test]
fn what_was_read_of_a_site_that_was_replaced_is_not_undone() {
    let app = TestApp::empty();
    app.provision("HOP-1", "HOP");
    let before = app.handle.read();
    let undo = undo_newest(&before);
    app.send(Method::POST, "/api/seed", &[], None).expect(201);
    let refused = runtime().block_on(app.handle.execute_as_of(before.seq(), undo, origin()));
    assert!(matches!(refused, Err(EngineError::PastRemoved)), "{refused:?}");

    app.provision("HOP-2", "HOP");
    let backup = app.back_up();
    app.provision("HOP-3", "HOP");
    let before = app.handle.read();
    let undo = undo_newest(&before);
    app.restore(&backup["id"], false).expect(200);
    let refused = runtime().block_on(app.handle.execute_as_of(before.seq(), undo, origin()));
    assert!(matches!(refused, Err(EngineError::PastRemoved)), "{refused:?}");
}
