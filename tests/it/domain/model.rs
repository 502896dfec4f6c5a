//! Random commands on the world and on the oracle.

use proptest::prelude::*;
use unoc::domain::{
    Blueprint, Change, ClearDeviceOverride, CreateDevice, CreateInterface, DeviceId, DeviceType,
    InterfaceId, InterfaceType, Lifecycle, LinkId, Name, NewDevice, Optics, Position,
    RefreshStatus, ReseedSite, World,
};

use crate::harness::answer::{Answer, Refused};
use crate::harness::any_command::AnyCommand;
use crate::harness::cases;
use crate::harness::commands::{Generator, Scale, device_names, time};
use crate::harness::content::export;
use crate::harness::oracle::{Oracle, difference_of};

/// The default number of cases, which take some 15 s unoptimised.
const CASES: u32 = 256;

proptest! {
    #![proptest_config(cases::config(CASES))]

    #[test]
    fn the_world_follows_the_rules(seeds in prop::collection::vec(cases::seed(), 1..90)) {
        run(&seeds);
    }
}

/// A splitter without ports, as UNOC v2 makes it, never runs out of outputs.
#[test]
fn a_splitter_without_named_ports_is_never_full() {
    run(&[
        5_882_515_817_359_194_973,
        17_394_729_259_369_398_549,
        14_865_884_487_015_975_082,
        17_075_073_997_579_016_672,
        4_386_101_610_516_175_428,
        14_229_097_940_180_014_726,
        10_397_806_171_609_526_186,
        14_227_274_488_630_140_168,
        8_713_458_008_949_262_464,
        12_570_155_928_626_376_833,
        13_743_255_318_374_028_243,
        827_409_276_940_152_431,
        7_427_519_581_125_635_141,
        1_814_257_331_534_599_367,
        18_338_943_472_911_803_443,
    ]);
}

/// A world and its oracle.
#[derive(Default)]
pub(crate) struct Pair {
    pub(crate) world: World,
    pub(crate) oracle: Oracle,
    saved: Option<unoc::domain::Site>,
    step: u64,
}

/// A command that both have carried out, with the same outcome.
pub(crate) struct Step {
    pub(crate) command: AnyCommand,
    pub(crate) outcome: Result<Answer, Refused>,
    /// Empty for a refused command.
    pub(crate) changes: Vec<Change>,
    /// How many of them the command itself asked for.
    pub(crate) direct_count: usize,
}

impl Pair {
    /// Generates a command from this seed, carries it out on both, and compares answers and changes.
    pub(crate) fn step(&mut self, seed: u64) -> Step {
        let command = Generator::new(seed, Scale::Full).command(&self.world, self.saved.as_ref());
        if seed.is_multiple_of(8) {
            self.saved = Some(export(&self.world));
        }
        self.carry_out(command)
    }

    /// Carries a command out on both, and compares answers and changes.
    pub(crate) fn carry_out(&mut self, command: impl Into<AnyCommand>) -> Step {
        let command = command.into();
        let now = time(self.step);
        let before = self.oracle.clone();
        let decision = command.clone().execute(&mut self.world, now);
        let outcome = self.oracle.apply(&command, now, &self.world);
        if let AnyCommand::ReseedSite(ReseedSite(blueprint)) = &command {
            self.oracle.adopt(export(&self.world), now, &self.world);
            if let Blueprint::Ftth { leaves } = blueprint {
                assert_eq!(self.oracle.leaves(), *leaves as usize);
            }
        }
        let real = decision.as_ref().map(|done| done.reply.clone()).map_err(Refused::from);
        assert_eq!(real, outcome, "answer to {command:?}");
        let decided = decision.map(|decision| (decision.changes, decision.direct_count));
        let (changes, direct_count) = decided.unwrap_or_default();
        let expected = self.oracle.difference_from(&before);
        assert_eq!(difference_of(&changes), expected, "changes of {command:?}");
        self.assert_recomputed(&command);
        Step { command, outcome, changes, direct_count }
    }

    /// Computing every status again changes nothing, also later.
    fn assert_recomputed(&mut self, command: &AnyCommand) {
        let again = self.world.execute(RefreshStatus, time(self.step + 1));
        let again = again.expect("a refresh is never refused").changes;
        assert!(again.is_empty(), "a refresh after {command:?} changes {again:#?}");
    }

    /// Later steps happen a second later.
    pub(crate) fn tick(&mut self) {
        self.step += 1;
    }

    pub(crate) fn now(&self) -> unoc::domain::Timestamp {
        time(self.step)
    }
}

