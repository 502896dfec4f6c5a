//! An incremental recompute equals a full one, after any commands in any order.

use proptest::option;
use proptest::prelude::*;

use crate::domain::{
    AddCrossConnects, ClearDeviceOverride, Command, ConnectDevices, CreateInterface, DeleteDevice,
    DeleteLink, DeviceId, DevicePatch, DeviceType, InterfaceId, InterfaceType, Lifecycle, LinkId,
    LinkPatch, Medium, Name, NewCrossConnect, NewDevice, Optics, Override, PON_CLASSES, Position,
    ProvisionDevice, Reason, RefreshStatus, RemoveCrossConnect, SetDeviceOverride, SignalClass,
    SplitRatio, Status, Timestamp, UpdateDevice, UpdateLink, World,
};

pub(super) const NOW: Timestamp = Timestamp(0);

pub(super) fn provision(
    world: &mut World,
    device_type: DeviceType,
    name: &str,
    optics: Optics,
) -> DeviceId {
    let new = NewDevice {
        name: Name::new(name).unwrap(),
        device_type,
        parent: None,
        validate_upstream: false,
        position: Position::default(),
        optics,
        lifecycle: Lifecycle::InService,
        details: None,
    };
    world.execute(ProvisionDevice::from(new), NOW).unwrap().reply.device.id
}

pub(super) fn connect(a: DeviceId, b: DeviceId, length_km: f64) -> ConnectDevices {
    ConnectDevices {
        a,
        b,
        interface_type: InterfaceType::Optical,
        ports: [None; 2],
        status: Status::Up,
        length_km: Some(length_km),
        medium: None,
        validate: true,
    }
}

pub(super) fn link(world: &mut World, a: DeviceId, b: DeviceId, length_km: f64) -> LinkId {
    world.execute(connect(a, b, length_km), NOW).unwrap().reply.link.id
}

pub(super) fn hold(world: &mut World, device: DeviceId, status: Status) {
    world.execute(override_with(device, status), NOW).unwrap();
}

fn override_with(id: DeviceId, status: Status) -> SetDeviceOverride {
    SetDeviceOverride { id, status_override: Override::new(status, None) }
}

fn set_loss(world: &mut World, device: DeviceId, db: f64) {
    let patch = DevicePatch { insertion_loss_db: Some(Some(db)), ..DevicePatch::default() };
    world.execute(UpdateDevice { id: device, patch }, NOW).unwrap();
}

/// Gateway - core - edge - OLT - ODF - splitter - ONT, and an AON switch with a CPE at the edge.
pub(super) struct Chain {
    pub(super) world: World,
    pub(super) gateway: DeviceId,
    pub(super) core: DeviceId,
    pub(super) edge: DeviceId,
    pub(super) olt: DeviceId,
    pub(super) odf: DeviceId,
    pub(super) splitter: DeviceId,
    pub(super) ont: DeviceId,
    pub(super) switch: DeviceId,
    pub(super) cpe: DeviceId,
    pub(super) feeder: LinkId,
}

pub(super) fn chain() -> Chain {
    let mut world = World::default();
    let mut make = |device_type: DeviceType| {
        provision(&mut world, device_type, device_type.as_str(), Optics::default())
    };
    let gateway = make(DeviceType::BackboneGateway);
    let core = make(DeviceType::CoreRouter);
    let edge = make(DeviceType::EdgeRouter);
    let olt = make(DeviceType::Olt);
    let odf = make(DeviceType::Odf);
    let splitter = make(DeviceType::Splitter);
    let ont = make(DeviceType::Ont);
    let switch = make(DeviceType::AonSwitch);
    let cpe = make(DeviceType::AonCpe);
    set_loss(&mut world, splitter, 14.0);
    link(&mut world, gateway, core, 0.1);
    link(&mut world, core, edge, 10.0);
    link(&mut world, edge, olt, 0.1);
    link(&mut world, olt, odf, 0.02);
    let feeder = link(&mut world, odf, splitter, 10.0);
    link(&mut world, splitter, ont, 10.0);
    link(&mut world, edge, switch, 0.1);
    link(&mut world, switch, cpe, 1.0);
    Chain { world, gateway, core, edge, olt, odf, splitter, ont, switch, cpe, feeder }
}

