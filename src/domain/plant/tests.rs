//! The plant is true port by port.

use std::collections::BTreeSet;

use crate::domain::{
    AddCrossConnects, Command, ConnectDevices, CreateInterface, CreateLink, DeleteLink, DeviceId,
    DevicePatch, DeviceType, InterfaceId, InterfaceType, Lifecycle, LinkId, LinkPatch, Name,
    NewCrossConnect, NewDevice, Optics, Override, Position, Problem, ProblemKind, ProvisionDevice,
    Reason, Refusal, RemoveCrossConnect, RootCause, SetDeviceOverride, SplitRatio, Status,
    Timestamp, UpdateDevice, UpdateLink, World, problems,
};
use DeviceType as T;

const NOW: Timestamp = Timestamp(0);

/// A gateway, routers and what a test adds.
pub(super) struct Plant {
    pub(super) world: World,
    edge: DeviceId,
}

impl Plant {
    pub(super) fn new() -> Self {
        let mut plant = Self { world: World::default(), edge: DeviceId(0) };
        let [gateway, core, edge] =
            [T::BackboneGateway, T::CoreRouter, T::EdgeRouter].map(|device| plant.add(device));
        plant.connect(gateway, core);
        plant.connect(core, edge);
        plant.edge = edge;
        plant
    }

    pub(super) fn run<C: Command>(&mut self, command: C) -> C::Reply {
        self.world.execute(command, NOW).unwrap().reply
    }

    pub(super) fn add(&mut self, device_type: DeviceType) -> DeviceId {
        self.add_with(device_type, Optics::default())
    }

    pub(super) fn add_with(&mut self, device_type: DeviceType, optics: Optics) -> DeviceId {
        let name = format!("{}-{}", device_type.as_str(), self.world.devices().count());
        let new = NewDevice {
            name: Name::new(&name).unwrap(),
            device_type,
            parent: None,
            validate_upstream: false,
            position: Position::default(),
            optics,
            lifecycle: Lifecycle::InService,
            details: None,
        };
        self.run(ProvisionDevice::from(new)).device.id
    }

    /// An OLT at the edge router.
    pub(super) fn add_olt(&mut self) -> DeviceId {
        let olt = self.add(T::Olt);
        self.connect(self.edge, olt);
        olt
    }

    pub(super) fn try_to_connect(&mut self, a: DeviceId, b: DeviceId) -> Result<LinkId, Refusal> {
        self.connect_at(a, b, [None; 2])
    }

    fn connect_at(
        &mut self,
        a: DeviceId,
        b: DeviceId,
        ports: [Option<InterfaceId>; 2],
    ) -> Result<LinkId, Refusal> {
        let command = ConnectDevices {
            a,
            b,
            interface_type: InterfaceType::Optical,
            ports,
            status: Status::Up,
            length_km: Some(0.1),
            medium: None,
            validate: true,
        };
        self.world.execute(command, NOW).map(|decision| decision.reply.link.id)
    }

    pub(super) fn connect(&mut self, a: DeviceId, b: DeviceId) -> LinkId {
        self.try_to_connect(a, b).unwrap()
    }

    pub(super) fn link(&mut self, a: InterfaceId, b: InterfaceId) -> LinkId {
        let joins = Default::default();
        let command = CreateLink { a, b, length_km: None, medium: None, joins, validate: true };
        self.run(command).id
    }

    pub(super) fn add_port(&mut self, device: DeviceId, name: &str) -> InterfaceId {
        let name = Name::new(name).unwrap();
        let interface_type = InterfaceType::Optical;
        self.run(CreateInterface { device, name, interface_type }).id
    }

    pub(super) fn port(&self, device: DeviceId, name: &str) -> InterfaceId {
        self.world.port_named(device, &Name::new(name).unwrap()).unwrap()
    }

    pub(super) fn port_name(&self, device: DeviceId, link: LinkId) -> &str {
        let port = self.world.port_at(device, link).unwrap();
        self.world.interface(port).unwrap().name.as_str()
    }

    pub(super) fn cut(&mut self, link: LinkId) {
        let status_override = Some(Some(Override::new(Status::Down, None)));
        self.run(UpdateLink {
            id: link,
            patch: LinkPatch { status_override, ..LinkPatch::default() },
        });
    }

    pub(super) fn mend(&mut self, link: LinkId) {
        let patch = LinkPatch { status_override: Some(None), ..LinkPatch::default() };
        self.run(UpdateLink { id: link, patch });
    }

