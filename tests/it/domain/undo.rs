//! Undoing commands: everything that operators set, and every status, is as it was.

use proptest::prelude::*;
use unoc::domain::{
    Change, CommandKind, RefreshStatus, Refusal, Site, Timestamp, UndoChanges, World,
};

use super::model::Pair;
use crate::harness::cases;
use crate::harness::content::export;

/// The default number of cases, which take some 15 s unoptimised.
const CASES: u32 = 192;

proptest! {
    #![proptest_config(cases::config(CASES))]

    #[test]
    fn an_undo_restores_what_was_before_and_its_undo_what_was_after(
        seeds in prop::collection::vec(cases::seed(), 1..70),
    ) {
        let mut pair = Pair::default();
        for seed in seeds {
            let before = timeless(&pair.world);
            let step = pair.step(seed);
            if !step.changes.is_empty() && is_undoable(step.command.kind()) {
                let after = timeless(&pair.world);
                let counters = pair.world.counters();
                let now = pair.now();
                let what = format!("{:?}", step.command);
                let undone = undo(&mut pair.world, step.changes, now)
                    .unwrap_or_else(|refusal| panic!("{refusal}, after {what}"));
                prop_assert_eq!(timeless(&pair.world), before, "after the undo of {}", what);
                assert_consistent(&mut pair.world, now, &what);
                let redone = undo(&mut pair.world, undone.clone(), now)
                    .unwrap_or_else(|refusal| panic!("{refusal}, after the undo of {what}"));
                prop_assert_eq!(timeless(&pair.world), after, "after the second undo of {}", what);
                assert_consistent(&mut pair.world, now, &what);
                prop_assert_eq!(pair.world.counters(), counters);
                pair.world.undo(redone, counters);
                pair.world.undo(undone, counters);
            }
            pair.tick();
        }
    }

    #[test]
    fn an_undo_of_an_older_command_keeps_the_rules_or_changes_nothing(
        seeds in prop::collection::vec(cases::seed(), 10..70),
    ) {
        let mut pair = Pair::default();
        let mut trail: Vec<Vec<Change>> = Vec::new();
        for seed in &seeds {
            let step = pair.step(*seed);
            if step.command.kind().replaces_site() {
                trail.clear();
            } else if is_undoable(step.command.kind()) {
                trail.push(step.changes);
            }
            pair.tick();
        }
        let now = pair.now();
        for direct in trail {
            let before = export(&pair.world);
            match undo(&mut pair.world, direct.clone(), now) {
                Ok(_) => assert_consistent(&mut pair.world, now, &format!("{direct:?}")),
                Err(Refusal::CannotUndo(_) | Refusal::NothingToUndo) => {
                    prop_assert_eq!(export(&pair.world), before);
                }
                Err(other) => panic!("{other}"),
            }
        }
    }
}

/// The changes of the undo.
fn undo(world: &mut World, changes: Vec<Change>, now: Timestamp) -> Result<Vec<Change>, Refusal> {
    let decision = world.execute(UndoChanges { rows: Vec::new(), changes }, now)?;
    Ok(decision.changes)
}

fn is_undoable(kind: CommandKind) -> bool {
    !kind.replaces_site() && kind != CommandKind::RefreshStatus
}

fn assert_consistent(world: &mut World, now: Timestamp, what: &str) {
    world.check_invariants().unwrap_or_else(|error| panic!("{error}, after the undo of {what}"));
    let again = world.execute(RefreshStatus, now).expect("never refused").changes;
    assert!(again.is_empty(), "a refresh after the undo of {what} changes {again:#?}");
}

/// The site without times and counters.
fn timeless(world: &World) -> Site {
    let mut site = export(world);
    site.counters = unoc::domain::IdCounters::default();
    let never = Timestamp(0);
    for device in &mut site.devices {
        (device.created_at, device.updated_at, device.status_since) = (never, never, never);
    }
    for port in &mut site.interfaces {
        (port.created_at, port.updated_at) = (never, never);
    }
    for link in &mut site.links {
        (link.created_at, link.updated_at, link.status_since) = (never, never, never);
    }
    site
}