/// Carries out a command per seed; checks everything after each, undoes it and repeats it.
pub(super) fn run(seeds: &[u64]) {
    let mut pair = Pair::default();
    let mut trail: Vec<Change> = Vec::new();
    let mut checkpoint = (pair.oracle.clone(), pair.world.counters());
    for seed in seeds {
        let before = pair.oracle.clone();
        let step = pair.step(*seed);
        assert_same(&pair.world, &pair.oracle, &step.command);
        if !step.changes.is_empty() {
            pair.world.undo(step.changes.clone(), before.next);
            assert_same(&pair.world, &before, &step.command);
            let now = pair.now();
            let again = step.command.clone().execute(&mut pair.world, now);
            let again = again.expect("the same command on the same world").changes;
            assert_eq!(again, step.changes, "the second time {:?}", step.command);
        }
        trail.extend(step.changes);
        if seed.is_multiple_of(13) {
            trail.clear();
            checkpoint = (pair.oracle.clone(), pair.world.counters());
        }
        pair.tick();
    }
    pair.world.undo(trail, checkpoint.1);
    let last = ClearDeviceOverride(DeviceId(0)).into();
    assert_same(&pair.world, &checkpoint.0, &last);
}

/// Every entity and every index of the world agrees with the oracle, and nothing is left of earlier
/// entities.
pub(crate) fn assert_same(world: &World, oracle: &Oracle, command: &AnyCommand) {
    assert_eq!(export(world), oracle.site(), "after {command:?}");
    world.check_invariants().unwrap_or_else(|error| panic!("{error}, after {command:?}"));
    let (devices, ports, links) = (&oracle.devices, &oracle.interfaces, &oracle.links);
    assert_eq!(world.entity_count(), devices.len() + ports.len() + links.len());
    for device_type in DeviceType::all() {
        let count = devices.values().filter(|device| device.device_type == device_type).count();
        assert_eq!(world.count_of(device_type), count, "after {command:?}");
    }
    for name in device_names() {
        let bearer = devices.values().find(|device| device.name == name).map(|device| device.id);
        assert_eq!(world.device_named(&name), bearer, "name {name} after {command:?}");
    }
    for link in links.values() {
        let ends = [link.a, link.b].map(|port| ports[&port.0].device);
        assert_eq!(world.ends(link.id), Some(ends), "ends of {} after {command:?}", link.id);
        for (from, to) in [(ends[0], ends[1]), (ends[1], ends[0])] {
            let beside = world.neighbours(from).iter().filter(|one| one.link == link.id);
            let found: Vec<_> = beside.map(|one| one.device).collect();
            assert_eq!(found, [to], "beside {from} by {} after {command:?}", link.id);
        }
    }
    let mut found_ports = 0;
    for id in (0..=world.counters().device).map(DeviceId) {
        let own = world.ports(id);
        assert!(own.is_sorted(), "ports of {id} after {command:?}");
        assert!(own.iter().all(|port| ports[&port.0].device == id), "after {command:?}");
        found_ports += own.len();
        let children: Vec<_> = world.children(id).map(|child| child.0).collect();
        if !children.is_empty() || devices.contains_key(&id.0) {
            let expected: Vec<u64> = devices
                .values()
                .filter(|device| device.parent == Some(id))
                .map(|device| device.id.0)
                .collect();
            assert_eq!(children, expected, "children of {id} after {command:?}");
        }
    }
    assert_eq!(found_ports, ports.len(), "indexed ports after {command:?}");
    let mut linked = 0;
    for id in (0..=world.counters().interface).map(InterfaceId) {
        let Some(LinkId(link)) = world.link_at(id) else { continue };
        assert!(links[&link].a == id || links[&link].b == id, "port {id} after {command:?}");
        linked += 1;
    }
    assert_eq!(linked, 2 * links.len(), "linked ports after {command:?}");
}

#[test]
fn a_device_takes_4096_interfaces_and_no_more() {
    let mut world = World::default();
    let name = |text: &str| Name::new(text).unwrap();
    let rack = NewDevice {
        name: name("rack"),
        device_type: DeviceType::Hop,
        parent: None,
        validate_upstream: true,
        position: Position::default(),
        optics: Optics::default(),
        lifecycle: Lifecycle::InService,
        details: None,
    };
    world.execute(CreateDevice(rack), time(0)).unwrap();
    let port = |number: u32| CreateInterface {
        device: DeviceId(1),
        name: name(&format!("p{number}")),
        interface_type: InterfaceType::Optical,
    };
    for number in 1..=4096 {
        world.execute(port(number), time(0)).unwrap();
    }
    let before = export(&world);
    let refusal = world.execute(port(4097), time(1)).unwrap_err();
    assert_eq!(refusal.to_string(), "Device 'rack' cannot have more than 4096 interfaces");
    assert_eq!(export(&world), before);
}
