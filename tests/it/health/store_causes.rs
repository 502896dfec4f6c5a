//! Causes of checks of the store and the service: a slow disk, no free files, more writes than it can carry out.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join_all;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use unoc::domain::{CreateDevice, DeviceType, Lifecycle, Name, NewDevice, Optics, Position};
use unoc::store::AuditOrigin;

use super::causes::{incident, run, run_until};
use super::watched::Watched;
use crate::harness::process::{self, Server};
use crate::harness::site::text_of;
use crate::harness::{TestApp, skip, wait};

/// Writes that are under way at a time: a batch takes up to 1,024 of them, and a quarter of the queue is as many.
const WRITERS: usize = 3_500;

/// A tracer that holds back the operations of a process on its disk; until it is dropped.
struct SlowDisk(Child);

impl SlowDisk {
    /// Makes these system calls take so much longer; `None` where nobody may trace.
    fn of(server: &Server, calls: &str, micros: &str) -> Option<Self> {
        let pid = server.pid().to_string();
        let mut tracer = Command::new("strace");
        tracer.args(["-f", "-qq", "-o", "/dev/null", "-p", &pid, "-e", &format!("trace={calls}")]);
        tracer.args(["-e", &format!("inject={calls}:delay_enter={micros}")]);
        let Ok(mut tracer) = tracer.stdin(Stdio::null()).stderr(Stdio::null()).spawn() else {
            skip("strace is not installed");
            return None;
        };
        let is_attached =
            wait::until("each thread is traced", || match tracer.try_wait().expect("its state") {
                Some(_) => Some(false),
                None => is_traced(&pid).then_some(true),
            });
        if !is_attached {
            skip("strace may not trace another process");
            return None;
        }
        Some(Self(tracer))
    }
}

impl Drop for SlowDisk {
    fn drop(&mut self) {
        let pid = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw);
        // It lets the process go, which it would not when it is killed.
        kill_process(pid.expect("a process id"), Signal::TERM).ok();
        self.0.wait().ok();
    }
}

fn is_traced(pid: &str) -> bool {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).expect("it runs").flatten();
    threads.into_iter().all(|thread| {
        let status = fs::read_to_string(thread.path().join("status"));
        // One that has ended meanwhile needs no tracer.
        status.map_or(true, |status| !status.contains("TracerPid:\t0\n"))
    })
}

#[test]
fn a_disk_that_is_slow_is_an_incident_until_it_is_fast() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    // More than the cache holds, so that a read reaches the disk.
    process::run(directory.path(), &["seed", "--size", "20000"]).expect(0);
    let watched = Watched::new();
    let environment = watched.environment(&[("UNOC_CACHE_MIB", "4")]);
    let server = Server::start(directory.path(), &environment);
    let http = &server.http;
    run_until(http, "store.write", "ok");
    run_until(http, "store.read", "ok");
    {
        let Some(_slow) = SlowDisk::of(&server, "fdatasync,fsync", "400000") else { return };
        let check = run_until(http, "store.write", "warning");
        assert!(text_of(&check["remedy"]).contains("iostat"), "{check}");
    }
    watched.recovered(http, "store.write");

    // A read decodes a page of the audit trail, which has a row for each of these.
    for number in 0..150 {
        http.provision(&format!("P{number}"), "POP");
    }
    // The pages of a whole export displace those that the check reads.
    let check = wait::until("reads are slow", || {
        http.get("/api/export").expect(200);
        let _slow = SlowDisk::of(&server, "pread64", "400000").expect("it was allowed before");
        let check = run(http, "store.read");
        (check["state"] == "critical").then_some(check)
    });
    watched.reported(http, "store.read", "critical", &check);
    watched.recovered(http, "store.read");
}

/// It can open no connection: not even its own checks reach it.
#[test]
fn a_service_without_a_free_file_answers_nobody_until_it_has_some() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let server = Server::start(directory.path(), &[("UNOC_DEV_FEATURES", "0")]);
    let http = &server.http;
    run_until(http, "http.response", "ok");
    run_until(http, "events.delivery", "ok");
    let pid = server.pid().to_string();
    let limit = |soft: &str| {
        let mut command = Command::new("prlimit");
        let set = command.args(["--pid", &pid, &format!("--nofile={soft}:")]).status();
        assert!(set.expect("util-linux is everywhere").success());
    };
    // Whatever is free is above it. The connection of this client is open already.
    limit("3");
    let check = run_until(http, "http.response", "critical");
    assert!(text_of(&check["message"]).contains("does not answer"), "{check}");
    let check = run_until(http, "events.delivery", "critical");
    assert!(text_of(&check["message"]).contains("Too many open files"), "{check}");
    // A notice needs a connection, too: it is tried again when the incident may be over.
    incident(http, "http.response", "open");
    incident(http, "events.delivery", "open");
    limit("1024");
    run_until(http, "http.response", "ok");
    run_until(http, "events.delivery", "ok");
    incident(http, "http.response", "closed");
    incident(http, "events.delivery", "closed");
}

fn new_pop(name: &str) -> NewDevice {
    NewDevice {
        name: Name::new(name).expect("a name"),
        device_type: DeviceType::Pop,
        parent: None,
        validate_upstream: false,
        position: Position::default(),
        optics: Optics::default(),
        lifecycle: Lifecycle::InService,
        details: None,
    }
}

#[test]
fn more_writes_than_it_can_carry_out_are_an_incident_until_they_stop() {
    let watched = Watched::new();
    let app = TestApp::with_environment(&watched.environment(&[]));
    run_until(&app, "engine.queue", "ok");
    let (is_flooded, engine) = (AtomicBool::new(true), &app.handle);
    std::thread::scope(|scope| {
        let flood = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
            let write_on = |writer: usize| {
                let is_flooded = &is_flooded;
                async move {
                    for number in 0.. {
                        if !is_flooded.load(Ordering::SeqCst) {
                            return;
                        }
                        let origin = AuditOrigin::local("flood");
                        let pop = CreateDevice(new_pop(&format!("P{writer}-{number}")));
                        // One that waits for too long is refused; the next one is not.
                        engine.execute(pop, origin).await.ok();
                    }
                }
            };
            runtime.expect("a runtime").block_on(join_all((0..WRITERS).map(write_on)));
        });
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            watched.caused(&app, "engine.queue", "warning")
        }));
        is_flooded.store(false, Ordering::SeqCst);
        flood.join().expect("the flood ends");
        let check = done.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        assert!(text_of(&check["remedy"]).contains("Find out who writes that much"), "{check}");
    });
    watched.recovered(&app, "engine.queue");
}

/// They have no limits: their values are recorded.
#[test]
fn what_has_no_limits_is_measured() {
    let app = TestApp::empty();
    let before = run(&app, "store.size")["value"].as_f64().expect("a number");
    app.provision_pops("P", 500);
    wait::until("the store has grown", || {
        let now = run(&app, "store.size")["value"].as_f64()?;
        (now >= before).then_some(())
    });
    let devices = run(&app, "site.devices");
    assert_eq!((&devices["value"], &devices["state"]), (&json!(500.0), &json!("ok")));
    run_until(&app, "processor.used", "ok");
    assert_eq!(run(&app, "site.devices")["warning"], Value::Null);
}
