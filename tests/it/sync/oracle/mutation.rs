//! Tests the oracle: another connection brings PostgreSQL into a state that is no commit, and the
//! watcher must detect it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use unoc::domain::{Blueprint, ReseedSite};

use super::rig::Rig;
use super::watcher::{History, Seen};
use crate::domain::model::Pair;
use crate::harness::postgres::Postgres;
use crate::harness::proxy::{Mode, Proxy};
use crate::harness::wait;

/// Transactions that a mirror must never commit. `$next` is the next commit of the local
/// store, which PostgreSQL does not have yet.
const MIXTURES: [(&str, &str); 9] = [
    ("a commit's name without its rows", "UPDATE sync_state SET applied_seq = $next"),
    (
        "one row of another commit",
        "UPDATE devices SET status = 'DOWN' WHERE id = (SELECT max(id) FROM devices)",
    ),
    (
        "a row that a commit made is missing",
        "DELETE FROM links WHERE id = (SELECT max(id) FROM links)",
    ),
    (
        "a row that a commit removed is there",
        "INSERT INTO interfaces SELECT site_id, id + 1000, device_id, 'left over', interface_type, \
         status, created_at, updated_at FROM interfaces ORDER BY id LIMIT 1",
    ),
    (
        "a number that differs in its last bit",
        "UPDATE links SET length_km = length_km * (1 + 2.3e-16) WHERE id = \
         (SELECT min(id) FROM links WHERE length_km > 0)",
    ),
    (
        "a time of another commit",
        "UPDATE devices SET updated_at = updated_at + interval '1 microsecond' WHERE id = 1",
    ),
    ("a counter of another commit", "UPDATE sync_state SET next_device_id = next_device_id + 1"),
    ("a gap in the trail", "DELETE FROM audit WHERE id = 0"),
    ("a trail that goes further than its commit", "UPDATE audit SET seq = $next WHERE id = 0"),
];

#[test]
fn the_oracle_detects_each_kind_of_mixed_state() {
    let Some(postgres) = Postgres::start() else { return };
    let proxy = Proxy::start(postgres.port());
    let mut rig = Rig::new(&Postgres::url_through(proxy.port()));
    let (mut pair, history) = (Pair::default(), History::default());
    let commit = |pair: &mut Pair, rig: &Rig, changes: u64, blueprint: Blueprint| {
        let step = pair.carry_out(ReseedSite(blueprint));
        rig.submit(&step, "the test's own commits");
        let last_commit = rig.engine().read().last_commit();
        history.note(last_commit.seq, (pair.oracle.site(), pair.now(), changes));
        last_commit.seq
    };
    commit(&mut pair, &rig, 1, Blueprint::Demo);
    rig.start_mirror();
    rig.be_in_step("before the line is cut");
    // PostgreSQL stays at this commit while the local store has one more.
    proxy.set(Mode::Refuse);
    proxy.cut_all();
    let next = commit(&mut pair, &rig, 2, Blueprint::Ftth { leaves: 3 });
    wait::until("nobody is connected", || {
        let others = "SELECT pid FROM pg_stat_activity \
                      WHERE datname = 'unoc' AND pid <> pg_backend_pid()";
        postgres.rows(others).is_empty().then_some(())
    });
    let mut unnoticed = Vec::new();
    for (index, (what, mixture)) in MIXTURES.iter().enumerate() {
        let name = format!("mixture_{index}");
        let maintenance = postgres.url_of("postgres");
        let mut client = crate::harness::postgres::connect(&maintenance).expect("a connection");
        let copy = format!("CREATE DATABASE {name} TEMPLATE unoc");
        client.batch_execute(&copy).expect("a copy of the database");
        let url = postgres.url_of(&name);
        assert_eq!(noticed(&history, &url, &rig), None, "before: {what}");
        let mut client = crate::harness::postgres::connect(&url).expect("a connection");
        let touched = client.execute(&mixture.replace("$next", &next.to_string()), &[]);
        assert!(touched.expect("the statement is carried out") > 0, "{what}: nothing was mixed");
        if noticed(&history, &url, &rig).is_none() {
            unnoticed.push(what);
        }
    }
    assert!(unnoticed.is_empty(), "these mixtures were not noticed: {unnoticed:?}");
    rig.stop(true);
}

/// The error that the oracle's watcher finds in this database, if any.
fn noticed(history: &History, url: &str, rig: &Rig) -> Option<String> {
    let site_id = rig.site_id();
    let looked = catch_unwind(AssertUnwindSafe(|| {
        let (mut seen, mut client) = (Seen::default(), None);
        // The first one connects.
        while seen.looks() == 0 {
            seen.look(&mut client, history, url, site_id);
        }
    }));
    let panic = looked.err()?;
    let text = panic.downcast_ref::<String>().cloned();
    let text = text.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned()));
    let text = text.expect("a fault is told in words");
    assert!(text.contains("look 0") || text.contains("at seq"), "another fault: {text}");
    Some(text)
}
