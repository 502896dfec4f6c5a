//! Random commands, the same for the same seed: mostly valid ones, and every kind of mistake.

use std::ops::Range;

use unoc::domain::{
    Blueprint, ClearDeviceOverride, ConnectDevices, CreateDevice, CreateInterface, CreateLink,
    DeleteDevice, DeleteLink, DetailsPatch, DeviceId, DevicePatch, DeviceType, InterfaceId,
    InterfaceType, Lifecycle, LinkId, LinkPatch, Medium, Name, NewConnection, NewDevice, Optics,
    Override, OverrideReason, PON_CLASSES, PonClass, Position, ProvisionDevice, ProvisionDevices,
    RefreshStatus, ReplaceSite, ReseedSite, SetDeviceOverride, Site, Status, Timestamp,
    UpdateDevice, UpdateLink, World, rule_between,
};

use super::any_command::AnyCommand;
use super::content::export;
use super::labels::label;

/// The end of an override that no test reaches: 2100-01-01.
pub(crate) const FAR_END: Timestamp = Timestamp(4_102_444_800_000_000);
/// Device names: few enough that some are taken.
const DEVICE_NAMES: usize = 48;
/// Names of further ports: some that provisioning and create-simple use as well, and others.
const PORT_NAMES: [&str; 8] =
    ["eth0", "port1", "port2", "port3", "port5", "mgmt1", "lo0", "Dose Küche"];
/// Values as in real networks, in whole units.
const TX_DBM: Range<i32> = 0..10;
const SENSITIVITY_DBM: Range<i32> = -32..-6;
const INSERTION_LOSS_DB: Range<i32> = 0..20;
/// How often to look for a matching entity before any is taken.
const TRIES: usize = 24;

/// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014).
#[derive(Clone, Debug)]
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `limit`, which is at least 1.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).expect("it is below a usize")
    }

    /// True in this many of a hundred cases.
    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn one_of<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    /// A multiple of a quarter between -100 and 100.
    pub(super) fn quarter(&mut self) -> f64 {
        f64::from(u32::try_from(self.below(801)).expect("small")) / 4.0 - 100.0
    }

    /// An id that exists or existed, or one that never did.
    fn id(&mut self, next: u64) -> u64 {
        match self.below(40) {
            0 => 0,
            1 => next,
            2 => u64::MAX,
            _ => 1 + self.next() % next.max(2),
        }
    }
}

/// How large the generated site may become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scale {
    /// Devices with few ports, and nothing that replaces the site.
    Small,
    Full,
}

/// Generates commands for a world.
#[derive(Debug)]
pub(crate) struct Generator {
    pub(crate) rng: Rng,
    scale: Scale,
}

/// All names of generated devices, in use or not.
pub(crate) fn device_names() -> impl Iterator<Item = Name> {
    (0..DEVICE_NAMES).map(device_name)
}

fn device_name(index: usize) -> Name {
    Name::new(&format!("Gerät {index}")).expect("it is a name")
}

impl Generator {
    pub(crate) fn new(seed: u64, scale: Scale) -> Self {
        Self { rng: Rng::new(seed), scale }
    }