/// The status word and reason codes of a device.
fn shown(world: &World, id: DeviceId) -> (Status, Vec<Reason>) {
    let device = world.device(id).unwrap();
    (device.status, device.reasons.iter().collect())
}

#[test]
fn a_complete_chain_is_up() {
    let chain = chain();
    for device in chain.world.devices() {
        assert_eq!(device.status, Status::Up, "{}", device.name);
    }
    let signal = chain.world.device(chain.ont).unwrap().signal.unwrap();
    // 20.02 km at 0.25 dB/km, ODF 0.5, splitter 14.
    assert!((signal.rx_down_dbm - (5.0 - 5.005 - 0.5 - 14.0)).abs() < 1e-9, "{signal:?}");
    assert!((signal.rx_up_dbm - (0.5 - 7.007 - 0.5 - 14.0)).abs() < 1e-9, "{signal:?}");
    assert!((signal.margin_db - (signal.rx_up_dbm + 28.0)).abs() < 1e-9, "{signal:?}");
    assert_eq!(signal.class, SignalClass::Ok);
}

#[test]
fn each_reason_has_its_cause() {
    let check = |break_it: &dyn Fn(&mut Chain), seen: &dyn Fn(&Chain) -> DeviceId, expected| {
        let mut chain = chain();
        break_it(&mut chain);
        assert_eq!(shown(&chain.world, seen(&chain)), expected);
    };
    let down = |reason| (Status::Down, vec![reason]);
    let optics = |chain: &mut Chain, sensitivity: f64| {
        let patch =
            DevicePatch { sensitivity_min_dbm: Some(Some(sensitivity)), ..DevicePatch::default() };
        chain.world.execute(UpdateDevice { id: chain.ont, patch }, NOW).unwrap();
    };
    let cut = |chain: &mut Chain| {
        chain.world.execute(DeleteLink(chain.feeder), NOW).unwrap();
    };
    check(&|c| hold(&mut c.world, c.core, Status::Down), &|c| c.edge, down(Reason::NoUpstream));
    check(&|c| hold(&mut c.world, c.gateway, Status::Down), &|c| c.olt, down(Reason::NoUpstream));
    check(&|c| hold(&mut c.world, c.edge, Status::Down), &|c| c.ont, down(Reason::NoOpticalPath));
    check(&cut, &|c| c.ont, down(Reason::NoOpticalPath));
    check(&|c| hold(&mut c.world, c.odf, Status::Down), &|c| c.ont, down(Reason::NoOpticalPath));
    check(&cut, &|c| c.splitter, (Status::Degraded, vec![Reason::NoActiveDevice]));
    check(&|c| hold(&mut c.world, c.switch, Status::Down), &|c| c.cpe, down(Reason::NoSwitch));
    check(&|c| optics(c, -5.0), &|c| c.ont, down(Reason::NoSignal));
    // The ONT receives -14.5 dBm.
    check(&|c| optics(c, -16.0), &|c| c.ont, (Status::Degraded, vec![Reason::SignalCritical]));
    check(&|c| optics(c, -19.0), &|c| c.ont, (Status::Up, vec![Reason::SignalWarning]));
    let lossless = |chain: &mut Chain| set_loss(&mut chain.world, chain.splitter, 0.0);
    check(&lossless, &|c| c.ont, (Status::Up, vec![Reason::SignalOverload]));
    let held_up = |chain: &mut Chain| hold(&mut chain.world, chain.ont, Status::Up);
    check(&held_up, &|c| c.ont, (Status::Up, vec![Reason::Override]));
    check(
        &|c| {
            cut(c);
            hold(&mut c.world, c.ont, Status::Up);
        },
        &|c| c.ont,
        (Status::Down, vec![Reason::Override, Reason::OverrideConflict, Reason::NoOpticalPath]),
    );
    check(
        &|c| {
            hold(&mut c.world, c.edge, Status::Down);
            hold(&mut c.world, c.olt, Status::Up);
        },
        &|c| c.ont,
        (Status::Up, vec![]),
    );
}

