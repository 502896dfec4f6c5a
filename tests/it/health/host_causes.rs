//! Causes of checks on the host and around it: too few files, a process that gets no processor, copies that fail, a mirror that falls behind.

use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use unoc::domain::Timestamp;
use unoc::store::Sample;

use super::causes::{incident, run, run_until};
use super::watched::Watched;
use crate::harness::postgres::{Postgres, Stop};
use crate::harness::process::Server;
use crate::harness::proxy::{Mode, Proxy};
use crate::harness::site::text_of;
use crate::harness::{TestApp, skip, wait};

/// A quiet server has about 15 open files.
const IDLE_CONNECTIONS: usize = 60;

fn quiet_server(data_dir: &Path) -> Server {
    Server::start(data_dir, &[("UNOC_DEV_FEATURES", "0")])
}

#[test]
fn a_process_that_runs_out_of_files_is_an_incident() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let server = quiet_server(directory.path());
    let http = &server.http;
    run_until(http, "files.open", "ok");
    let pid = server.pid().to_string();
    let limit = |soft: usize| {
        let mut command = Command::new("prlimit");
        let set = command.args(["--pid", &pid, &format!("--nofile={soft}:")]).status();
        assert!(set.expect("util-linux is everywhere").success());
    };
    let open = || fs::read_dir(format!("/proc/{pid}/fd")).expect("it runs").count();
    // So many that one file more or less, such as one of a job, is no difference.
    let connections: Vec<_> = (0..IDLE_CONNECTIONS)
        .map(|_| TcpStream::connect(server.address).expect("it listens"))
        .collect();
    wait::until("the connections are open", || (open() > IDLE_CONNECTIONS).then_some(()));
    // It opens and closes files meanwhile, and may become critical, which it then stays at this limit.
    wait::until("files.open is warning", || {
        limit(open() * 5 / 4);
        let check = run(http, "files.open");
        if check["state"] == "critical" {
            limit(10 * open());
            run_until(http, "files.open", "ok");
        }
        (check["state"] == "warning").then_some(())
    });
    let check = run_until(http, "files.open", "warning");
    assert!(text_of(&check["remedy"]).starts_with("Raise LimitNOFILE"), "{check}");
    incident(http, "files.open", "open");
    drop(connections);
    limit(10 * open());
    run_until(http, "files.open", "ok");
    incident(http, "files.open", "closed");
}

/// The server with files of its own in place of some of the host's, as in a container (LXCFS does so with
/// `meminfo`); `None` where this user may not mount.
fn server_with(data_dir: &Path, environment: &[(&str, &str)], mounts: &str) -> Option<Server> {
    let mut allowed = Command::new("unshare");
    if !allowed.args(["--mount", "true"]).status().is_ok_and(|status| status.success()) {
        skip("health: no mount namespace can be made");
        return None;
    }
    let script = format!("{mounts} && exec \"$0\" \"$@\"");
    let server = Server::start_by(data_dir, environment, |command| {
        let mut wrapped = Command::new("unshare");
        wrapped.args(["--mount", "sh", "-c", &script]).arg(command.get_program());
        wrapped.args(command.get_args()).env_clear().stdin(Stdio::null());
        wrapped.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        wrapped.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        wrapped
    });
    Some(server)
}

/// The whole way of a fault: the check, its incident, a notice, the recovery, the notice of that.
#[test]
fn a_service_that_needs_all_its_memory_is_told_of_until_it_may_have_more() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let meminfo = directory.path().join("meminfo");
    let memory = |kib: u64| {
        // In place, since the file is mounted.
        fs::write(&meminfo, format!("MemTotal: {kib} kB\n")).expect("it is ours");
    };
    memory(1 << 30);
    let watched = Watched::new();
    let mount = format!("mount --bind {} /proc/meminfo", meminfo.display());
    let data = directory.path().join("data");
    let server = server_with(&data, &watched.environment(&[]), &mount);
    let Some(server) = server else { return };
    let http = &server.http;
    run_until(http, "memory.resident", "ok");
    let check = wait::until("memory.resident is critical", || {
        memory(server.resident_kib() * 100 / 97);
        let check = run(http, "memory.resident");
        (check["state"] == "critical").then_some(check)
    });
    assert!(text_of(&check["remedy"]).starts_with("Give it more memory"), "{check}");
    watched.caused(http, "memory.resident", "critical");
    memory(1 << 30);
    watched.recovered(http, "memory.resident");
}

