//! What stands in the way of an undo, and what does not.

use super::undo_changes::UndoChanges;
use crate::domain::{
    AddCrossConnects, Change, ClearDeviceOverride, Command, ConnectDevices, CreateInterface,
    DeleteDevice, DeleteLink, DetailsPatch, Device, DeviceId, DevicePatch, DeviceType, InterfaceId,
    InterfaceType, Lifecycle, LinkId, LinkPatch, Name, NewCrossConnect, NewDevice, Optics,
    Override, Position, ProvisionDevice, Refusal, SetDeviceOverride, SplitRatio, Status, Timestamp,
    UndoneCounts, UpdateDevice, UpdateLink, World,
};

/// A network whose last command is undone.
struct Network {
    world: World,
    /// What the last command changed, with what followed from it, as the audit trail has it.
    last: Vec<Change>,
    /// The same of all commands of a request.
    request: Vec<Change>,
    now: Timestamp,
}

const OLT: DeviceId = DeviceId(1);
const SPLITTER: DeviceId = DeviceId(2);
const ODF: DeviceId = DeviceId(3);
const POP: DeviceId = DeviceId(4);
const FEEDER: LinkId = LinkId(1);

impl Network {
    /// An OLT in a POP, linked with a splitter, and an ODF.
    fn new() -> Self {
        let mut network = Self {
            world: World::default(),
            last: Vec::new(),
            request: Vec::new(),
            now: Timestamp(1_000),
        };
        network.provision("OLT-1", DeviceType::Olt);
        network.provision("SPL-1", DeviceType::Splitter);
        network.provision("ODF-1", DeviceType::Odf);
        network.provision("POP-1", DeviceType::Pop);
        network.connect(OLT, SPLITTER);
        network.patch(OLT, |patch| patch.parent = Some(Some(POP)));
        network
    }

    fn run<C: Command>(&mut self, command: C) {
        let done = self.world.execute(command, self.now).unwrap();
        self.last = done.changes;
        self.now.0 += 1;
    }

    fn provision(&mut self, name: &str, device_type: DeviceType) {
        self.run(ProvisionDevice::from(NewDevice {
            name: Name::new(name).unwrap(),
            device_type,
            parent: None,
            validate_upstream: false,
            position: Position::default(),
            optics: Optics::default(),
            lifecycle: Lifecycle::InService,
            details: None,
        }));
    }

    fn connect(&mut self, a: DeviceId, b: DeviceId) {
        self.connect_at(a, b, [None; 2]);
    }

    fn connect_at(&mut self, a: DeviceId, b: DeviceId, ports: [Option<InterfaceId>; 2]) {
        self.run(ConnectDevices {
            a,
            b,
            interface_type: InterfaceType::Optical,
            ports,
            status: Status::Up,
            length_km: Some(1.0),
            medium: None,
            validate: true,
        });
    }

    fn patch(&mut self, id: DeviceId, set: impl FnOnce(&mut DevicePatch)) {
        let mut patch = DevicePatch::default();
        set(&mut patch);
        self.run(UpdateDevice { id, patch });
    }

    fn rename(&mut self, id: DeviceId, name: &str) {
        self.patch(id, |patch| patch.name = Some(Name::new(name).unwrap()));
    }

    fn serial(&mut self, id: DeviceId, serial: Option<&str>) {
        self.patch(id, |patch| {
            let serial = Some(serial.map(Into::into));
            patch.details = DetailsPatch { serial, ..DetailsPatch::default() };
        });
    }

    fn lengthen(&mut self, id: LinkId, km: f64) {
        let patch = LinkPatch { length_km: Some(Some(km)), ..LinkPatch::default() };
        self.run(UpdateLink { id, patch });
    }

    fn join(&mut self, a: usize, b: usize) {
        let ports = [a, b].map(|index| self.world.ports(ODF)[index]);
        let cross_connects = vec![NewCrossConnect { ports, loss_db: None }];
        self.run(AddCrossConnects { device: ODF, cross_connects });
    }

    fn add_port(&mut self, device: DeviceId, name: &str) {
        let name = Name::new(name).unwrap();
        self.run(CreateInterface { device, name, interface_type: InterfaceType::Optical });
    }

    /// Runs one command of the request.
    fn in_request(&mut self, run: impl FnOnce(&mut Self)) {
        run(self);
        self.request.append(&mut self.last);
    }

    fn undo(&mut self, changes: &[Change]) -> Result<UndoneCounts, Refusal> {
        let undo = UndoChanges { rows: Vec::new(), changes: changes.to_vec() };
        let undone = self.world.execute(undo, self.now).map(|done| done.reply);
        self.world.check_invariants().unwrap();
        undone
    }

    fn device(&self, id: DeviceId) -> &Device {
        self.world.device(id).unwrap()
    }

    /// A port of the OLT or splitter at the feeder.
    fn feeder_port(&self, device: DeviceId) -> InterfaceId {
        self.world.port_at(device, FEEDER).unwrap()
    }
}

