//! Kill -9 of the binary, of PostgreSQL and of both under concurrent requests.
//!
//! Every few rounds the writers pause: then every acknowledged change is in the local store, and
//! PostgreSQL holds the same values. At all times, PostgreSQL's sequence number never decreases.
//! `UNOC_TEST_SYNC_KILLS` sets the number of rounds.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use postgres::Client;
use unoc::domain::Timestamp;
use unoc::store::{OpenOptions, Store};
use uuid::Uuid;

use super::exact::{Exact, look};
use crate::engine::kill9::http;
use crate::engine::kill9::server::{Home, Server, pause};
use crate::engine::kill9::writer::{Writer, check_writers, run_all, totals, writers};
use crate::harness::commands::{Rng, setting};
use crate::harness::content::Content;
use crate::harness::postgres::{Postgres, connect};
use crate::harness::wait;

const ROUNDS: usize = 100;
/// Rounds between two comparisons: catching up takes longer than a kill.
const ROUNDS_PER_REST: usize = 5;
const SEED: u64 = 61;
const WRITERS: usize = 4;
/// The moment of a kill after the writers' start.
const KILL_AFTER_MS: usize = 250;
/// How long writers continue while PostgreSQL is unreachable.
const AWAY_MS: usize = 80;
const LOOK_EVERY: Duration = Duration::from_millis(20);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Victim {
    Unoc,
    Postgres,
    /// unoc first; it is started again while PostgreSQL is still down.
    UnocThenPostgres,
    PostgresThenUnoc,
}

/// Both sides, and how they were killed.
struct Trial {
    home: Home,
    server: Option<Server>,
    postgres: Postgres,
    writers: Vec<Writer>,
    rng: Rng,
    kills: BTreeMap<Victim, usize>,
    kills_at_start: usize,
    starts: u64,
    /// At the last comparison.
    starts_then: u64,
    epoch_then: u64,
    rows: usize,
    when: String,
}

#[test]
fn acknowledged_changes_reach_postgresql_after_any_kill() {
    // A kill does not lose the page cache, so PostgreSQL need not fsync. But it can occur between
    // the writes of the two halves of a page.
    let Some(postgres) = Postgres::start_with(&["full_page_writes=on"]) else { return };
    let (rounds, seed) = (setting("UNOC_TEST_SYNC_KILLS", ROUNDS), setting("UNOC_TEST_SEED", SEED));
    println!("{rounds} rounds, UNOC_TEST_SEED={seed}");
    let started = wait::now();
    let url = postgres.url();
    let mut rng = Rng::new(seed);
    let mut trial = Trial {
        home: Home::new().set("DATABASE_URL", &url),
        server: None,
        postgres,
        writers: writers(WRITERS, rng.next()),
        rng,
        kills: BTreeMap::new(),
        kills_at_start: 0,
        starts: 0,
        starts_then: 0,
        epoch_then: 0,
        rows: 0,
        when: String::new(),
    };
    let seen = watched(&url, || {
        for round in 0..rounds {
            trial.when = format!("round {round}, UNOC_TEST_SEED={seed}");
            trial.round();
            if (round + 1) % ROUNDS_PER_REST == 0 || round + 1 == rounds {
                trial.rest();
            }
        }
    });
    println!(
        "{rounds} rounds in {:.0?}: {:?} and {} while starting; {} starts, last epoch {}; {}; {} \
         rows compared at rest; {seen}",
        wait::now() - started,
        trial.kills,
        trial.kills_at_start,
        trial.starts,
        trial.epoch_then,
        totals(&trial.writers),
        trial.rows,
    );
}

impl Trial {
    /// Writers write, one side is killed at a random moment and started again.
    fn round(&mut self) {
        let server = self.server.take().unwrap_or_else(|| self.start());
        let victim = self.rng.one_of(&[
            Victim::Unoc,
            Victim::Unoc,
            Victim::Postgres,
            Victim::UnocThenPostgres,
            Victim::PostgresThenUnoc,
        ]);
        *self.kills.entry(victim).or_default() += 1;
        let [before, away] = [KILL_AFTER_MS, AWAY_MS].map(|most| self.rng.below(most) as u64);
        let stop = AtomicBool::new(false);
        let Self { writers, postgres, .. } = self;
        let server = thread::scope(|scope| {
            run_all(scope, writers, server.address(), &stop);
            pause(Duration::from_millis(before));
            if matches!(victim, Victim::Postgres | Victim::PostgresThenUnoc) {
                postgres.kill9();
                pause(Duration::from_millis(away));
            }
            if victim == Victim::Postgres {
                postgres.start_again();
                stop.store(true, Ordering::SeqCst);
                return Some(server);
            }
            server.kill();
            None
        });
        self.server = server;
        match victim {
            Victim::UnocThenPostgres => {
                self.postgres.kill9();
                self.server = Some(self.start());
                self.postgres.start_again();
            }
            Victim::PostgresThenUnoc => self.postgres.start_again(),
            Victim::Unoc if self.rng.chance(40) => self.kill_while_starting(),
            Victim::Unoc | Victim::Postgres => {}
        }
        let server = self.server.take().unwrap_or_else(|| self.start());
        check_writers(&mut self.writers, &server.client().get("/api/export").text(), &self.when);
        self.server = Some(server);
    }

