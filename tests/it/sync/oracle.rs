//! Random commands over a connection that is delayed, frozen, refused and cut, also during COMMIT,
//! while PostgreSQL, the mirror or both are restarted.
//!
//! A second implementation of the rules knows the site after every commit. A separate reader reads
//! PostgreSQL all the time: it must hold exactly the state of the commit that it names. Between the
//! rounds the local store, PostgreSQL and the rules have the same values.
//! `UNOC_TEST_SYNC_ROUNDS` sets the number of rounds; a pooler gets a sixth of them.

mod mutation;
pub(super) mod rig;
mod watcher;

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use unoc::domain::{Blueprint, ReseedSite, Timestamp};

use super::exact::look;
use crate::domain::model::Pair;
use crate::harness::commands::{Rng, setting};
use crate::harness::content::Content;
use crate::harness::pgbouncer::Pgbouncer;
use crate::harness::postgres::{Postgres, Stop};
use crate::harness::proxy::{Cut, Mode, Proxy};
use crate::harness::wait;
use rig::Rig;
use watcher::{History, watched};

/// About a minute unoptimised on two slow cores.
const ROUNDS: usize = 120;
const SEED: u64 = 20_261_123;
/// Enough entities of each kind for COPY, which is used from 400 on.
const MANY_LEAVES: u32 = 420;
/// A freeze that ends by itself is shorter than the stall timeout.
const FREEZE: Duration = Duration::from_millis(60);
/// How long to wait for an armed cut: while it backs off, the mirror sends nothing for a second.
const CUT_WAIT: Duration = Duration::from_millis(400);

#[test]
fn postgresql_always_holds_exactly_one_commit() {
    let Some(postgres) = prepared() else { return };
    let rounds = setting("UNOC_TEST_SYNC_ROUNDS", ROUNDS);
    println!("{rounds} rounds, UNOC_TEST_SEED={}", seed());
    println!("{}", run(postgres, None, rounds));
}

#[test]
fn postgresql_behind_a_pooler_always_holds_exactly_one_commit() {
    let Some(postgres) = prepared() else { return };
    let Some(pooler) = Pgbouncer::start(&postgres) else { return };
    let rounds = setting("UNOC_TEST_SYNC_ROUNDS", ROUNDS).div_ceil(6);
    println!("{rounds} rounds, UNOC_TEST_SEED={}", seed());
    println!("{}", run(postgres, Some(&pooler), rounds));
}

fn seed() -> u64 {
    setting("UNOC_TEST_SEED", SEED)
}

/// A server for kills. A kill does not lose the page cache, so it need not fsync. But it can occur
/// between the writes of the two halves of a page.
fn prepared() -> Option<Postgres> {
    Postgres::start_with(&["full_page_writes=on"])
}