    pub(super) fn set_ratio(&mut self, splitter: DeviceId, outputs: u64) -> Result<(), Refusal> {
        let split_ratio = Some(Some(SplitRatio::new(outputs).unwrap()));
        let patch = DevicePatch { split_ratio, ..DevicePatch::default() };
        self.world.execute(UpdateDevice { id: splitter, patch }, NOW).map(|_| ())
    }

    pub(super) fn status(&self, device: DeviceId) -> Status {
        self.world.device(device).unwrap().status
    }

    pub(super) fn has(&self, device: DeviceId, reason: Reason) -> bool {
        self.world.device(device).unwrap().reasons.contains(reason)
    }

    pub(super) fn rx_dbm(&self, leaf: DeviceId) -> f64 {
        self.world.device(leaf).unwrap().signal.unwrap().rx_down_dbm
    }

    /// Leaves without service.
    pub(super) fn dark(&self) -> BTreeSet<DeviceId> {
        let leaves = self.world.devices().filter(|device| device.device_type.is_optical_leaf());
        leaves.filter(|leaf| leaf.status == Status::Down).map(|leaf| leaf.id).collect()
    }

    /// Which ports of a part are joined, by their links.
    pub(super) fn is_joined(&self, part: DeviceId, a: LinkId, b: LinkId) -> bool {
        let [a, b] = [a, b].map(|link| self.world.port_at(part, link).unwrap());
        self.world.interface(a).unwrap().cross_connect.as_ref().is_some_and(|it| it.to == b)
    }
}

#[test]
fn the_feeder_of_one_pon_takes_its_own_subscribers_down_and_no_others() {
    let mut plant = Plant::new();
    let (olt, odf) = (plant.add_olt(), plant.add(T::Odf));
    let mut pons = Vec::new();
    for _ in 0..3 {
        let pigtail = plant.connect(olt, odf);
        let splitter = plant.add(T::Splitter);
        plant.connect(odf, splitter);
        let leaves: BTreeSet<DeviceId> = (0..4)
            .map(|_| {
                let ont = plant.add(T::Ont);
                plant.connect(splitter, ont);
                ont
            })
            .collect();
        pons.push((pigtail, splitter, leaves));
    }
    assert_eq!(plant.dark(), BTreeSet::new());
    for (pigtail, splitter, leaves) in pons {
        plant.cut(pigtail);
        assert_eq!(plant.dark(), leaves);
        let found = problems(&plant.world);
        let victims: BTreeSet<DeviceId> = leaves.iter().copied().chain([splitter]).collect();
        assert_eq!(found.len(), 1, "{found:#?}");
        assert_eq!(found[0].cause, RootCause::Link(pigtail));
        assert_eq!(found[0].victims.iter().copied().collect::<BTreeSet<_>>(), victims);
        assert_eq!(found[0].customers.len(), leaves.len());
        plant.mend(pigtail);
        assert_eq!(plant.dark(), BTreeSet::new());
    }
}

#[test]
fn light_does_not_pass_from_output_to_output() {
    let mut plant = Plant::new();
    let (olt, splitter, behind) = (plant.add_olt(), plant.add(T::Splitter), plant.add(T::Splitter));
    let ont = plant.add(T::Ont);
    let [first, second] = ["out0", "out1"].map(|name| plant.port(splitter, name));
    let pon = plant.port(olt, "pon0");
    plant.link(pon, first);
    let input = plant.port(behind, "in0");
    plant.link(second, input);
    plant.connect(behind, ont);
    // Nor does it come back from what is at the input.
    let closure = plant.add(T::Nvt);
    let input = plant.port(splitter, "in0");
    let free = plant.port(closure, "port1");
    plant.link(free, input);
    assert_eq!(plant.status(ont), Status::Down);
    assert!(plant.has(ont, Reason::NoOpticalPath));
}

#[test]
fn the_loss_of_a_splitter_does_not_depend_on_its_use() {
    let mut plant = Plant::new();
    let (olt, splitter) = (plant.add_olt(), plant.add(T::Splitter));
    plant.connect(olt, splitter);
    let first = plant.add(T::Ont);
    plant.connect(splitter, first);
    let alone = plant.rx_dbm(first);
    for _ in 1..32 {
        let ont = plant.add(T::Ont);
        plant.connect(splitter, ont);
    }
    assert!((plant.rx_dbm(first) - alone).abs() < 1e-9);
    let one_more = plant.add(T::Ont);
    let refusal = plant.try_to_connect(splitter, one_more).unwrap_err();
    assert!(refusal.to_string().starts_with("All 32 outputs of splitter"), "{refusal}");
    plant.set_ratio(splitter, 64).unwrap();
    plant.connect(splitter, one_more);
    // 21.5 dB instead of 17.2.
    assert!((alone - plant.rx_dbm(first) - 4.3).abs() < 1e-9);
    let refusal = plant.set_ratio(splitter, 32).unwrap_err();
    assert!(refusal.to_string().starts_with("33 outputs of splitter"), "{refusal}");
}

