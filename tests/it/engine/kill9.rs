//! kill -9 of the real binary in the middle of its work.
//!
//! Writers record what was acknowledged. After the restart every acknowledged change is there, and a change
//! without an answer is there whole or not at all.
//! `UNOC_TEST_KILLS` sets the number of kills under load.

pub(crate) mod http;
pub(crate) mod ledger;
pub(crate) mod server;
pub(crate) mod socket;
pub(crate) mod writer;

use std::fs;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Duration;

use crate::harness::commands::{Rng, setting};
use server::{Home, kill, now, pause};
use writer::{check_writers, run_all, totals, writers};

const SEED: u64 = 4711;
const WRITERS: usize = 8;
/// Rounds in one data directory: the store grows, and is repaired again and again.
const ROUNDS_PER_HOME: usize = 25;
/// Time from the writers' start to the kill.
const KILL_AFTER_MS: std::ops::Range<usize> = 50..400;

fn milliseconds(rng: &mut Rng, range: &std::ops::Range<usize>) -> Duration {
    Duration::from_millis((range.start + rng.below(range.len())) as u64)
}

#[test]
fn acknowledged_changes_survive_kill_9_under_load() {
    let (kills, seed) = (setting("UNOC_TEST_KILLS", 50), setting("UNOC_TEST_SEED", SEED));
    println!("{kills} kills, UNOC_TEST_SEED={seed}");
    let started = now();
    let mut rng = Rng::new(seed);
    let mut killed = 0;
    while killed < kills {
        let home = Home::new();
        let mut writers = writers(WRITERS, rng.next());
        for _ in 0..ROUNDS_PER_HOME.min(kills - killed) {
            let when = format!("kill {killed}, seed {seed}, data in {}", home.data_dir().display());
            let server = home.start();
            let export = server.client().get("/api/export").text();
            check_writers(&mut writers, &export, &when);
            let stop = AtomicBool::new(false);
            thread::scope(|scope| {
                run_all(scope, &mut writers, server.address(), &stop);
                pause(milliseconds(&mut rng, &KILL_AFTER_MS));
                server.kill();
            });
            killed += 1;
            if rng.chance(30) {
                kill_while_repairing(&home, &mut rng);
            }
        }
        check_exports(&home, &mut writers, &format!("after kill {killed}, seed {seed}"));
        println!("{killed} kills in {:?}: {}", now() - started, totals(&writers));
    }
}

/// Starts again and kills before or soon after readiness.
fn kill_while_repairing(home: &Home, rng: &mut Rng) {
    let child = home.spawn();
    pause(milliseconds(rng, &(0..60)));
    kill(child);
}

/// The command line and the server export the same site from a killed store, and so does a copy.
fn check_exports(home: &Home, writers: &mut [writer::Writer], when: &str) {
    let (file, copied) = (home.path("site.jsonl"), home.path("copy.jsonl"));
    home.run_well(&["export", file.to_str().expect("our names are UTF-8")]);
    let export = fs::read_to_string(&file).expect("it was written");
    check_writers(writers, &export, when);
    let server = home.start();
    assert!(server.client().get("/api/export").text() == export, "{when}: two different exports");
    drop(server);

    let copy = Home::new();
    copy.run_well(&["import", file.to_str().expect("our names are UTF-8")]);
    copy.run_well(&["export", copied.to_str().expect("our names are UTF-8")]);
    let copied = fs::read_to_string(&copied).expect("it was written");
    assert!(entities(&copied) == entities(&export), "{when}: the copy differs");
}

/// An export without its header, which names the site and the commit.
fn entities(export: &str) -> &str {
    export.split_once('\n').expect("an export has a header").1
}