#[test]
fn a_clock_that_is_not_kept_right_is_an_incident_until_it_is() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let timesync = directory.path().join("timesync");
    fs::create_dir(&timesync).expect("it is ours");
    let watched = Watched::new();
    let mount = format!(
        "mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/timesync && \
         mount --bind {} /run/systemd/timesync",
        timesync.display()
    );
    let data = directory.path().join("data");
    let server = server_with(&data, &watched.environment(&[]), &mount);
    let Some(server) = server else { return };
    let http = &server.http;
    fs::write(timesync.join("synchronized"), "").expect("it is ours");
    run_until(http, "clock.synchronized", "ok");
    fs::remove_file(timesync.join("synchronized")).expect("it is ours");
    let check = watched.caused(http, "clock.synchronized", "warning");
    assert!(text_of(&check["remedy"]).contains("timedatectl"), "{check}");
    fs::write(timesync.join("synchronized"), "").expect("it is ours");
    watched.recovered(http, "clock.synchronized");
}

/// The free space of two weeks, which the checks would have recorded.
#[test]
fn a_volume_that_will_be_full_soon_is_an_incident_until_it_lasts() {
    const DAY: i64 = 24 * 3600;
    let watched = Watched::new();
    let app = TestApp::with_environment(&watched.environment(&[]));
    app.clock.hold();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.expect("a runtime");
    // Each hour of the days before now.
    let record = |days: i16, free: &dyn Fn(f32) -> f32| {
        let now = app.handle.now().0;
        for hour in (0..days * 24).rev() {
            let at = Timestamp(now - i64::from(hour) * 3_600_000_000);
            let sample = Sample { series: "disk.free", value: free(f32::from(hour) / 24.0) };
            runtime.block_on(app.handle.record_samples(at, vec![sample])).expect("there is room");
        }
    };
    // A gigabyte less each day, and five are left.
    record(5, &|days_ago| (5.0 + days_ago) * 1e9);
    let check = watched.caused(&app, "disk.full_in", "critical");
    assert!(
        text_of(&check["message"]).starts_with("At the present rate it is full on "),
        "{check}"
    );
    app.clock.advance(15 * DAY);
    record(5, &|_| 50e9);
    watched.recovered(&app, "disk.full_in");
}

/// It is stopped and continued, as one that is not scheduled.
#[test]
fn a_process_without_a_processor_is_an_incident() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let server = quiet_server(directory.path());
    let is_starved = AtomicBool::new(true);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while is_starved.load(Ordering::SeqCst) {
                server.signal("STOP");
                std::thread::park_timeout(Duration::from_millis(400));
                server.signal("CONT");
                std::thread::park_timeout(Duration::from_millis(50));
            }
        });
        let check = run_until(&server.http, "loop.lag", "warning");
        is_starved.store(false, Ordering::SeqCst);
        assert!(check["value"].as_f64().is_some_and(|ms| ms >= 250.0), "{check}");
    });
    incident(&server.http, "loop.lag", "open");
    run_until(&server.http, "loop.lag", "ok");
    incident(&server.http, "loop.lag", "closed");
}

#[test]
fn copies_that_fail_and_get_old_are_incidents() {
    let place = tempfile::tempdir().expect("a temporary directory");
    let target = place.path().join("copies");
    fs::create_dir(&target).expect("it is ours");
    let url = format!("file://{}", target.display());
    let app = TestApp::with_environment(&[("UNOC_BACKUP_TARGETS", &url)]);
    app.clock.hold();
    app.patch("/api/jobs/backup", &json!({"is_enabled": false})).expect(200);
    app.patch("/api/jobs/copy", &json!({"is_enabled": false})).expect(200);
    let finish = |job: &str| {
        let started = app.post(&format!("/api/jobs/{job}/run"), &Value::Null).expect(202).json();
        wait::until("the job has ended", || {
            let job = app.get(&format!("/api/jobs/{job}")).expect(200).json();
            let run = &job["runs"][0];
            (run["id"] == started["id"] && run["result"] != "running").then(|| run.clone())
        })
    };
    assert_eq!(finish("backup")["result"], "ok");
    run_until(&app, "backup.copies", "ok");
    run_until(&app, "backup.copy_age", "ok");

    let aside = place.path().join("aside");
    fs::rename(&target, &aside).expect("it is ours");
    fs::write(&target, "in the way").expect("it is ours");
    app.clock.advance(60);
    assert_eq!(finish("backup")["result"], "failed");
    let check = run_until(&app, "backup.copies", "warning");
    assert_eq!(check["value"], 1.0, "{check}");
    incident(&app, "backup.copies", "open");
    app.clock.advance(60 * 3600);
    run_until(&app, "backup.copy_age", "warning");
    incident(&app, "backup.copy_age", "open");

    fs::remove_file(&target).expect("it is ours");
    fs::rename(&aside, &target).expect("it is ours");
    assert_eq!(finish("copy")["result"], "ok");
    run_until(&app, "backup.copies", "ok");
    incident(&app, "backup.copies", "closed");
    assert_eq!(finish("backup")["result"], "ok");
    run_until(&app, "backup.copy_age", "ok");
    incident(&app, "backup.copy_age", "closed");
}