#[test]
fn a_change_of_ratio_adds_and_removes_free_outputs() {
    let mut plant = Plant::new();
    let split_ratio = SplitRatio::new(4);
    let splitter = plant.add_with(T::Splitter, Optics { split_ratio, ..Optics::default() });
    let count = |plant: &Plant| plant.world.ports(splitter).len();
    assert_eq!(count(&plant), 1 + 4);
    let ont = plant.add(T::Ont);
    let last = plant.port(splitter, "out3");
    let wan = plant.add_port(ont, "port1");
    let link = plant.link(last, wan);
    plant.set_ratio(splitter, 2).unwrap();
    assert_eq!(count(&plant), 1 + 2);
    assert_eq!(plant.port_name(splitter, link), "out3");
    plant.set_ratio(splitter, 8).unwrap();
    assert_eq!(count(&plant), 1 + 8);
}

/// Without a ratio of its own, a splitter has that of its outputs.
#[test]
fn a_new_output_counts_at_once() {
    let mut plant = Plant::new();
    let (olt, splitter, ont) = (plant.add_olt(), plant.add(T::Splitter), plant.add(T::Ont));
    plant.connect(olt, splitter);
    plant.connect(splitter, ont);
    let before = plant.rx_dbm(ont);
    plant.add_port(splitter, "out32");
    // 1:64 instead of 1:32: 21.5 dB instead of 17.2.
    assert!((before - plant.rx_dbm(ont) - 4.3).abs() < 1e-9);
}

/// UNOC v2 gave each link a new port, such as `port34`, and left those with names free.
#[test]
fn a_second_feeder_on_a_v2_splitter_gets_an_input() {
    let mut plant = Plant::new();
    let (olt, other, splitter) = (plant.add_olt(), plant.add_olt(), plant.add(T::Splitter));
    let [ont, late] = [0; 2].map(|_| plant.add(T::Ont));
    let v2_ports = ["port34", "port35"].map(|name| plant.add_port(splitter, name));
    let pon = plant.port(olt, "pon0");
    let feeder = plant.link(pon, v2_ports[0]);
    let wan = plant.add_port(ont, "port1");
    plant.link(v2_ports[1], wan);
    assert_eq!(plant.dark(), BTreeSet::from([late]));
    let second = plant.connect(other, splitter);
    assert_eq!(plant.port_name(splitter, second), "port36");
    let drop = plant.connect(splitter, late);
    assert_eq!(plant.port_name(splitter, drop), "out0");
    for cut in [feeder, second] {
        plant.cut(cut);
        assert_eq!(plant.dark(), BTreeSet::new());
        plant.mend(cut);
    }
    let third = plant.try_to_connect(olt, splitter).unwrap_err();
    assert!(matches!(third, Refusal::NoFreeSplitterInput(_)), "{third}");
}

/// The part leads to a feeder and to subscribers: what is joined with the port decides.
#[test]
fn the_port_that_is_chosen_at_a_part_decides_the_side_of_a_splitter() {
    let mut plant = Plant::new();
    let (olt, odf, ont) = (plant.add_olt(), plant.add(T::Odf), plant.add(T::Ont));
    let [pon, wan] = [plant.port(olt, "pon0"), plant.add_port(ont, "port1")];
    let ports = ["port1", "port2", "port3", "port4"].map(|name| plant.port(odf, name));
    plant.link(pon, ports[0]);
    plant.link(ports[1], wan);
    let cross_connects = [[ports[0], ports[2]], [ports[1], ports[3]]]
        .map(|ports| NewCrossConnect { ports, loss_db: None });
    plant.run(AddCrossConnects { device: odf, cross_connects: cross_connects.to_vec() });
    let splitter = plant.add(T::Splitter);
    for is_first in [true, false] {
        for (port, name) in [(ports[3], "out0"), (ports[2], "in0")] {
            let (a, b, ports) = match is_first {
                true => (odf, splitter, [Some(port), None]),
                false => (splitter, odf, [None, Some(port)]),
            };
            let link = plant.connect_at(a, b, ports).unwrap();
            assert_eq!(plant.port_name(splitter, link), name);
            plant.run(DeleteLink(link));
        }
    }
    // A second feeder is no output, whatever is free.
    let other = plant.add_olt();
    let first = plant.connect(other, splitter);
    let link = plant.connect_at(odf, splitter, [Some(ports[2]), None]).unwrap();
    assert_eq!(
        [first, link].map(|link| plant.port_name(splitter, link).to_owned()),
        ["in0", "in1"]
    );
}