#[derive(Clone, Debug)]
enum Step {
    Provision(DeviceType, Optics),
    Connect(usize, usize, f64),
    DeleteLink(usize),
    DeleteDevice(usize),
    Hold(usize, Status),
    Clear(usize),
    Tune(usize, Optics),
    HoldLink(usize, Option<Status>),
    Fibre(usize, f64, Medium),
    Join(usize, usize, usize),
    Unjoin(usize, usize),
    NewPort(usize, String),
    Ratio(usize, SplitRatio),
    Lifecycle(usize, Lifecycle),
    LinkLifecycle(usize, Lifecycle),
}

pub(super) fn optics() -> impl Strategy<Value = Optics> {
    let class = proptest::sample::select(PON_CLASSES.map(|row| row.class).to_vec());
    let values = (option::of(0.0..9.0), option::of(-40.0..-5.0), option::of(0.0..20.0));
    (values, option::of(class)).prop_map(|((tx_power_dbm, sensitivity, loss), pon_class)| Optics {
        tx_power_dbm,
        sensitivity_min_dbm: sensitivity,
        insertion_loss_db: loss,
        pon_class,
        split_ratio: None,
    })
}

pub(super) fn status() -> impl Strategy<Value = Status> {
    proptest::sample::select(Status::ALL.to_vec())
}