/// After the first command and then the second one, the first cannot be undone, for these reasons.
#[track_caller]
fn check(first: fn(&mut Network), second: fn(&mut Network), expected: &[&str]) {
    let mut network = Network::new();
    first(&mut network);
    let changes = std::mem::take(&mut network.last);
    second(&mut network);
    assert_refused(&mut network, &changes, expected);
}

#[track_caller]
fn assert_refused(network: &mut Network, changes: &[Change], expected: &[&str]) {
    match network.undo(changes).unwrap_err() {
        Refusal::CannotUndo(obstacles) => {
            let listed: Vec<String> = obstacles.listed().iter().map(ToString::to_string).collect();
            assert_eq!(listed, expected);
        }
        other => panic!("{other}"),
    }
}

#[test]
fn what_was_changed_again_is_not_undone() {
    check(
        |it| it.rename(OLT, "OLT-2"),
        |it| it.rename(OLT, "OLT-3"),
        &["the name of OLT-3 was changed meanwhile"],
    );
    check(
        |it| it.provision("ONT-1", DeviceType::Ont),
        |it| it.rename(DeviceId(5), "ONT-2"),
        &["the name of ONT-2 was changed meanwhile"],
    );
    check(
        |it| it.lengthen(FEEDER, 2.0),
        |it| it.lengthen(FEEDER, 3.0),
        &["the length of link 1 between OLT-1 and SPL-1 was changed meanwhile"],
    );
    check(
        |it| it.serial(OLT, Some("A")),
        |it| it.serial(OLT, Some("B")),
        &["the serial of OLT-1 was changed meanwhile"],
    );
    check(
        |it| it.join(0, 1),
        |it| {
            it.run(crate::domain::RemoveCrossConnect { device: ODF, port: it.world.ports(ODF)[0] });
            it.join(0, 2);
        },
        &["the cross-connect of port port1 of ODF-1 was changed meanwhile"],
    );
}

#[test]
fn what_was_deleted_is_not_changed_back() {
    check(
        |it| it.rename(OLT, "OLT-2"),
        |it| it.run(DeleteDevice(OLT)),
        &["OLT-2 was deleted meanwhile"],
    );
    check(
        |it| it.lengthen(FEEDER, 2.0),
        |it| it.run(DeleteLink(FEEDER)),
        &["link 1 between OLT-1 and SPL-1 was deleted meanwhile"],
    );
    check(
        |it| it.run(DeleteLink(FEEDER)),
        |it| it.run(DeleteDevice(SPLITTER)),
        &["a port at an end of link 1 does not exist any more"],
    );
    check(
        |it| it.run(DeleteDevice(OLT)),
        |it| it.run(DeleteDevice(POP)),
        &["the container of OLT-1 does not exist any more"],
    );
    check(
        |it| it.run(DeleteDevice(POP)),
        |it| it.run(DeleteDevice(OLT)),
        &["OLT-1 was deleted meanwhile"],
    );
}

#[test]
fn what_something_depends_on_is_not_deleted() {
    check(
        |it| it.provision("ONT-1", DeviceType::Ont),
        |it| it.connect(SPLITTER, DeviceId(5)),
        &["port port2 of ONT-1 was added meanwhile"],
    );
    check(
        |it| it.provision("POP-2", DeviceType::Pop),
        |it| it.patch(OLT, |patch| patch.parent = Some(Some(DeviceId(5)))),
        &["POP-2 contains OLT-1 now"],
    );
    check(
        |it| it.provision("ODF-2", DeviceType::Odf),
        |it| it.connect(OLT, DeviceId(5)),
        &["port port1 of ODF-2 carries link 2 now"],
    );
    check(
        |it| {
            it.provision("SPL-2", DeviceType::Splitter);
            it.patch(DeviceId(5), |patch| patch.split_ratio = Some(SplitRatio::new(64)));
        },
        |it| {
            let to = it.world.ports(DeviceId(5))[40];
            let from = it.world.ports(ODF)[0];
            it.run(crate::domain::CreateLink {
                a: from,
                b: to,
                length_km: None,
                medium: None,
                joins: Default::default(),
                validate: true,
            });
        },
        &["port out39 of SPL-2 carries link 2 now"],
    );
}

#[test]
fn what_is_in_use_by_others_is_not_taken_back() {
    check(
        |it| it.rename(OLT, "OLT-2"),
        |it| it.provision("OLT-1", DeviceType::Olt),
        &["the name 'OLT-1' of OLT-2 is used by device 5 now"],
    );
    check(
        |it| it.run(DeleteDevice(ODF)),
        |it| it.provision("ODF-1", DeviceType::Odf),
        &["the name 'ODF-1' of ODF-1 is used by device 5 now"],
    );
    check(
        |it| {
            it.serial(OLT, Some("A"));
            it.serial(OLT, None);
        },
        |it| it.serial(SPLITTER, Some("A")),
        &["the serial A of OLT-1 is used by device 2 now"],
    );
    check(
        |it| it.run(DeleteLink(FEEDER)),
        |it| it.connect(OLT, SPLITTER),
        &["port pon0 of OLT-1 carries link 2 now", "port in0 of SPL-1 carries link 2 now"],
    );
    check(
        |it| it.patch(SPLITTER, |patch| patch.split_ratio = Some(SplitRatio::new(16))),
        |it| it.add_port(SPLITTER, "out20"),
        &["another port of SPL-1 is named 'out20' now"],
    );
}

