//! Races between the steps of a claim, which random kills hit too seldom.

use postgres::Client;
use unoc::domain::{Blueprint, ReseedSite};

use super::oracle::rig::Rig;
use crate::domain::model::Pair;
use crate::harness::postgres::{Postgres, rows};
use crate::harness::wait;

/// An engine and a mirror with a site.
fn rig(postgres: &Postgres) -> Rig {
    let rig = Rig::new(&postgres.url());
    rig.submit(&Pair::default().carry_out(ReseedSite(Blueprint::Demo)), "the demo network");
    rig
}

/// Waits until another session waits for a lock of this one.
pub(in crate::sync) fn await_waiter(client: &mut Client) {
    wait::until("somebody waits for the lock", || {
        let waiting = "SELECT pid FROM pg_locks WHERE NOT granted";
        (!rows(client, waiting).is_empty()).then_some(())
    });
}

/// The next run must not take the previous one for another appliance, which has to be silent for 30
/// s.
#[test]
fn a_run_that_ended_during_its_claim_blocks_no_other() {
    let Some(postgres) = Postgres::start() else { return };
    let mut rig = rig(&postgres);
    rig.start_mirror();
    rig.be_in_step("the first run");
    rig.stop(true);
    // The second run has saved its claim in the local store, and waits for a lock in PostgreSQL.
    let mut client = postgres.client();
    client.batch_execute("BEGIN; SELECT FROM sites FOR UPDATE").expect("a lock");
    rig.start_again();
    await_waiter(&mut client);
    rig.stop(true);
    client.batch_execute("ROLLBACK").expect("the lock goes");
    rig.start_again();
    rig.be_in_step("the third run");
    rig.stop(false);
}

/// Two appliances with one site id find an empty database: the later one must not overwrite what
/// the earlier one has just sent.
#[test]
fn of_two_concurrent_initial_copies_one_wins() {
    let Some(postgres) = Postgres::start() else { return };
    let mut other = rig(&postgres);
    other.start_mirror();
    other.be_in_step("the tables are there");
    other.stop(false);
    let mut rig = rig(&postgres);
    let site_id = rig.site_id();
    let mut client = postgres.client();
    let earlier = format!(
        "BEGIN; INSERT INTO sync_state SELECT '{site_id}', 1, gen_random_uuid(), \
         gen_random_uuid(), 'the other one', now(), 7, now(), now(), 1, 1, 1, 0"
    );
    client.batch_execute(&earlier).expect("another initial copy begins");
    rig.start_mirror();
    await_waiter(&mut client);
    client.batch_execute("COMMIT").expect("it ends well");
    let obstacle = wait::until("sync of the later one is stopped", || rig.obstacle());
    let text = obstacle.to_string();
    assert!(text.contains("another appliance writes this site: the other one"), "{text}");
    let sql = format!("SELECT holder, applied_seq FROM sync_state WHERE site_id = '{site_id}'");
    assert_eq!(rows(&mut client, &sql), [["the other one", "7"]]);
    let sql = format!("SELECT count(*) FROM devices WHERE site_id = '{site_id}'");
    assert_eq!(rows(&mut client, &sql), [["0"]]);
    rig.stop(false);
}

/// A replacement host ends after it has adopted the site, before it has claimed it in PostgreSQL.
#[test]
fn an_interrupted_adoption_is_resumed_at_the_next_start() {
    let Some(postgres) = Postgres::start() else { return };
    let mut lost = rig(&postgres);
    lost.start_mirror();
    lost.be_in_step("the lost host");
    let site_id = lost.site_id();
    lost.stop(false);
    let mut replaced = Rig::replacing(&postgres.url(), site_id);
    let mut client = postgres.client();
    client.batch_execute("BEGIN; SELECT FROM sites FOR UPDATE").expect("a lock");
    replaced.start_mirror();
    await_waiter(&mut client);
    assert!(replaced.engine().read().seq() > 0, "the site is here");
    replaced.stop(true);
    client.batch_execute("ROLLBACK").expect("the lock goes");
    replaced.start_again();
    replaced.check_no_obstacle("after the cut");
    replaced.be_in_step("after the cut");
    assert_eq!(replaced.compare("after the cut").differences(), 0);
    replaced.stop(false);
}
