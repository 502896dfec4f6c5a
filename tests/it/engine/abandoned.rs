//! Requests whose caller went away while they waited for their turn.

use std::sync::mpsc;

use futures_util::FutureExt;
use unoc::domain::{Blueprint, ReseedSite};
use unoc::store::AuditOrigin;

use crate::harness::TestApp;

#[test]
fn a_command_whose_caller_gave_up_while_it_waited_is_not_carried_out() {
    let app = TestApp::empty();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_time()
        .build()
        .unwrap();
    let engine = app.handle.clone();
    let (begun, begins) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let busy = runtime.spawn(async move {
        let look = move |_: &unoc::domain::World| {
            begun.send(()).expect("the test waits");
            released.recv().expect("the test lets it go on");
        };
        engine.inspect(look).await
    });
    begins.recv_timeout(crate::harness::wait::PATIENCE).expect("the engine is busy");
    let before = app.handle.read().last_commit();
    let _context = runtime.enter();
    let origin = AuditOrigin::local("test");
    let submitted = app.handle.execute(ReseedSite(Blueprint::Demo), origin).now_or_never();
    assert!(submitted.is_none(), "it waits for its turn");
    release.send(()).expect("the engine waits");
    runtime.block_on(busy).expect("no panic").expect("the engine lives");
    runtime.block_on(app.handle.ping()).expect("the engine lives");
    assert_eq!(app.handle.read().last_commit(), before);
}