/// Names that those of a splitter have, its next ones among them, and those of v2.
fn new_port() -> impl Strategy<Value = String> {
    prop_oneof![
        (0..3_usize).prop_map(|number| format!("in{number}")),
        (0..70_usize).prop_map(|number| format!("out{number}")),
        (32..40_usize).prop_map(|number| format!("port{number}")),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let device_type = proptest::sample::select(DeviceType::all().collect::<Vec<_>>());
    let medium = proptest::sample::select(Medium::ALL.to_vec());
    let ratio = proptest::sample::select(SplitRatio::ALL.to_vec());
    let lifecycle = || proptest::sample::select(Lifecycle::ALL.to_vec());
    prop_oneof![
        2 => (0..40_usize, 0..4_usize, 0..4_usize).prop_map(|(d, a, b)| Step::Join(d, a, b)),
        1 => (0..40_usize, 0..4_usize).prop_map(|(device, port)| Step::Unjoin(device, port)),
        2 => (0..40_usize, new_port()).prop_map(|(device, name)| Step::NewPort(device, name)),
        1 => (0..40_usize, ratio).prop_map(|(device, ratio)| Step::Ratio(device, ratio)),
        1 => (0..40_usize, lifecycle()).prop_map(|(device, to)| Step::Lifecycle(device, to)),
        1 => (0..60_usize, lifecycle()).prop_map(|(link, to)| Step::LinkLifecycle(link, to)),
        3 => (device_type, optics()).prop_map(|(kind, optics)| Step::Provision(kind, optics)),
        8 => (0..40_usize, 0..40_usize, 0.0..30.0).prop_map(|(a, b, km)| Step::Connect(a, b, km)),
        1 => (0..60_usize).prop_map(Step::DeleteLink),
        1 => (0..40_usize).prop_map(Step::DeleteDevice),
        2 => (0..40_usize, status()).prop_map(|(device, status)| Step::Hold(device, status)),
        1 => (0..40_usize).prop_map(Step::Clear),
        1 => (0..40_usize, optics()).prop_map(|(device, optics)| Step::Tune(device, optics)),
        2 => (0..60_usize, option::of(status())).prop_map(|(link, set)| Step::HoldLink(link, set)),
        1 => (0..60_usize, 0.0..60.0, medium).prop_map(|(link, km, of)| Step::Fibre(link, km, of)),
    ]
}

/// An OLT alone has a class.
pub(super) fn optics_of(device_type: DeviceType, optics: Optics) -> Optics {
    Optics { pon_class: optics.pon_class.filter(|_| device_type == DeviceType::Olt), ..optics }
}

pub(super) fn tune(id: DeviceId, optics: Optics) -> UpdateDevice {
    let patch = DevicePatch {
        tx_power_dbm: Some(optics.tx_power_dbm),
        sensitivity_min_dbm: Some(optics.sensitivity_min_dbm),
        insertion_loss_db: Some(optics.insertion_loss_db),
        pon_class: optics.pon_class.map(Some),
        ..DevicePatch::default()
    };
    UpdateDevice { id, patch }
}

pub(super) fn hold_link(id: LinkId, status: Option<Status>) -> UpdateLink {
    let set = status.map(|status| Override::new(status, None));
    UpdateLink { id, patch: LinkPatch { status_override: Some(set), ..LinkPatch::default() } }
}

fn carry_out(world: &mut World, step: &Step, number: usize, now: Timestamp) {
    let device = |index: usize| DeviceId(index as u64 + 1);
    let link = |index: usize| LinkId(index as u64 + 1);
    let port = |world: &World, index: usize, port: usize| {
        world.ports(device(index)).get(port).copied().unwrap_or(InterfaceId(0))
    };
    match step {
        Step::Join(index, a, b) => {
            let ports = [port(world, *index, *a), port(world, *index, *b)];
            let cross_connects = vec![NewCrossConnect { ports, loss_db: Some(0.3) }];
            attempt(world, AddCrossConnects { device: device(*index), cross_connects }, now);
        }
        Step::Unjoin(index, at) => {
            let port = port(world, *index, *at);
            attempt(world, RemoveCrossConnect { device: device(*index), port }, now);
        }
        Step::NewPort(index, name) => {
            let (device, name) = (device(*index), Name::new(name).unwrap());
            let interface_type = InterfaceType::Optical;
            attempt(world, CreateInterface { device, name, interface_type }, now);
        }
        Step::Ratio(index, ratio) => {
            let patch = DevicePatch { split_ratio: Some(Some(*ratio)), ..DevicePatch::default() };
            attempt(world, UpdateDevice { id: device(*index), patch }, now);
        }
        Step::Lifecycle(index, to) => {
            let patch = DevicePatch { lifecycle: Some(*to), ..DevicePatch::default() };
            attempt(world, UpdateDevice { id: device(*index), patch }, now);
        }
        Step::LinkLifecycle(index, to) => {
            let patch = LinkPatch { lifecycle: Some(*to), ..LinkPatch::default() };
            attempt(world, UpdateLink { id: link(*index), patch }, now);
        }
        Step::Provision(device_type, optics) => {
            let optics = optics_of(*device_type, *optics);
            provision(world, *device_type, &format!("d{number}"), optics);
        }
        Step::Connect(a, b, km) => attempt(world, connect(device(*a), device(*b), *km), now),
        Step::DeleteLink(index) => attempt(world, DeleteLink(link(*index)), now),
        Step::DeleteDevice(index) => attempt(world, DeleteDevice(device(*index)), now),
        Step::Hold(index, status) => attempt(world, override_with(device(*index), *status), now),
        Step::Clear(index) => attempt(world, ClearDeviceOverride(device(*index)), now),
        Step::Tune(index, optics) => attempt(world, tune(device(*index), *optics), now),
        Step::HoldLink(index, status) => attempt(world, hold_link(link(*index), *status), now),
        Step::Fibre(index, km, medium) => {
            let patch = LinkPatch {
                length_km: Some(Some(*km)),
                medium: Some(Some(*medium)),
                ..LinkPatch::default()
            };
            attempt(world, UpdateLink { id: link(*index), patch }, now);
        }
    }
}

/// Many steps name what does not exist or may not be linked: refusals are expected.
pub(super) fn attempt(world: &mut World, command: impl Command, now: Timestamp) {
    world.execute(command, now).ok();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// The refresh is later than the step, so that a time that it changes is a difference, too.
    #[test]
    fn incremental_equals_full(steps in proptest::collection::vec(step(), 1..120)) {
        let mut world = World::default();
        for (number, device_type) in DeviceType::all().enumerate() {
            provision(&mut world, device_type, &format!("first{number}"), Optics::default());
        }
        for (number, step) in steps.iter().enumerate() {
            let now = i64::try_from(number).unwrap() * 2;
            carry_out(&mut world, step, number, Timestamp(now));
            let differences = world.execute(RefreshStatus, Timestamp(now + 1)).unwrap().changes;
            prop_assert!(differences.is_empty(), "after {step:?}: {differences:#?}");
            world.check_invariants().unwrap();
        }
    }
}