#[test]
fn a_mirror_that_falls_behind_is_an_incident_until_it_follows() {
    let Some(mut postgres) = Postgres::start() else { return };
    let app = TestApp::with_environment(&[("DATABASE_URL", &postgres.url())]);
    app.clock.hold();
    run_until(&app, "sync.lag", "ok");
    postgres.stop(Stop::Immediate);
    let device = json!({"name": "POP", "device_type": "POP"});
    app.post("/api/devices/provision", &device).expect(201);
    // The mirror notes when it sees the change; the clock must not be ahead of that.
    wait::until("the mirror knows that it lacks a change", || {
        app.clock.advance(1);
        (run(&app, "sync.lag")["value"].as_f64()? > 0.0).then_some(())
    });
    app.clock.advance(2 * 60);
    let check = run_until(&app, "sync.lag", "warning");
    assert!(text_of(&check["remedy"]).contains("unoc sync now"), "{check}");
    incident(&app, "sync.lag", "open");
    app.clock.advance(20 * 60);
    run_until(&app, "sync.lag", "critical");
    postgres.start_again();
    app.post("/api/sync/now", &Value::Null);
    run_until(&app, "sync.lag", "ok");
    assert_eq!(run(&app, "sync.lag")["remedy"], Value::Null);
    incident(&app, "sync.lag", "closed");
}

/// Each of the proxy's chunks is late; and somebody else holds most of the connections.
#[test]
fn a_postgres_that_is_slow_or_has_few_connections_left_is_an_incident() {
    let Some(postgres) = Postgres::start() else { return };
    let proxy = Proxy::start(postgres.port());
    let watched = Watched::new();
    let url = Postgres::url_through(proxy.port());
    let directory = tempfile::tempdir().expect("a temporary directory");
    let environment = watched.environment(&[("DATABASE_URL", url.as_str())]);
    let server = Server::start(directory.path(), &environment);
    let http = &server.http;
    // There is nothing to send the second time: a heartbeat, which is timed.
    server.in_step();
    server.in_step();
    run_until(http, "postgres.latency", "ok");
    run_until(http, "postgres.connections", "ok");

    proxy.set(Mode::Delay(Duration::from_millis(300)));
    wait::until("the heartbeat is slow", || {
        server.in_step();
        (run(http, "postgres.latency")["value"].as_f64()? >= 500.0).then_some(())
    });
    watched.caused(http, "postgres.latency", "warning");
    proxy.set(Mode::Pass);
    wait::until("the heartbeat is fast", || {
        server.in_step();
        (run(http, "postgres.latency")["value"].as_f64()? < 250.0).then_some(())
    });
    watched.recovered(http, "postgres.latency");

    let others: Vec<_> = (0..33).map(|_| postgres.client()).collect();
    // The statistics are read each minute, and of each new connection.
    proxy.cut_all();
    let check = watched.caused(http, "postgres.connections", "warning");
    assert!(text_of(&check["message"]).ends_with(" of 40"), "{check}");
    drop(others);
    wait::until("the connections are gone", || {
        let count = postgres.rows("SELECT count(*) FROM pg_stat_activity")[0][0].parse::<u32>();
        (count.expect("a number") < 15).then_some(())
    });
    proxy.cut_all();
    watched.recovered(http, "postgres.connections");
}
