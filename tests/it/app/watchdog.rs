//! Signs of life: an engine that works is not taken for one that is stuck, and a fault in a look at
//! the network ends that look alone.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::json;
use unoc::engine::EngineError;

use crate::harness::notify_socket::NotifySocket;
use crate::harness::process::Server;
use crate::harness::wait::{self, PATIENCE};
use crate::harness::{TestApp, skip};

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
    let mut systemd = NotifySocket::new(directory.path());
    let server = systemd.start(&directory.path().join("data"), &[("WATCHDOG_USEC", "200000")]);
    for wanted in ["EXTEND_TIMEOUT_USEC=", "READY=1", "WATCHDOG=1", "WATCHDOG=1"] {
        systemd.expect(wanted);
    }
    assert!(server.terminate().0.success());
}

#[test]
fn systemd_shows_what_the_service_does_and_how_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let data_dir = directory.path().join("data");
    let mut systemd = NotifySocket::new(directory.path());
    let server = systemd.start(&data_dir, &[("UNOC_DEV_FEATURES", "0")]);
    for wanted in ["Opening the store", "Loading the site", "Serving http://127.0.0.1:"] {
        systemd.expect(&format!("STATUS={wanted}"));
    }
    systemd.expect("STATUS=healthy, 0 devices\n");
    let device = json!({"name": "a", "device_type": "POP"});
    server.http.post("/api/devices/provision", &device).expect(201);
    systemd.expect("STATUS=healthy, 1 device\n");
    let shown = systemd.received.iter().filter(|text| text.contains("STATUS=healthy")).count();
    assert_eq!(shown, 2, "only what changed: {:?}", systemd.received);
    assert!(server.terminate().0.success());
    systemd.expect("STOPPING=1");
    for wanted in ["ending open requests", "waiting for jobs", "writing the last changes"] {
        systemd.expect(&format!("STATUS=Stopping: {wanted}"));
    }
}

#[test]
fn systemd_shows_that_a_store_is_repaired() {
    let directory = tempfile::tempdir().unwrap();
    let data_dir = directory.path().join("data");
    Server::start(&data_dir, &[]).end_by("KILL");
    let mut systemd = NotifySocket::new(directory.path());
    let server = systemd.start(&data_dir, &[]);
    systemd.expect("STATUS=Repairing the store after an unclean shutdown: ");
    systemd.expect("STATUS=Loading the site");
    assert!(server.terminate().0.success());
}

/// A file system of its own on a loop device, which can be frozen. It is unmounted when this is dropped.
struct FreezableVolume {
    folder: tempfile::TempDir,
}

/// A frozen file system. The shell thaws it when this is dropped, and when the test is killed.
struct FrozenVolume {
    shell: Child,
}

impl FreezableVolume {
    fn mount() -> Option<Self> {
        let volume = Self { folder: tempfile::tempdir().expect("a temporary directory") };
        let mount = "truncate -s 256M image && mkfs.ext4 -q image && mkdir data && mount -o loop image data";
        let mut shell = Command::new("sh");
        let mounted = shell.args(["-c", mount]).current_dir(volume.folder.path()).output();
        mounted.is_ok_and(|output| output.status.success()).then_some(volume)
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn freeze(&self) -> FrozenVolume {
        let freeze = "fsfreeze -f data && echo frozen && read -r _; fsfreeze -u data";
        let mut shell = Command::new("sh");
        shell.args(["-c", freeze]).current_dir(self.folder.path());
        let mut child = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("sh");
        let mut line = String::new();
        let mut said = BufReader::new(child.stdout.take().expect("a pipe"));
        said.read_line(&mut line).expect("a text");
        let frozen = FrozenVolume { shell: child };
        assert_eq!(line, "frozen\n");
        frozen
    }
}

impl Drop for FrozenVolume {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        self.shell.wait().ok();
    }
}

impl Drop for FreezableVolume {
    fn drop(&mut self) {
        Command::new("umount").arg(self.data()).status().ok();
    }
}

#[test]
fn a_commit_that_takes_long_keeps_the_watchdog_fed() {
    let Some(volume) = FreezableVolume::mount() else {
        return skip("watchdog: it takes root and a loop device to freeze a file system");
    };
    let directory = tempfile::tempdir().unwrap();
    let mut systemd = NotifySocket::new(directory.path());
    let environment = [("WATCHDOG_USEC", "100000"), ("UNOC_DEV_FEATURES", "0")];
    let server = systemd.start(&volume.data().join("unoc"), &environment);
    systemd.expect("WATCHDOG=1");
    let device = json!({"name": "a", "device_type": "POP"});
    std::thread::scope(|scope| {
        let frozen = volume.freeze();
        let made = scope.spawn(|| server.http.post("/api/devices/provision", &device));
        wait::until("the commit waits for the disk", || {
            let tasks = fs::read_dir(format!("/proc/{}/task", server.pid())).expect("it runs");
            let mut stats = tasks.flatten().map(|task| task.path().join("stat"));
            let is_waiting = |stat: PathBuf| {
                fs::read_to_string(stat).is_ok_and(|text| text.contains("(engine) D"))
            };
            stats.any(is_waiting).then_some(())
        });
        // Far longer than the watchdog's limit.
        for _ in 0..20 {
            systemd.expect("WATCHDOG=1");
        }
        assert!(!made.is_finished(), "it waits for the disk");
        drop(frozen);
        made.join().expect("no panic").expect(201);
    });
    assert!(server.terminate().0.success());
}