#[test]
fn a_second_input_takes_over() {
    let mut plant = Plant::new();
    let (olt, other, splitter) = (plant.add_olt(), plant.add_olt(), plant.add(T::Splitter));
    let ont = plant.add(T::Ont);
    let feeders = [plant.connect(olt, splitter), plant.connect(other, splitter)];
    assert_eq!(feeders.map(|link| plant.port_name(splitter, link).to_owned()), ["in0", "in1"]);
    plant.connect(splitter, ont);
    for feeder in feeders {
        plant.cut(feeder);
        assert_eq!(plant.status(ont), Status::Up);
        plant.mend(feeder);
    }
    for feeder in feeders {
        plant.cut(feeder);
    }
    assert_eq!(plant.status(ont), Status::Down);
    let third = plant.try_to_connect(olt, splitter).unwrap_err();
    assert!(matches!(third, Refusal::NoFreeSplitterInput(_)), "{third}");
}

#[test]
fn a_part_with_one_feeder_passes_to_all_until_a_second_one_comes() {
    let mut plant = Plant::new();
    let (olt, odf) = (plant.add_olt(), plant.add(T::Odf));
    let [first, second, third] = [0; 3].map(|_| plant.add(T::Ont));
    let feeder = plant.connect(olt, odf);
    let drop = plant.connect(odf, first);
    assert!(!plant.has(odf, Reason::JoinsNotRecorded));
    let [second_drop, third_drop] = [second, third].map(|ont| plant.connect(odf, ont));
    assert_eq!(plant.dark(), BTreeSet::new());
    assert!(plant.has(odf, Reason::JoinsNotRecorded));
    let second_feeder = plant.connect(olt, odf);
    assert!(plant.is_joined(odf, feeder, drop));
    assert!(plant.is_joined(odf, second_feeder, second_drop));
    assert_eq!(plant.dark(), BTreeSet::from([third]));
    assert!(plant.has(odf, Reason::JoinsNotRecorded) && plant.has(odf, Reason::JoinsAssumed));
    plant.connect(olt, odf);
    assert_eq!(plant.dark(), BTreeSet::new());
    assert!(!plant.has(odf, Reason::JoinsNotRecorded));
    let ports = [drop, feeder].map(|link| plant.world.port_at(odf, link).unwrap());
    let cross_connects = vec![NewCrossConnect { ports, loss_db: Some(0.1) }];
    plant.run(AddCrossConnects { device: odf, cross_connects });
    assert!(plant.has(odf, Reason::JoinsAssumed), "others are assumed still");
    plant.run(DeleteLink(third_drop));
    plant.run(RemoveCrossConnect { device: odf, port: ports[0] });
    assert_eq!(plant.dark(), BTreeSet::from([first, third]));
}

/// Links are joined once it is known what they lead to.
#[test]
fn a_plant_that_is_built_from_the_middle_is_lit() {
    let mut plant = Plant::new();
    let (olt, odf) = (plant.add_olt(), plant.add(T::Odf));
    let closures: Vec<DeviceId> = (0..3).map(|_| plant.add(T::Nvt)).collect();
    for closure in &closures {
        plant.connect(odf, *closure);
    }
    for closure in &closures {
        let splitter = plant.add(T::Splitter);
        plant.connect(*closure, splitter);
        let ont = plant.add(T::Ont);
        plant.connect(splitter, ont);
    }
    for _ in &closures {
        plant.connect(olt, odf);
    }
    assert_eq!(plant.dark(), BTreeSet::new());
}

