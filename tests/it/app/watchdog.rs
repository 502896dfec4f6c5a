//! Signs of life: an engine that works is not taken for one that is stuck, and a fault in a look at
//! the network ends that look alone.

use std::os::unix::net::UnixDatagram;
use std::sync::mpsc;
use std::time::Duration;

use unoc::engine::EngineError;

use crate::harness::TestApp;
use crate::harness::process::Server;
use crate::harness::wait::{self, PATIENCE};

const SHORT: Duration = Duration::from_millis(50);

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime")
}

#[test]
fn a_busy_engine_counts_as_alive() {
    let app = TestApp::empty();
    let (begun, begins) = mpsc::channel();
    let (release, held) = mpsc::channel::<()>();
    let handle = app.handle.clone();
    let runtime = runtime();
    let looking = runtime.spawn(async move {
        handle
            .inspect(move |_| {
                begun.send(()).expect("the test waits");
                held.recv().ok();
            })
            .await
    });
    begins.recv_timeout(PATIENCE).expect("it begins");
    runtime.block_on(async {
        assert!(tokio::time::timeout(SHORT, app.handle.ping()).await.is_err(), "it is busy");
        assert!(app.handle.is_alive(), "and that may take its time");
    });
    // Health checks report what writes wait for. They are answered at once, because they do not ask
    // the engine.
    let busy = wait::until("work that takes long is told", || {
        let health = app.get("/health").expect(200).json();
        (health["status"] == "degraded").then_some(health)
    });
    let reason = busy["reason"].as_str().expect("a reason");
    assert!(reason.starts_with("an analysis of the network has been running for "), "{busy}");
    app.get("/health/ready").expect(200);
    assert_eq!(app.get("/api/health").expect(200).json()["engine"]["is_alive"], true);
    runtime.block_on(async {
        drop(release);
        looking.await.expect("no panic").expect("an answer");
        app.handle.ping().await.expect("it goes on");
        assert!(app.handle.is_alive());
    });
    assert_eq!(app.get("/health").expect(200).json()["status"], "healthy");
}

#[test]
fn a_panic_in_an_analysis_is_reported_and_ends_nothing_else() {
    let app = TestApp::empty();
    let runtime = runtime();
    let looked = runtime.block_on(app.handle.inspect(|world| {
        assert!(world.entity_count() > 0, "on purpose: this site is empty");
    }));
    assert!(matches!(looked, Err(EngineError::Panicked)), "{looked:?}");
    app.provision("afterwards", "POP");
}

#[test]
fn systemd_is_notified_of_a_long_start_readiness_and_life() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let environment = [("NOTIFY_SOCKET", path.to_str().unwrap()), ("WATCHDOG_USEC", "200000")];
    let server = Server::start(&directory.path().join("data"), &environment);
    let mut told = Vec::new();
    let mut bytes = [0; 512];
    for wanted in ["EXTEND_TIMEOUT_USEC=", "READY=1", "WATCHDOG=1", "WATCHDOG=1"] {
        while !told.last().is_some_and(|last: &String| last.contains(wanted)) {
            let length =
                socket.recv(&mut bytes).unwrap_or_else(|error| panic!("{error}: {told:?}"));
            told.push(String::from_utf8_lossy(&bytes[..length]).into_owned());
        }
        told.push(String::new());
    }
    assert!(server.terminate().0.success());
}
