//! The outages on disk are those that somebody would note who looks at every device after each command.

use std::collections::BTreeMap;

use proptest::prelude::*;
use unoc::domain::{
    Blueprint, Change, Device, DeviceClass, DeviceId, DeviceOutage, Lifecycle, OutageTracker,
    PlannedOutage, Reason, ReseedSite, Status, Timestamp, World,
};
use unoc::store::{CommitBatch, Store};

use crate::harness::any_command::AnyCommand;
use crate::harness::backend::Disk;
use crate::harness::cases;
use crate::harness::commands::{Generator, Rng, Scale, time};
use crate::harness::plan;

/// Cases by default; they take a few seconds unoptimised.
const CASES: u32 = 24;
/// Up to two hours between two commands.
const PAUSE_S_MAX: usize = 7_200;

proptest! {
    #![proptest_config(cases::config(CASES))]

    #[test]
    fn the_outages_on_disk_are_those_that_were_seen(
        commands in prop::collection::vec(cases::seed(), 1..160),
    ) {
        run(&commands);
    }
}

fn run(seeds: &[u64]) {
    let mut world = World::default();
    let store = plan::open(Disk::new(Vec::new())).expect("nothing fails");
    let mut recorder = Recorder { store, tracker: OutageTracker::default(), seen: Seen::default() };
    let mut step = 0;
    let reseed = AnyCommand::from(ReseedSite(Blueprint::Ftth { leaves: 12 }));
    recorder.record(&mut world, reseed, time(step));
    for seed in seeds {
        let mut rng = Rng::new(*seed);
        step += rng.below(PAUSE_S_MAX) as u64;
        let command = Generator::new(rng.next(), Scale::Small).command(&world, None);
        recorder.record(&mut world, command, time(step));
    }
    recorder.compare(&world, time(step));
}

struct Recorder {
    store: Store,
    tracker: OutageTracker,
    seen: Seen,
}

/// What a naive observer knows.
#[derive(Default)]
struct Seen {
    outages: BTreeMap<DeviceId, Vec<DeviceOutage>>,
    /// Since when a device is out, and when an operator calls that planned work.
    open: BTreeMap<DeviceId, (Timestamp, Option<PlannedOutage>)>,
}

impl Recorder {
    fn record(&mut self, world: &mut World, command: AnyCommand, at: Timestamp) {
        let Ok(decision) = command.execute(world, at) else { return };
        let outages = self.tracker.follow(&decision.changes, at);
        let seq = self.store.read().expect("nothing fails").seq() + 1;
        let batch = CommitBatch {
            seq,
            at,
            counters: world.counters(),
            entries: Vec::new(),
            events: Vec::new(),
            outages,
            adoption: None,
        };
        self.store.commit(&batch).expect("nothing fails");
        self.seen.look(world, &decision.changes, at);
    }

    fn compare(&self, world: &World, now: Timestamp) {
        let snapshot = self.store.read().expect("nothing fails");
        let none = Vec::new();
        for id in (1..world.counters().device).map(DeviceId) {
            let found = snapshot.outages(id, time(0), now).expect("nothing fails");
            let expected = self.seen.outages.get(&id).unwrap_or(&none);
            assert_eq!(&found, expected, "device {id:?}");
            let began = world.device(id).filter(|device| is_out(device)).map(|device| {
                let late_start = snapshot.late_start(id).expect("nothing fails");
                late_start.unwrap_or(device.status_since)
            });
            let open = self.seen.open.get(&id);
            assert_eq!(began, open.map(|open| open.0), "device {id:?}");
            let planned = snapshot.planned_outage(id).expect("nothing fails");
            assert_eq!(planned, open.and_then(|open| open.1), "device {id:?}");
        }
    }
}

impl Seen {
    fn look(&mut self, world: &World, changes: &[Change], at: Timestamp) {
        let changed = changes.iter().filter_map(|change| match change {
            Change::Device(edit) => Some(edit.latest().id),
            Change::Interface(_) | Change::Link(_) => None,
        });
        for id in changed {
            let device = world.device(id);
            let is_planned = device.is_some_and(|device| {
                device.status_override.as_ref().is_some_and(|set| set.is_planned_work)
            });
            match (device.is_some_and(|device| is_out(device)), self.open.remove(&id)) {
                (true, open) => {
                    let (from, planned) = open.unwrap_or((at, None));
                    self.open.insert(id, (from, planned_at(planned, is_planned, at)));
                }
                (false, Some((from, planned))) if from < at => {
                    // What is called planned work within two minutes was planned from the beginning.
                    let planned = planned.filter(|planned| planned.until.is_none());
                    let planned_from =
                        planned.map(
                            |planned| {
                                if is_soon(planned.from, from) { from } else { planned.from }
                            },
                        );
                    let outage = DeviceOutage { device: id, from, to: at, planned_from };
                    self.outages.entry(id).or_default().push(outage);
                }
                (false, _) => {}
            }
        }
    }
}

/// When planned work was the cause, if it is now or not any more.
fn planned_at(
    known: Option<PlannedOutage>,
    is_planned: bool,
    at: Timestamp,
) -> Option<PlannedOutage> {
    match (known, is_planned) {
        (None, false) => None,
        (None, true) => Some(PlannedOutage { from: at, until: None }),
        (Some(known), false) => {
            Some(PlannedOutage { until: Some(known.until.unwrap_or(at)), ..known })
        }
        (Some(PlannedOutage { from, until }), true) => {
            let is_anew = until.is_some_and(|until| !is_soon(at, until));
            Some(PlannedOutage { from: if is_anew { at } else { from }, until: None })
        }
    }
}

fn is_soon(at: Timestamp, after: Timestamp) -> bool {
    at.0 - after.0 <= 120_000_000
}

/// Whether a device is expected to work and does not.
fn is_out(device: &Device) -> bool {
    let is_leaf = device.device_type.class() == DeviceClass::Leaf;
    let status = device.status_override.as_ref().map_or(device.status, |set| set.status);
    status == Status::Down
        && device.lifecycle == Lifecycle::InService
        && device.status_since > device.created_at
        && !(is_leaf && device.reasons.contains(Reason::NotConnected))
}