#[test]
fn a_feeder_that_is_made_again_takes_the_port_of_its_cross_connect() {
    let mut plant = Plant::new();
    let (olt, odf) = (plant.add_olt(), plant.add(T::Odf));
    let mut feeders = Vec::new();
    for _ in 0..2 {
        feeders.push(plant.connect(olt, odf));
        let splitter = plant.add(T::Splitter);
        plant.connect(odf, splitter);
        let ont = plant.add(T::Ont);
        plant.connect(splitter, ont);
    }
    let port = plant.port_name(odf, feeders[0]).to_owned();
    plant.run(DeleteLink(feeders[0]));
    assert_eq!(plant.dark().len(), 1);
    let again = plant.connect(olt, odf);
    assert_eq!(plant.port_name(odf, again), port);
    assert_eq!(plant.port_name(olt, again), "pon0");
    assert_eq!(plant.dark(), BTreeSet::new());
}

#[test]
fn traffic_of_routers_passes_along_what_is_joined() {
    let mut plant = Plant::new();
    let edge = plant.edge;
    let (panel, olt, other) = (plant.add(T::Odf), plant.add(T::Olt), plant.add(T::Olt));
    plant.connect(edge, panel);
    let uplink = plant.add_port(olt, "uplink0");
    let free = plant.port(panel, "port2");
    let link = plant.link(free, uplink);
    assert_eq!(plant.status(olt), Status::Up);
    plant.connect(panel, other);
    assert_eq!((plant.status(olt), plant.status(other)), (Status::Up, Status::Down));
    plant.run(DeleteLink(link));
    assert_eq!(plant.status(olt), Status::Down);
}

#[test]
fn what_is_not_in_service_passes_nothing_and_alarms_nobody() {
    let mut plant = Plant::new();
    let (olt, splitter) = (plant.add_olt(), plant.add(T::Splitter));
    let feeder = plant.connect(olt, splitter);
    let [lit, planned, unconnected] = [0; 3].map(|_| plant.add(T::Ont));
    plant.connect(splitter, lit);
    let drop = plant.connect(splitter, planned);
    assert!(plant.has(unconnected, Reason::NotConnected));
    let outages = |plant: &Plant| {
        let is_outage = |problem: &Problem| !matches!(problem.kind, ProblemKind::Signal(_));
        problems(&plant.world).into_iter().filter(is_outage).collect::<Vec<_>>()
    };
    assert_eq!(outages(&plant), []);
    for lifecycle in [Lifecycle::Planned, Lifecycle::Retired] {
        let lifecycle = Some(lifecycle);
        let patch = DevicePatch { lifecycle, ..DevicePatch::default() };
        plant.run(UpdateDevice { id: planned, patch });
        assert!(plant.has(planned, Reason::NotInService));
        assert_eq!(plant.status(planned), Status::Down);
        assert_eq!(plant.world.link(drop).unwrap().status, Status::Down);
        assert_eq!(outages(&plant), []);
    }
    let retired = Some(Lifecycle::Retired);
    let patch = LinkPatch { lifecycle: retired, ..LinkPatch::default() };
    plant.run(UpdateLink { id: feeder, patch });
    assert_eq!(plant.status(lit), Status::Down);
    let found = outages(&plant);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!((found[0].cause, found[0].customers.len()), (RootCause::Link(feeder), 1));
    assert_eq!(found[0].kind, ProblemKind::NotInService);
    let lifecycle = Some(Lifecycle::InService);
    plant.run(UpdateLink { id: feeder, patch: LinkPatch { lifecycle, ..LinkPatch::default() } });
    plant.run(UpdateDevice {
        id: planned,
        patch: DevicePatch { lifecycle, ..DevicePatch::default() },
    });
    assert_eq!(plant.dark(), BTreeSet::from([unconnected]));
}

#[test]
fn what_is_out_of_use_below_a_dark_part_is_the_cause_of_what_is_behind_it() {
    for hold in [true, false] {
        let mut plant = Plant::new();
        let (olt, odf, splitter) = (plant.add_olt(), plant.add(T::Odf), plant.add(T::Splitter));
        plant.connect(olt, odf);
        let link = plant.connect(odf, splitter);
        let onts = [0; 3].map(|_| plant.add(T::Ont));
        for ont in onts {
            plant.connect(splitter, ont);
        }
        plant.run(DeleteLink(link));
        if hold {
            let status_override = Override::new(Status::Down, None);
            plant.run(SetDeviceOverride { id: splitter, status_override });
        } else {
            let lifecycle = Some(Lifecycle::Retired);
            let patch = DevicePatch { lifecycle, ..DevicePatch::default() };
            plant.run(UpdateDevice { id: splitter, patch });
        }
        let found = problems(&plant.world);
        let shown: Vec<_> = found.iter().map(|one| (one.cause, one.customers.len())).collect();
        assert_eq!(shown, [(RootCause::Device(splitter), onts.len())]);
    }
}