    /// A command for this world. `saved` is a site that was exported earlier, to be imported.
    pub(crate) fn command(&mut self, world: &World, saved: Option<&Site>) -> AnyCommand {
        if self.scale == Scale::Full && self.rng.chance(15) {
            return self.plant_command(world);
        }
        let kinds = if self.scale == Scale::Full { 108 } else { 100 };
        match self.rng.below(kinds) {
            0..20 => {
                let device = self.new_device(world);
                let connection = self.rng.chance(30).then(|| self.new_connection(world, &device));
                ProvisionDevice { device, connection }.into()
            }
            20..25 => {
                let rows = self.rng.below(7);
                ProvisionDevices((0..rows).map(|_| self.new_device(world).into()).collect()).into()
            }
            25..31 => CreateDevice(self.new_device(world)).into(),
            31..42 => {
                let id = self.device(world);
                UpdateDevice { id, patch: self.patch(world, id) }.into()
            }
            42..50 => {
                let id = self.device(world);
                SetDeviceOverride { id, status_override: self.status_override() }.into()
            }
            50..55 => {
                let held = self.device_where(world, |world, id| {
                    world.device(id).is_some_and(|device| device.status_override.is_some())
                });
                ClearDeviceOverride(held).into()
            }
            55..60 => DeleteDevice(self.device(world)).into(),
            60..65 => self.new_interface(world).into(),
            65..74 => self.new_link(world).into(),
            74..86 => self.connect(world).into(),
            86..94 => UpdateLink { id: self.link(world), patch: self.link_patch() }.into(),
            94..99 => DeleteLink(self.link(world)).into(),
            99 => RefreshStatus.into(),
            100..102 => ReseedSite(Blueprint::Ftth { leaves: 1 + self.leaves() }).into(),
            102..104 => ReseedSite(Blueprint::Demo).into(),
            _ => ReplaceSite(self.site(world, saved)).into(),
        }
    }

    fn leaves(&mut self) -> u32 {
        u32::try_from(self.rng.below(40)).expect("small")
    }

    pub(super) fn new_device(&mut self, world: &World) -> NewDevice {
        use DeviceType as T;
        let device_type = if self.scale == Scale::Small {
            let slim = [T::BackboneGateway, T::CoreRouter, T::EdgeRouter, T::Ont, T::Hop, T::Pop];
            self.rng.one_of(&slim)
        } else {
            let all: Vec<_> = T::all().collect();
            self.rng.one_of(&all)
        };
        NewDevice {
            name: device_name(self.rng.below(DEVICE_NAMES)),
            device_type,
            parent: self.rng.chance(30).then(|| self.container(world)),
            validate_upstream: self.rng.chance(60),
            position: self.position(),
            optics: Optics {
                tx_power_dbm: self.value(TX_DBM),
                sensitivity_min_dbm: self.value(SENSITIVITY_DBM),
                insertion_loss_db: self.value(INSERTION_LOSS_DB),
                pon_class: self.pon_class(Some(device_type)),
                split_ratio: None,
            },
            lifecycle: Lifecycle::InService,
            details: None,
        }
    }

    fn patch(&mut self, world: &World, id: DeviceId) -> DevicePatch {
        let rng = &mut self.rng;
        DevicePatch {
            name: rng.chance(30).then(|| device_name(rng.below(DEVICE_NAMES))),
            position: self.rng.chance(40).then(|| self.position()),
            parent: self.rng.chance(40).then(|| self.rng.chance(70).then(|| self.container(world))),
            tx_power_dbm: self.rng.chance(20).then(|| self.value(TX_DBM)),
            sensitivity_min_dbm: self.rng.chance(20).then(|| self.value(SENSITIVITY_DBM)),
            insertion_loss_db: self.rng.chance(20).then(|| self.value(INSERTION_LOSS_DB)),
            pon_class: self.rng.chance(20).then(|| self.pon_class(type_of(world, id))),
            split_ratio: None,
            lifecycle: None,
            details: DetailsPatch::default(),
        }
    }

    fn link_patch(&mut self) -> LinkPatch {
        LinkPatch {
            length_km: self.rng.chance(40).then(|| self.length_km()),
            medium: self.rng.chance(30).then(|| self.medium()),
            lifecycle: None,
            status_override: self
                .rng
                .chance(60)
                .then(|| self.rng.chance(60).then(|| self.status_override())),
        }
    }

    /// Mostly none for a device that is not an OLT.
    fn pon_class(&mut self, device_type: Option<DeviceType>) -> Option<PonClass> {
        let percent = if device_type == Some(DeviceType::Olt) { 60 } else { 2 };
        self.rng.chance(percent).then(|| self.rng.one_of(&PON_CLASSES).class)
    }

    fn position(&mut self) -> Position {
        Position { x: self.rng.quarter(), y: self.rng.quarter() }
    }

