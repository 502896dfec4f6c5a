//! A full data volume: a small tmpfs, which only root can mount.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::engine::kill9::http::Client;
use crate::engine::kill9::server::{Home, Server, pause};
use crate::engine::kill9::writer::{Writer, check_writers, run_all, totals, writers};
use crate::harness::commands::setting;
use crate::harness::skip;

const VOLUME_MIB: usize = 32;
const MIN_FREE_MIB: &str = "8";
const SEED: u64 = 4711;
const WAIT_SECONDS: u64 = 10;

/// A mounted tmpfs of 32 MiB; unmounted when dropped.
pub(crate) struct Volume(tempfile::TempDir);

impl Volume {
    /// `None`, and a note on stderr, where this user may not mount.
    pub(crate) fn mount() -> Option<Self> {
        let folder = tempfile::Builder::new().prefix("unoc-volume.").tempdir();
        let folder = folder.expect("a temporary folder can be made");
        let size = format!("size={VOLUME_MIB}m,mode=700");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder.path());
        if let Err(why) = outcome(&mut mount) {
            skip(&format!("disk_full: no tmpfs can be mounted: {why}"));
            return None;
        }
        Some(Self(folder))
    }

    /// Where it is mounted.
    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    fn home(&self) -> Home {
        Home::with_data_dir(&self.data_dir()).set("UNOC_MIN_FREE_MIB", MIN_FREE_MIB)
    }

    fn data_dir(&self) -> PathBuf {
        self.0.path().join("data")
    }

    /// Fills this much of the volume, or all that is free.
    pub(crate) fn fill(&self, mib: usize) {
        let mut file = File::create(self.filler()).expect("the volume is ours");
        let piece = vec![1; 64 * 1024];
        for _ in 0..mib * 16 {
            if file.write_all(&piece).is_err() {
                return;
            }
        }
    }

    pub(crate) fn fill_all(&self) {
        self.fill(VOLUME_MIB);
    }

    pub(crate) fn free(&self) {
        fs::remove_file(self.filler()).expect("it was filled");
    }

    fn filler(&self) -> PathBuf {
        self.0.path().join("filler")
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        let done = Command::new("umount").arg(self.0.path()).status();
        if !done.is_ok_and(|status| status.success()) {
            // Something still uses it, after a failure: it goes when that ends.
            Command::new("umount").arg("-l").arg(self.0.path()).status().ok();
        }
    }
}

fn outcome(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| error.to_string())?;
    let words = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    if output.status.success() { Ok(()) } else { Err(words) }
}

fn provision(client: &mut Client, name: &str, device_type: &str) -> (u16, Value) {
    let body = json!({"name": name, "device_type": device_type, "validate_upstream": false});
    let answer = client.call("POST", "/api/devices/provision", Some(&body));
    let answer = answer.expect("the server answers");
    (answer.status, answer.json())
}

/// Provisions until that is refused; returns the number of devices and the reason.
fn provision_until_full(client: &mut Client, device_type: &str) -> (usize, String) {
    // An ONT takes more than a hundredth of this.
    for number in 0..VOLUME_MIB * 1024 {
        let (status, body) = provision(client, &format!("{device_type}-{number}"), device_type);
        match status {
            201 => {}
            507 => return (number, body["detail"].as_str().unwrap_or_default().to_owned()),
            _ => panic!("{status} {body}"),
        }
    }
    panic!("more devices fit than the volume can hold");
}

fn health(client: &mut Client) -> (u16, Value) {
    let answer = client.call("GET", "/health", None).expect("the server answers");
    (answer.status, answer.json())
}

fn device_count(client: &mut Client) -> usize {
    client.get("/api/devices").json().as_array().expect("a list").len()
}

#[test]
fn a_full_volume_refuses_writes_until_there_is_space() {
    let Some(volume) = Volume::mount() else { return };
    let home = volume.home();
    let server = home.start();
    let mut client = server.client();
    let (healthy, _) = health(&mut client);
    assert_eq!(healthy, 200);
    volume.fill(12);

    let (big, _) = provision_until_full(&mut client, "ODF");
    let (small, detail) = provision_until_full(&mut client, "ONT");
    assert!(big > 0, "nothing was provisioned");
    let directory = volume.data_dir();
    let directory = directory.to_str().expect("our names are UTF-8");
    assert!(detail.contains(directory), "507 does not name the volume: {detail}");
    assert_eq!(device_count(&mut client), big + small, "reads continue");
    let (status, body) = health(&mut client);
    assert_eq!((status, &body["status"]), (503, &json!("unhealthy")), "{body}");
    let reason = body["reason"].as_str().unwrap_or_default();
    assert!(reason.contains(directory), "/health does not name the volume: {body}");
    assert_eq!(client.get("/api/health").json()["volume"]["is_writable"], false);
    assert_eq!(client.get("/health/ready").status, 200, "reads are answered: it is ready");

    volume.free();
    let (status, body) = provision(&mut client, "after", "ODF");
    assert_eq!(status, 201, "writes resume by themselves: {body}");
    assert_eq!(health(&mut client).0, 200);
    let (status, _) = server.terminate(WAIT_SECONDS);
    assert!(status.success(), "{status}: {}", home.log());
    let server = home.start();
    assert_eq!(device_count(&mut server.client()), big + small + 1, "all of it is on disk");
    println!("{big} ODFs and {small} ONTs, then: {detail}");
}