/// What a test run did, by name.
#[derive(Default)]
struct Tally(BTreeMap<&'static str, usize>);

impl Tally {
    fn count(&mut self, what: &'static str) {
        *self.0.entry(what).or_default() += 1;
    }
}

/// All parts of the test.
struct Trial {
    rig: Rig,
    pair: Pair,
    rng: Rng,
    proxy: Proxy,
    postgres: Postgres,
    tally: Tally,
    changes: u64,
    when: String,
}

/// Runs this many rounds and returns what they did.
fn run(postgres: Postgres, pooler: Option<&Pgbouncer>, rounds: usize) -> String {
    let seed = seed();
    let port = pooler.map_or(postgres.port(), Pgbouncer::port);
    let proxy = Proxy::start(port);
    let rig = Rig::new(&Postgres::url_through(proxy.port()));
    let (url, site_id) = (postgres.url(), rig.site_id());
    let mut trial = Trial {
        rig,
        pair: Pair::default(),
        rng: Rng::new(seed),
        proxy,
        postgres,
        tally: Tally::default(),
        changes: 0,
        when: String::new(),
    };
    let history = History::default();
    history.note(0, (trial.pair.oracle.site(), Timestamp(0), 0));
    let started = wait::now();
    let ((), seen) = watched(&history, &url, site_id, || {
        while trial.changes == 0 {
            trial.command(&history);
        }
        trial.rig.start_mirror();
        for round in 0..rounds {
            trial.when = format!("UNOC_TEST_SEED={seed}, round {round}");
            trial.round(&history);
        }
        trial.when = format!("UNOC_TEST_SEED={seed}, at the end");
        trial.rest(&history);
    });
    trial.rig.stop(false);
    format!(
        "{rounds} rounds in {:.0?}: {} changes, {} armed cuts met, {seen}; {:?}",
        wait::now() - started,
        trial.changes,
        trial.proxy.cuts(),
        trial.tally.0
    )
}

impl Trial {
    fn round(&mut self, history: &History) {
        let before = self.proxy.cuts();
        let event = self.disturb();
        self.tally.count(event);
        for _ in 0..1 + self.rng.below(12) {
            self.command(history);
            if self.rng.chance(15) {
                self.rig.ask_for_a_round();
            }
        }
        if event.starts_with("cut at") {
            self.rig.ask_for_a_round();
            let end = wait::now() + CUT_WAIT;
            wait::until("the cut", || {
                (self.proxy.cuts() > before || wait::now() > end).then_some(())
            });
        }
        self.restore(event);
        self.rig.check_no_obstacle(&self.when);
        if self.rng.chance(30) {
            self.rest(history);
        }
    }

    /// Executes the next command by the rules and by the engine, and records the site.
    fn command(&mut self, history: &History) {
        self.rig.clock.store(self.pair.now().0, Ordering::SeqCst);
        let step = match self.rng.below(100) {
            0 => self.pair.carry_out(ReseedSite(Blueprint::Ftth { leaves: MANY_LEAVES })),
            // Large sites make the rules slow.
            1..8 if self.pair.oracle.devices.len() > 200 => {
                self.pair.carry_out(ReseedSite(Blueprint::Demo))
            }
            _ => self.pair.step(self.rng.next()),
        };
        self.rig.submit(&step, &self.when);
        self.changes += u64::from(!step.changes.is_empty());
        let last_commit = self.rig.engine().read().last_commit();
        history.note(last_commit.seq, (self.pair.oracle.site(), self.pair.now(), self.changes));
        self.pair.tick();
    }

    /// Begins a disturbance; [`Self::restore`] ends it.
    fn disturb(&mut self) -> &'static str {
        let statements =
            ["FOR UPDATE", "INSERT INTO devices", "DELETE FROM", "INSERT INTO sync_state", "COPY"];
        match self.rng.below(100) {
            0..16 => {
                self.proxy.cut_at("COMMIT", Cut::Before);
                "cut at COMMIT, before"
            }
            16..32 => {
                self.proxy.cut_at("COMMIT", Cut::After);
                "cut at COMMIT, after"
            }
            32..40 => {
                self.proxy.cut_at(self.rng.one_of(&statements), Cut::Before);
                "cut at a statement, before"
            }
            40..48 => {
                self.proxy.cut_at(self.rng.one_of(&statements), Cut::After);
                "cut at a statement, after"
            }
            48..56 => {
                self.proxy.set(Mode::Delay(Duration::from_millis(1 + self.rng.next() % 25)));
                "delay"
            }
            56..62 => {
                self.proxy.set(Mode::Freeze);
                "freeze"
            }
            62..67 => {
                self.proxy.set(Mode::Refuse);
                "refuse"
            }
            67..75 => {
                self.proxy.cut_all();
                "cut all"
            }
            75..79 => "restart of the mirror",
            79..83 => "end of the mirror in mid-round",
            83..86 => "kill -9 of PostgreSQL",
            86..88 => "restart of PostgreSQL",
            _ => "calm",
        }
    }

    fn restore(&mut self, event: &'static str) {
        match event {
            "freeze" => {
                if self.rng.chance(50) {
                    // Data in transit arrives late or never.
                    self.proxy.cut_all();
                } else {
                    let end = wait::now() + FREEZE;
                    wait::until("the freeze ends", || (wait::now() > end).then_some(()));
                }
            }
            "refuse" if self.rng.chance(50) => self.proxy.cut_all(),
            "restart of the mirror" => self.rig.restart(false),
            "end of the mirror in mid-round" => {
                self.rig.ask_for_a_round();
                self.rig.restart(true);
            }
            "kill -9 of PostgreSQL" => {
                self.postgres.kill9();
                self.postgres.start_again();
            }
            "restart of PostgreSQL" => {
                self.postgres.stop(self.rng.one_of(&[Stop::Fast, Stop::Immediate]));
                self.postgres.start_again();
            }
            _ => {}
        }
        self.proxy.set(Mode::Pass);
    }

    /// Waits until everything is sent; then all three have the same values.
    fn rest(&mut self, history: &History) {
        self.rig.be_in_step(&self.when);
        let when = &self.when;
        let content = Content::read(&self.rig.engine().read()).expect("the store can be read");
        assert_eq!(content.site(), self.pair.oracle.site(), "{when}: the local store");
        assert_eq!(content.dirty_count, 0, "{when}: marks");
        let mut client = self.postgres.client();
        let look = look(&mut client, self.rig.site_id()).expect("a look");
        let look = look.expect("PostgreSQL knows the site");
        assert_eq!(look.exact.seq, content.last_commit.seq, "{when}: PostgreSQL is in step");
        look.exact.assert_is(&history.exact(look.exact.seq), when);
        look.check_audit(when);
        look.assert_audit_is(&content.audit, when);
        assert_eq!(Some(look.epoch), self.rig.epoch(), "{when}: the epoch");
        if self.rng.chance(25) {
            let found = self.rig.compare(when);
            assert_eq!(found.differences(), 0, "{when}: {found:?}");
            self.tally.count("comparisons by the program");
        }
        self.tally.count("rests");
    }
}