    /// None, a usual one, or any.
    fn value(&mut self, usual: Range<i32>) -> Option<f64> {
        let quarters = usual.start * 4..usual.end * 4;
        match self.rng.below(10) {
            0..5 => None,
            5..9 => {
                let steps = self.rng.below(quarters.len());
                let steps = i32::try_from(steps).expect("small");
                Some(f64::from(quarters.start + steps) / 4.0)
            }
            _ => Some(self.rng.quarter()),
        }
    }

    fn status_override(&mut self) -> Override {
        let reason = self.rng.chance(50).then(|| {
            let text = self.rng.one_of(&["", "Karte getauscht", "fibre cut, ticket 4711"]);
            OverrideReason::new(text).expect("it is short")
        });
        Override {
            ends_at: self.rng.chance(30).then_some(FAR_END),
            is_planned_work: self.rng.chance(20),
            ..Override::new(self.rng.one_of(&Status::ALL), reason)
        }
    }

    fn new_interface(&mut self, world: &World) -> CreateInterface {
        CreateInterface {
            device: self.device(world),
            name: Name::new(self.rng.one_of(&PORT_NAMES)).expect("it is a name"),
            interface_type: self.rng.one_of(&InterfaceType::ALL),
        }
    }

    pub(super) fn new_link(&mut self, world: &World) -> CreateLink {
        let mut ends = (self.port(world), self.port(world));
        for _ in 0..TRIES {
            let allowed = type_of_port(world, ends.0)
                .zip(type_of_port(world, ends.1))
                .is_some_and(|(a, b)| rule_between(a, b).is_some());
            let free = [ends.0, ends.1].iter().all(|port| world.link_at(*port).is_none());
            if (allowed && free) || self.rng.chance(3) {
                break;
            }
            ends = (self.port(world), self.port(world));
        }
        CreateLink {
            a: ends.0,
            b: ends.1,
            length_km: self.length_km(),
            medium: self.medium(),
            joins: Default::default(),
            validate: self.rng.chance(70),
        }
    }

    fn connect(&mut self, world: &World) -> ConnectDevices {
        let mut ends = (self.device(world), self.device(world));
        for _ in 0..TRIES {
            let allowed = type_of(world, ends.0)
                .zip(type_of(world, ends.1))
                .is_some_and(|(a, b)| rule_between(a, b).is_some());
            if allowed || self.rng.chance(3) {
                break;
            }
            ends = (self.device(world), self.device(world));
        }
        ConnectDevices {
            a: ends.0,
            b: ends.1,
            interface_type: self.rng.one_of(&InterfaceType::ALL),
            ports: [None; 2],
            status: self.rng.one_of(&Status::ALL),
            length_km: self.length_km(),
            medium: self.medium(),
            validate: self.rng.chance(70),
        }
    }

    /// Mostly to a device that the new one may be linked with.
    fn new_connection(&mut self, world: &World, new: &NewDevice) -> NewConnection {
        let may_link = |world: &World, id| {
            type_of(world, id).is_some_and(|to| rule_between(to, new.device_type).is_some())
        };
        NewConnection {
            to: self.device_where(world, may_link),
            port: None,
            length_km: self.length_km(),
            medium: self.medium(),
        }
    }

    /// Up to 10 km, or ten times that.
    fn length_km(&mut self) -> Option<f64> {
        let unit = if self.rng.chance(90) { 0.1 } else { 1.0 };
        self.rng.chance(70).then(|| self.rng.quarter().abs() * unit)
    }

    fn medium(&mut self) -> Option<Medium> {
        self.rng.chance(60).then(|| self.rng.one_of(&Medium::ALL))
    }

    /// Two ports are exchanged: each keeps its id, name and link, and belongs to the other's device.
    fn swap_owners(&mut self, site: &mut Site) {
        for _ in 0..TRIES {
            let places = [(); 2].map(|()| self.rng.below(site.interfaces.len().max(1)));
            let Ok([one, other]) = site.interfaces.get_disjoint_mut(places) else { continue };
            if one.name == other.name && one.interface_type == other.interface_type {
                std::mem::swap(&mut one.device, &mut other.device);
                return;
            }
        }
    }