/// Rounds on one volume: a store that has grown writes into its free pages.
const ROUNDS: usize = 4;

/// Another file fills the volume again and again, in the middle of commits. The process may end, but no
/// acknowledged change is lost. `UNOC_TEST_VOLUMES` sets the number of volumes.
#[test]
fn a_volume_filled_by_others_loses_nothing() {
    let (volumes, mut ended) = (setting("UNOC_TEST_VOLUMES", 2), 0);
    for number in 0..volumes {
        let Some(volume) = Volume::mount() else { return };
        let mut writers = writers(4, SEED + number);
        let home = volume.home().set("UNOC_MIN_FREE_MIB", "1");
        // All but a few MiB, so that the other file fills the rest faster than a commit.
        let ballast = volume.0.path().join("ballast");
        fs::write(&ballast, vec![1; (VOLUME_MIB - 8) << 20]).expect("there is space");
        for round in 0..ROUNDS {
            let when = format!("volume {number}, round {round}");
            let server = home.start();
            check_writers(&mut writers, &server.client().get("/api/export").text(), &when);
            ended += usize::from(fill_while_writing(&volume, &home, server, &mut writers, round));
        }
        let server = home.start();
        check_writers(&mut writers, &server.client().get("/api/export").text(), "at the end");
        assert!(!home.log().contains("panicked"), "{}", home.log());
        println!("volume {number}: {}", totals(&writers));
    }
    println!("{volumes} volumes, {ROUNDS} rounds each: {ended} ended by a failed write");
}

/// Whether a failed write ended the server.
fn fill_while_writing(
    volume: &Volume,
    home: &Home,
    mut server: Server,
    writers: &mut [Writer],
    round: usize,
) -> bool {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        run_all(scope, writers, server.address(), &stop);
        for _ in 0..100 {
            pause(Duration::from_millis(2));
            volume.fill_all();
            volume.free();
            if server.ended().is_some() {
                break;
            }
        }
        volume.fill_all();
        // Long enough for every writer to write to the full volume.
        pause(Duration::from_millis(20));
        stop.store(true, Ordering::Relaxed);
    });
    // A server that ends refuses connections a moment before its status is there.
    let answer =
        Client::connect(server.address()).and_then(|mut it| it.call("GET", "/health", None));
    let status = match &answer {
        Ok(_) => server.ended(),
        Err(_) => Some(server.wait(WAIT_SECONDS)),
    };
    match status {
        None => {
            assert_eq!(answer.expect("it serves").status, 503);
            end(server, round, home);
        }
        Some(status) => {
            assert!(!status.success(), "it must be restarted: {status}");
            assert!(home.log().contains("os error 28"), "{}", home.log());
        }
    }
    volume.free();
    status.is_some()
}

/// Kills the server or ends it cleanly: after a kill, the next start repairs the store.
fn end(server: Server, round: usize, home: &Home) {
    if round.is_multiple_of(2) {
        server.kill();
    } else {
        let (status, _) = server.terminate(WAIT_SECONDS);
        assert!(status.success(), "{status}: {}", home.log());
    }
}

#[test]
fn a_start_on_a_full_volume_serves_or_names_the_reason() {
    let Some(volume) = Volume::mount() else { return };
    let home = volume.home();
    let server = home.start();
    let (status, body) = provision(&mut server.client(), "before", "ODF");
    assert_eq!(status, 201, "{body}");
    let after_kill = start_full(&volume, &home, || server.kill());
    let server = home.start();
    let after_end = start_full(&volume, &home, || {
        let (status, _) = server.terminate(WAIT_SECONDS);
        assert!(status.success(), "{status}: {}", home.log());
    });
    let server = home.start();
    assert_eq!(device_count(&mut server.client()), 1);
    drop(server);
    println!("after a kill {after_kill}; after a clean end {after_end}");
}

#[test]
fn a_first_start_on_a_full_volume_names_the_reason() {
    let Some(volume) = Volume::mount() else { return };
    let home = volume.home();
    println!("{}", start_full(&volume, &home, || {}));
    let server = home.start();
    assert_eq!(device_count(&mut server.client()), 0, "it starts once there is space");
}

/// Ends the server, fills the volume, starts the server and frees the volume again; returns what the
/// start led to.
fn start_full(volume: &Volume, home: &Home, end: impl FnOnce()) -> String {
    end();
    volume.fill_all();
    let logged = home.log().len();
    let outcome = home.try_start();
    let words = home.log().split_off(logged);
    let said = match outcome {
        Ok(server) => {
            let mut client = server.client();
            assert_eq!(health(&mut client).0, 503);
            client.get("/api/devices");
            "it serves, read-only".to_owned()
        }
        Err(status) => {
            let error = words.lines().find(|line| line.starts_with("unoc: ")).unwrap_or_default();
            let names_the_volume = names(error, &volume.data_dir());
            assert!(names_the_volume, "{status}; the error does not name the volume:\n{words}");
            assert!(
                error.contains("No space left"),
                "{status}; the error does not give the reason:\n{words}"
            );
            format!("{status}: {error}")
        }
    };
    volume.free();
    said
}

fn names(text: &str, directory: &Path) -> bool {
    text.contains(directory.to_str().expect("our names are UTF-8"))
}