#[test]
fn sigterm_under_load_loses_nothing_and_disconnects_clients() {
    let home = Home::new();
    let mut writers = writers(WRITERS, SEED);
    for round in 0..5 {
        let when = format!("SIGTERM {round}");
        let server = home.start();
        check_writers(&mut writers, &server.client().get("/api/export").text(), &when);
        let mut sockets: Vec<_> =
            ["/", "/live"].map(|space| socket::Socket::connect(server.address(), space)).into();
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            run_all(scope, &mut writers, server.address(), &stop);
            pause(Duration::from_millis(150));
            let (status, took) = server.terminate(10);
            assert!(status.success(), "{when}: {status}; the log:\n{}", home.log());
            assert!(took < Duration::from_secs(5), "{when}: shutdown took {took:?}");
            println!("{when}: ended after {took:?}");
        });
        for socket in &mut sockets {
            assert!(socket.is_disconnected_by_server(), "{when}: a client was not disconnected");
        }
    }
    let server = home.start();
    check_writers(
        &mut writers,
        &server.client().get("/api/export").text(),
        "after the last SIGTERM",
    );
    println!("{}", totals(&writers));
    assert!(!home.log().contains("panicked"), "{}", home.log());
}

#[test]
fn a_first_start_that_is_killed_can_be_repeated() {
    let seed = setting("UNOC_TEST_SEED", SEED);
    let mut rng = Rng::new(seed);
    let mut killed = 0;
    for _ in 0..8 {
        let home = Home::new().set("UNOC_DEV_FEATURES", "1");
        for _ in 0..3 {
            let child = home.spawn();
            pause(milliseconds(&mut rng, &(0..80)));
            kill(child);
            killed += 1;
        }
        let server = home.start();
        let health = server.client().get("/api/health").json();
        assert_eq!(health["seq"], 1, "seed {seed}: the demo network came in one commit: {health}");
        assert_ne!(health["store"]["device_count"], 0, "seed {seed}: {health}");
    }
    println!("{killed} kills during the first start");
}

#[test]
fn a_killed_seed_or_import_leaves_the_old_site_or_the_new_one() {
    let leaves = setting("UNOC_TEST_SEED_LEAVES", 2_000_u32).to_string();
    let kills = setting("UNOC_TEST_SEED_KILLS", 6_u32);
    let home = Home::new();
    let (old, new) = (home.path("old.jsonl"), home.path("new.jsonl"));
    let [old, new] = [&old, &new].map(|path| path.to_str().expect("our names are UTF-8"));
    home.run_well(&["seed"]);
    home.run_well(&["export", old]);

    let other = Home::new();
    other.run_well(&["seed", "--size", &leaves]);
    other.run_well(&["export", new]);
    for command in [&["seed", "--size", &leaves, "--replace"][..], &["import", new, "--replace"]] {
        println!("{}", kill_at_all_moments(&home, old, command, kills));
    }
}

/// Measures how long a command takes, then kills it at `kills` moments of its run; returns which site each
/// kill left.
fn kill_at_all_moments(home: &Home, old: &str, command: &[&str], kills: u32) -> String {
    let export = home.path("now.jsonl");
    let export = export.to_str().expect("our names are UTF-8");
    let old_text = fs::read_to_string(old).expect("it was written");
    let restore = || home.run_well(&["import", old, "--replace"]);
    let started = now();
    home.run_well(command);
    let whole_run = now() - started;
    home.run_well(&["export", export]);
    let new_text = fs::read_to_string(export).expect("it was written");
    restore();
    let (mut was_old, mut was_new) = (0, 0);
    for kill_number in 1..=kills {
        let child = home.command(command).stderr(std::process::Stdio::null()).spawn();
        pause(whole_run * kill_number / kills);
        kill(child.expect("the binary can be run"));
        home.run_well(&["export", export]);
        let text = fs::read_to_string(export).expect("it was written");
        let when = format!("{command:?} killed after {kill_number}/{kills} of {whole_run:?}");
        if entities(&text) == entities(&old_text) {
            was_old += 1;
        } else {
            let same_count = entities(&text).lines().count() == entities(&new_text).lines().count();
            assert!(same_count, "{when}: neither the old site nor the new one");
            was_new += 1;
            restore();
        }
        drop(home.start());
    }
    restore();
    format!("{command:?} ({whole_run:?}), {kills} kills: {was_old} x old, {was_new} x new")
}