/// What a command also changed, such as the status of a device downstream, was exempt from
/// the checks: an undo left such a device in a container that it deleted, and the site did not load.
#[test]
fn what_followed_from_a_command_depends_on_what_it_created() {
    let mut network = Network::new();
    network.in_request(|it| it.provision("POP-2", DeviceType::Pop));
    network.in_request(|it| {
        it.run(SetDeviceOverride { id: OLT, status_override: Override::new(Status::Up, None) });
    });
    let is_splitter =
        |change: &Change| matches!(change, Change::Device(edit) if edit.latest().id == SPLITTER);
    assert!(network.request.iter().any(is_splitter), "the splitter follows its OLT");
    network.patch(SPLITTER, |patch| patch.parent = Some(Some(DeviceId(5))));
    let changes = std::mem::take(&mut network.request);
    assert_refused(&mut network, &changes, &["POP-2 contains SPL-1 now"]);
}

#[test]
fn a_port_that_others_added_to_a_device_of_the_request_is_not_orphaned() {
    let mut network = Network::new();
    network.in_request(|it| it.provision("SPL-2", DeviceType::Splitter));
    network.add_port(DeviceId(5), "spare");
    let spare = network.world.ports(DeviceId(5)).last().copied();
    network.in_request(|it| it.connect_at(OLT, DeviceId(5), [None, spare]));
    let changes = std::mem::take(&mut network.request);
    assert_refused(&mut network, &changes, &["port spare of SPL-2 was added meanwhile"]);
}

#[test]
fn a_link_that_others_made_between_two_commands_of_the_request_keeps_its_ports() {
    let mut network = Network::new();
    network.in_request(|it| it.run(DeleteLink(FEEDER)));
    network.connect(OLT, SPLITTER);
    network.in_request(|it| it.lengthen(LinkId(2), 3.0));
    let changes = std::mem::take(&mut network.request);
    let expected =
        ["port pon0 of OLT-1 carries link 2 now", "port in0 of SPL-1 carries link 2 now"];
    assert_refused(&mut network, &changes, &expected);
}

#[test]
fn an_undo_that_has_nothing_left_to_do_says_so() {
    let mut network = Network::new();
    network.rename(OLT, "OLT-2");
    let changes = std::mem::take(&mut network.last);
    network.undo(&changes).unwrap();
    assert_eq!(network.undo(&changes).unwrap_err(), Refusal::NothingToUndo);
}

#[test]
fn what_others_changed_meanwhile_stays() {
    let mut network = Network::new();
    network.rename(OLT, "OLT-2");
    let changes = std::mem::take(&mut network.last);
    network.patch(OLT, |patch| patch.position = Some(Position { x: 7.0, y: 8.0 }));
    network.undo(&changes).unwrap();
    let olt = network.device(OLT);
    assert_eq!((olt.name.as_str(), olt.position.x), ("OLT-1", 7.0));
}

#[test]
fn an_override_that_would_have_ended_is_not_set_again() {
    let mut network = Network::new();
    let ends_at = Some(Timestamp(network.now.0 + 2));
    let set = Override { ends_at, ..Override::new(Status::Down, None) };
    network.run(SetDeviceOverride { id: OLT, status_override: set });
    network.run(ClearDeviceOverride(OLT));
    let clearing = std::mem::take(&mut network.last);
    network.now.0 += 1;
    assert_eq!(network.undo(&clearing).unwrap_err(), Refusal::NothingToUndo);
    assert_eq!(network.device(OLT).status_override, None);
}

#[test]
fn a_deleted_device_comes_back_with_its_ports_links_joins_and_children() {
    let mut network = Network::new();
    network.connect(SPLITTER, ODF);
    network.join(0, 4);
    let counters = network.world.counters();
    for device in [ODF, POP, SPLITTER, OLT] {
        let ports = network.world.ports(device).to_vec();
        let links = network.world.neighbours(device).to_vec();
        let before = network.device(device).clone();
        network.run(DeleteDevice(device));
        let changes = std::mem::take(&mut network.last);
        network.undo(&changes).unwrap();
        let after = network.device(device);
        assert_eq!((&after.name, after.created_at), (&before.name, before.created_at));
        assert_eq!(network.world.ports(device), ports);
        assert_eq!(network.world.neighbours(device), links);
    }
    assert_eq!(network.device(OLT).parent, Some(POP));
    let joined = network.world.interface(network.world.ports(ODF)[0]).unwrap();
    assert_eq!(joined.cross_connect.as_ref().unwrap().to, network.world.ports(ODF)[4]);
    assert_eq!(network.world.counters(), counters, "no id is new");
    assert_eq!(network.world.link_at(network.feeder_port(OLT)), Some(FEEDER));
}
