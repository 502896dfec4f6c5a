//! Commands on links, as the contract defines them.

use unoc::domain::{
    ConnectDevices, CreateLink, DeviceClass, DeviceId, DeviceType, EndJoin, InterfaceId,
    InterfaceType, Lifecycle, Link, LinkId, LinkPatch, Medium, NewConnection, NewCrossConnect,
    Override, ProvisionDevice, Status, Timestamp, World,
};

use super::plant::is_numbered;
use super::tables::{is_container, may_link, word};
use super::{Oracle, refuse, take};
use crate::harness::answer::{Answer, Refused};

impl Oracle {
    pub(super) fn update_link(&mut self, id: LinkId, patch: &LinkPatch) -> Result<Answer, Refused> {
        let Some(link) = self.links.get_mut(&id.0) else { return refuse("Link not found") };
        link.length_km = patch.length_km.unwrap_or(link.length_km);
        link.medium = patch.medium.unwrap_or(link.medium);
        link.lifecycle = patch.lifecycle.unwrap_or(link.lifecycle);
        if let Some(set) = &patch.status_override {
            link.status_override = set.clone().map(Box::new);
        }
        Ok(Answer { kind: "link", links: vec![link.clone()], ..Answer::default() })
    }

    pub(super) fn create_link(
        &mut self,
        new: &CreateLink,
        now: Timestamp,
    ) -> Result<Answer, Refused> {
        let (Some(a), Some(b)) =
            (self.interfaces.get(&new.a.0).cloned(), self.interfaces.get(&new.b.0).cloned())
        else {
            return refuse("Interface not found");
        };
        self.check_ends(a.device, b.device, new.validate)?;
        for end in [&a, &b] {
            if end.name.as_str().starts_with("mgmt")
                || end.interface_type == InterfaceType::Loopback
            {
                return refuse(format!(
                    "Interface '{}' is for management or loopback and cannot carry a link",
                    end.name
                ));
            }
            if self.links.values().any(|link| link.a == end.id || link.b == end.id) {
                return refuse("Interface is already linked");
            }
        }
        let link = self.add_link([a.id, b.id], (new.length_km, new.medium), None, now);
        for (port, to) in [a, b].iter().zip(new.joins) {
            if let EndJoin::With(to) = to {
                let new = NewCrossConnect { ports: [port.id, to], loss_db: None };
                self.add_cross_connect(port.device, &new)?;
            }
        }
        Ok(Answer { kind: "link", links: vec![link], ..Answer::default() })
    }

    /// The program chooses the ports: each is a free one of its device, or a new one.
    fn connect_ports(
        &mut self,
        new: &ConnectDevices,
        now: Timestamp,
        program: &World,
    ) -> Result<[InterfaceId; 2], Refused> {
        let Some(ports) = self.ports_of_new_link(program) else {
            return self.refuse_full_splitter(new);
        };
        let mut missing: Vec<InterfaceId> =
            ports.into_iter().filter(|port| !self.interfaces.contains_key(&port.0)).collect();
        missing.sort_unstable();
        for id in missing {
            let port = program.interface(id).expect("a link has ports");
            assert_eq!(id.0, self.next.interface, "a new port has the next id");
            assert!(!self.port_named(port.device, port.name.as_str()), "{port:?}");
            assert_eq!(port.interface_type, new.interface_type);
            self.add_interface(port.device, port.name.as_str(), port.interface_type, now);
        }
        for (port, device) in ports.into_iter().zip([new.a, new.b]) {
            let own = &self.interfaces[&port.0];
            assert_eq!(own.device, device, "{own:?}");
            assert!(own.can_carry_link(), "{own:?}");
            assert!(!self.is_linked(port.0), "{own:?}");
        }
        Ok(ports)
    }

    /// The only reason why two devices that may be linked are not.
    fn refuse_full_splitter<T>(&self, new: &ConnectDevices) -> Result<T, Refused> {
        for (id, other) in [(new.a.0, new.b.0), (new.b.0, new.a.0)] {
            if self.devices[&id].device_type != DeviceType::Splitter {
                continue;
            }
            let name = &self.devices[&id].name;
            let ratio = self.split_ratio(id);
            let other_type = self.devices[&other].device_type;
            // The upper splitter of two has given an output, unless it has an input left.
            let is_below =
                other_type == DeviceType::Splitter && id == new.b.0 && !self.has_free_input(other);
            let takes_input = is_below || other_type.class() == DeviceClass::Active;
            // One without outputs, as UNOC v2 makes it, takes any number.
            let has_outputs = self.ports_of(id).any(|port| is_numbered(port.name.as_str(), "out"));
            if has_outputs && self.used_outputs(id) >= ratio && !takes_input {
                return refuse(format!(
                    "All {ratio} outputs of splitter '{name}' are in use; raise its split_ratio or \
                     connect another splitter"
                ));
            }
            if self.links_of(id).len() - self.used_outputs(id) >= 2 {
                return refuse(format!("Both inputs of splitter '{name}' are in use"));
            }
        }
        panic!("the program refused {new:?} for no reason");
    }