    fn start(&mut self) -> Server {
        self.starts += 1;
        self.home.start()
    }

    /// Kills the server around the time at which it claims the site in PostgreSQL.
    fn kill_while_starting(&mut self) {
        let child = self.home.spawn();
        pause(Duration::from_millis(self.rng.below(220) as u64));
        crate::engine::kill9::server::kill(child);
        self.kills_at_start += 1;
    }

    /// Waits until PostgreSQL confirmed everything, kills the server, and compares.
    fn rest(&mut self) {
        let server = self.server.take().unwrap_or_else(|| self.start());
        let mut client = server.client();
        // The audit trail has a row of the export, so it comes before the wait.
        check_writers(&mut self.writers, &client.get("/api/export").text(), &self.when);
        let mut last = None;
        let epoch = wait::until(&format!("{}: both are in step, {last:?}", self.when), || {
            // It fails as long as PostgreSQL is unreachable; an obstacle would remain.
            let asked = client.call("POST", "/api/sync/now", None).expect("an answer");
            let state = if asked.status == 200 { asked.json() } else { in_words(&mut client) };
            assert_ne!(state["state"], "stopped", "{}: {state}", self.when);
            let is_in_step = asked.status == 200 && state["dirty_count"] == 0;
            let epoch = is_in_step.then(|| state["epoch"].as_u64().expect("a number"));
            last = Some(state);
            epoch
        });
        server.kill();
        let options = OpenOptions { cache_bytes: 1 << 20, now: Timestamp(0), site_id: None };
        let store = Store::open(self.home.data_dir(), options).expect("nobody else holds it");
        let content = Content::read(&store.read().expect("readable")).expect("readable");
        let look = look(&mut self.postgres.client(), store.site_id()).expect("a look");
        let look = look.expect("PostgreSQL holds the site");
        let last_commit = content.last_commit;
        let local = Exact::of(
            &content.site(),
            last_commit.seq,
            last_commit.committed_at,
            last_commit.next_audit,
        );
        look.exact.assert_is(&local, &self.when);
        look.check_audit(&self.when);
        look.assert_audit_is(&content.audit, &self.when);
        assert_eq!(look.epoch, epoch, "{}: the epoch", self.when);
        let grew = epoch > self.epoch_then || self.starts == self.starts_then;
        assert!(grew, "{}: epoch {epoch} after {}", self.when, self.epoch_then);
        (self.epoch_then, self.starts_then) = (epoch, self.starts);
        self.rows += look.exact.row_count();
    }
}

fn in_words(client: &mut http::Client) -> serde_json::Value {
    client.get("/api/sync").json()
}

/// What a concurrent reader found.
#[derive(Default)]
struct Seen {
    looks: usize,
    broken: usize,
    last: (u64, u64),
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { looks, broken, last } = self;
        write!(f, "{looks} looks meanwhile, {broken} broken off, last at (epoch, seq) {last:?}")
    }
}

/// Runs something while a reader reads PostgreSQL; both must succeed.
fn watched(url: &str, work: impl FnOnce()) -> Seen {
    struct Ender<'a>(&'a AtomicBool);
    impl Drop for Ender<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let (mut seen, mut client) = (Seen::default(), None);
            while !stop.load(Ordering::SeqCst) {
                seen.look(&mut client, url);
                thread::park_timeout(LOOK_EVERY);
            }
            seen
        });
        let ender = Ender(&stop);
        work();
        drop(ender);
        watcher.join().expect("the sequence number never decreases")
    })
}

impl Seen {
    fn look(&mut self, client: &mut Option<Client>, url: &str) {
        let Some(open) = client else {
            *client = connect(url).ok();
            return;
        };
        match self.judge(open) {
            Ok(()) => self.looks += 1,
            Err(_) => {
                self.broken += 1;
                *client = None;
            }
        }
    }

    /// Checks that the sequence number never decreases, and that the audit trail ends with it.
    fn judge(&mut self, client: &mut Client) -> Result<(), postgres::Error> {
        let there = client.query("SELECT to_regclass('sync_state') IS NOT NULL", &[])?;
        if !there[0].get::<_, bool>(0) {
            return Ok(());
        }
        let Some(row) = client.query_opt("SELECT site_id FROM sync_state", &[])? else {
            return Ok(());
        };
        let site_id: Uuid = row.get(0);
        let Some(look) = look(client, site_id)? else { return Ok(()) };
        let when = format!("look {}", self.looks);
        look.check_audit(&when);
        let now = (look.epoch, look.exact.seq);
        let last = self.last;
        assert!(now.0 >= last.0 && now.1 >= last.1, "{when}: {now:?} after {last:?}");
        self.last = now;
        Ok(())
    }
}