    /// An exported site as it was, with names, cables or owners of ports swapped, from a site with
    /// more ids, or with one part of it broken.
    fn site(&mut self, world: &World, saved: Option<&Site>) -> Site {
        let mut site = saved.cloned().unwrap_or_else(|| export(world));
        if self.rng.chance(50) {
            label(&mut self.rng, &mut site);
        }
        match self.rng.below(20) {
            16..20 => self.swap_owners(&mut site),
            12 | 13 => {
                if let [first, .., last] = site.devices.as_mut_slice() {
                    std::mem::swap(&mut first.name, &mut last.name);
                }
            }
            14 | 15 => {
                if let [first, .., last] = site.links.as_mut_slice() {
                    std::mem::swap(&mut first.a, &mut last.a);
                    std::mem::swap(&mut first.b, &mut last.b);
                }
            }
            10 | 11 => {
                site.counters.device += 3;
                site.counters.interface += 5;
                site.counters.link += 7;
            }
            0 => {
                if let [first, .., last] = site.devices.as_mut_slice() {
                    last.name = first.name.clone();
                }
            }
            1 => {
                site.devices.pop();
            }
            2 => {
                site.interfaces.pop();
            }
            3 => {
                if let [first, .., last] = site.links.as_mut_slice() {
                    last.a = first.a;
                }
            }
            4 => {
                if let Some(device) = site.devices.first_mut() {
                    device.parent = Some(device.id);
                }
            }
            5 => {
                if let Some(device) = site.devices.first() {
                    site.devices.push(device.clone());
                }
            }
            6 => {
                if let Some(link) = site.links.first_mut() {
                    link.length_km = Some(-1.0);
                }
            }
            _ => {}
        }
        site
    }

    pub(super) fn device(&mut self, world: &World) -> DeviceId {
        self.device_where(world, |world, id| world.device(id).is_some())
    }

    fn container(&mut self, world: &World) -> DeviceId {
        if self.rng.chance(10) {
            return self.device(world);
        }
        self.device_where(world, |world, id| {
            matches!(type_of(world, id), Some(DeviceType::Pop | DeviceType::CoreSite))
        })
    }

    pub(super) fn device_where(
        &mut self,
        world: &World,
        suits: impl Fn(&World, DeviceId) -> bool,
    ) -> DeviceId {
        let mut id = DeviceId(self.rng.id(world.counters().device));
        for _ in 0..TRIES {
            if suits(world, id) || self.rng.chance(2) {
                break;
            }
            id = DeviceId(self.rng.id(world.counters().device));
        }
        id
    }

    pub(super) fn port(&mut self, world: &World) -> InterfaceId {
        let mut id = InterfaceId(self.rng.id(world.counters().interface));
        for _ in 0..TRIES {
            if world.interface(id).is_some() || self.rng.chance(2) {
                break;
            }
            id = InterfaceId(self.rng.id(world.counters().interface));
        }
        id
    }

    pub(super) fn link(&mut self, world: &World) -> LinkId {
        let mut id = LinkId(self.rng.id(world.counters().link));
        for _ in 0..TRIES {
            if world.link(id).is_some() || self.rng.chance(5) {
                break;
            }
            id = LinkId(self.rng.id(world.counters().link));
        }
        id
    }
}

fn type_of(world: &World, id: DeviceId) -> Option<DeviceType> {
    world.device(id).map(|device| device.device_type)
}

fn type_of_port(world: &World, id: InterfaceId) -> Option<DeviceType> {
    type_of(world, world.interface(id)?.device)
}

/// The time of a step of a test; steps are a second apart.
pub(crate) fn time(step: u64) -> Timestamp {
    let step = i64::try_from(step).expect("tests are short");
    Timestamp(1_795_000_000_000_000 + step * 1_000_000)
}

/// A setting of the test run, or its default.
#[expect(clippy::disallowed_methods, reason = "the tests' own settings, read in one place")]
pub(crate) fn setting<T: std::str::FromStr>(name: &str, default: T) -> T {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}