    fn has_free_input(&self, splitter: u64) -> bool {
        let mut ports = self.interfaces.values().filter(|port| port.device.0 == splitter);
        ports.any(|port| port.name.as_str().starts_with("in") && !self.is_linked(port.id.0))
    }

    pub(super) fn connect(
        &mut self,
        new: &ConnectDevices,
        now: Timestamp,
        program: &World,
    ) -> Result<Answer, Refused> {
        for (end, id) in [("A", new.a), ("B", new.b)] {
            if !self.devices.contains_key(&id.0) {
                return refuse(format!("Device {end} (id={id}) not found"));
            }
        }
        self.check_ends(new.a, new.b, new.validate)?;
        if new.interface_type == InterfaceType::Loopback {
            let through = |id: DeviceId| {
                matches!(
                    self.devices[&id.0].device_type,
                    DeviceType::Odf | DeviceType::Nvt | DeviceType::Hop
                )
            };
            let first = if through(new.a) && !through(new.b) { new.b } else { new.a };
            let name = self.next_port_name(first);
            return refuse(format!(
                "Interface '{name}' is for management or loopback and cannot carry a link"
            ));
        }
        let ends = self.connect_ports(new, now, program)?;
        let set = (new.status != Status::Up).then_some(Override::new(new.status, None));
        let link = self.add_link(ends, (new.length_km, new.medium), set, now);
        let names = [new.a, new.b].map(|id| self.devices[&id.0].name.to_string()).to_vec();
        let interfaces = ends.map(|port| self.interfaces[&port.0].clone()).to_vec();
        let links = vec![link];
        Ok(Answer { kind: "connected", links, interfaces, names, ..Answer::default() })
    }

    /// Provisions a device and links it: end A is the device that it is connected to.
    pub(super) fn provision_connected(
        &mut self,
        new: &ProvisionDevice,
        now: Timestamp,
        program: &World,
    ) -> Result<Answer, Refused> {
        let mut answer = self.provision(&new.device, now)?;
        let Some(NewConnection { to, port, length_km, medium }) = new.connection else {
            return Ok(answer);
        };
        let id = answer.devices[0].id;
        if !self.devices.contains_key(&to.0) {
            return refuse(format!("device {to} not found"));
        }
        let connect = ConnectDevices {
            a: to,
            b: id,
            interface_type: InterfaceType::Optical,
            ports: [port, None],
            status: Status::Up,
            length_km,
            medium,
            validate: true,
        };
        let made = self.connect(&connect, now, program)?;
        let link = self.links.get_mut(&made.links[0].id.0).expect("it was made");
        link.lifecycle = new.device.lifecycle;
        let own = self.interfaces.values().filter(|port| port.device == id);
        answer.interfaces = own.cloned().chain(made.interfaces).collect();
        (answer.links, answer.names) = (vec![link.clone()], made.names);
        Ok(answer)
    }

    fn next_port_name(&self, device: DeviceId) -> String {
        let mut number = 1 + self.interfaces.values().filter(|port| port.device == device).count();
        while self.port_named(device, &format!("port{number}")) {
            number += 1;
        }
        format!("port{number}")
    }

    pub(super) fn check_ends(
        &self,
        a: DeviceId,
        b: DeviceId,
        validate: bool,
    ) -> Result<(), Refused> {
        if a == b {
            return refuse("Cannot link device to itself");
        }
        let types = (self.devices[&a.0].device_type, self.devices[&b.0].device_type);
        let may_be_raw = !is_container(types.0) && !is_container(types.1);
        if may_link(types.0, types.1) || (may_be_raw && !validate) {
            return Ok(());
        }
        refuse(format!("No valid link rule between {} and {}", word(types.0), word(types.1)))
    }

    fn add_link(
        &mut self,
        [a, b]: [InterfaceId; 2],
        (length_km, medium): (Option<f64>, Option<Medium>),
        status_override: Option<Override>,
        now: Timestamp,
    ) -> Link {
        let id = LinkId(take(&mut self.next.link));
        let status = Status::Up;
        let [status_since, created_at, updated_at] = [now; 3];
        let link = Link {
            id,
            a,
            b,
            length_km,
            medium,
            lifecycle: Lifecycle::InService,
            status,
            status_override: status_override.map(Box::new),
            status_since,
            created_at,
            updated_at,
        };
        self.links.insert(id.0, link.clone());
        link
    }
}
