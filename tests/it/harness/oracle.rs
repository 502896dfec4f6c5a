//! A second implementation of the rules, written from the contract and as simple as possible: sorted
//! maps, everything computed again after every command, none of the program's own logic.

mod difference;
mod joins;
mod light;
mod lines;
mod links;
mod plant;
mod status;
mod tables;

use std::collections::{BTreeMap, BTreeSet};

use unoc::domain::{
    CommandKind, CreateInterface, Device, DeviceId, DevicePatch, DeviceType, IdCounters, Interface,
    InterfaceId, InterfaceType, Link, Name, NewDevice, Override, PonClass, ProvisionDevice,
    Reasons, SetDeviceOverride, Site, SplitRatio, Status, Timestamp, UpdateDevice, UpdateLink,
    Uplink, World,
};

use super::answer::{Answer, INCONSISTENT, Refused};
use super::any_command::AnyCommand;

pub(crate) use difference::difference_of;
use tables::{is_container, may_link, recipe, upstream, word};

/// The site as it has to be by the rules.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Oracle {
    pub(crate) devices: BTreeMap<u64, Device>,
    pub(crate) interfaces: BTreeMap<u64, Interface>,
    pub(crate) links: BTreeMap<u64, Link>,
    pub(crate) next: IdCounters,
}

fn refuse<T>(text: impl Into<String>) -> Result<T, Refused> {
    Err(Refused { text: text.into(), rows: Vec::new() })
}

impl Oracle {
    pub(crate) fn from_site(site: Site) -> Self {
        Self {
            devices: site.devices.into_iter().map(|device| (device.id.0, device)).collect(),
            interfaces: site.interfaces.into_iter().map(|port| (port.id.0, port)).collect(),
            links: site.links.into_iter().map(|link| (link.id.0, link)).collect(),
            next: site.counters,
        }
    }

    pub(crate) fn site(&self) -> Site {
        Site {
            counters: self.next,
            devices: self.devices.values().cloned().collect(),
            interfaces: self.interfaces.values().cloned().collect(),
            links: self.links.values().cloned().collect(),
        }
    }

    /// Carries a command out, or refuses it and stays as it was. A generated network is not predicted:
    /// after [`CommandKind::ReseedSite`] the caller adopts the program's. `program` has carried the
    /// command out already; [`status`] says what is taken from it.
    pub(crate) fn apply(
        &mut self,
        command: &AnyCommand,
        now: Timestamp,
        program: &World,
    ) -> Result<Answer, Refused> {
        let before = self.clone();
        let answer = self.carry_out(command, now, program);
        match (&answer, command.kind()) {
            (Err(_), _) => *self = before,
            (Ok(_), CommandKind::ReseedSite) => {}
            (Ok(_), CommandKind::ReplaceSite) => {
                self.adopt_joins(program);
                self.recompute(program);
            }
            (Ok(_), kind) => {
                if matches!(
                    kind,
                    CommandKind::ProvisionDevice
                        | CommandKind::CreateLink
                        | CommandKind::ConnectDevices
                        | CommandKind::RefreshStatus
                ) {
                    self.adopt_joins(program);
                }
                // Whether a leaf ever had a link is seen from the times of its ports.
                self.recompute_ports();
                self.set_times(&before, now);
                self.recompute(program);
                self.set_times(&before, now);
            }
        }
        answer.map(|made| self.refresh(made))
    }

    fn carry_out(
        &mut self,
        command: &AnyCommand,
        now: Timestamp,
        program: &World,
    ) -> Result<Answer, Refused> {
        match command {
            AnyCommand::ProvisionDevice(command) => self.provision_connected(command, now, program),
            AnyCommand::ProvisionDevices(command) => self.provision_all(&command.0, now),
            AnyCommand::CreateDevice(command) => self.create(&command.0, now),
            AnyCommand::UpdateDevice(UpdateDevice { id, patch }) => self.update(*id, patch, now),
            AnyCommand::SetDeviceOverride(SetDeviceOverride { id, status_override }) => {
                self.set_override(*id, Some(status_override.clone()))
            }
            AnyCommand::ClearDeviceOverride(command) => self.set_override(command.0, None),
            AnyCommand::DeleteDevice(command) => self.delete_device(command.0),
            AnyCommand::CreateInterface(command) => self.create_interface(command, now),
            AnyCommand::CreateLink(command) => self.create_link(command, now),
            AnyCommand::ConnectDevices(command) => self.connect(command, now, program),
            AnyCommand::AddCrossConnects(command) => self.add_cross_connects(command),
            AnyCommand::ReplaceCrossConnects(command) => self.replace_cross_connects(command),
            AnyCommand::RemoveCrossConnect(command) => self.remove_cross_connect(command),
            AnyCommand::UpdateLink(UpdateLink { id, patch }) => self.update_link(*id, patch),
            AnyCommand::DeleteLink(command) => match self.links.remove(&command.0.0) {
                Some(_) => Ok(Answer { kind: "done", ..Answer::default() }),
                None => refuse("Link not found"),
            },
            AnyCommand::RefreshStatus(_) | AnyCommand::ReseedSite(_) => {
                Ok(Answer { kind: "done", ..Answer::default() })
            }
            AnyCommand::ReplaceSite(command) => self.replace(&command.0),
        }
    }

    pub(super) fn provision(&mut self, new: &NewDevice, now: Timestamp) -> Result<Answer, Refused> {
        if new.validate_upstream
            && let Some((any_of, reason)) = upstream(new.device_type)
            && !self.devices.values().any(|device| any_of.contains(&device.device_type))
        {
            return refuse(format!("Cannot provision {}: {reason}", word(new.device_type)));
        }
        let mut answer = self.create(new, now)?;
        answer.kind = "provisioned";
        for (name, interface_type) in recipe(new.device_type, new.optics.split_ratio) {
            let port = self.add_interface(answer.devices[0].id, &name, interface_type, now);
            answer.interfaces.push(port);
        }
        Ok(answer)
    }

    fn provision_all(
        &mut self,
        rows: &[ProvisionDevice],
        now: Timestamp,
    ) -> Result<Answer, Refused> {
        let mut answer = Answer { kind: "provisioned many", ..Answer::default() };
        let mut refused = Vec::new();
        for (index, row) in rows.iter().enumerate() {
            assert!(row.connection.is_none(), "not predicted for many");
            match self.provision(&row.device, now) {
                Ok(made) => {
                    answer.devices.extend(made.devices);
                    answer.interface_count += made.interfaces.len();
                }
                Err(refusal) => refused.push((index, refusal.text)),
            }
        }
        if refused.is_empty() {
            return Ok(answer);
        }
        let counts = (refused.len(), rows.len());
        let text =
            format!("{} of {} rows cannot be provisioned; nothing was changed", counts.0, counts.1);
        Err(Refused { text, rows: refused })
    }

    fn create(&mut self, new: &NewDevice, now: Timestamp) -> Result<Answer, Refused> {
        self.check_name(&new.name)?;
        self.check_parent(new.device_type, new.parent)?;
        check_pon_class(new.device_type, new.optics.pon_class)?;
        check_split_ratio(new.device_type, new.optics.split_ratio)?;
        let device = Device {
            id: DeviceId(take(&mut self.next.device)),
            name: new.name.clone(),
            device_type: new.device_type,
            position: new.position,
            optics: new.optics,
            lifecycle: new.lifecycle,
            details: new.details.clone(),
            parent: new.parent,
            status: Status::Down,
            reasons: Reasons::NONE,
            signal: None,
            uplink: Uplink::default(),
            served_by: None,
            through_loss_db: None,
            status_since: now,
            status_override: None,
            created_at: now,
            updated_at: now,
        };
        self.devices.insert(device.id.0, device.clone());
        Ok(Answer { kind: "device", devices: vec![device], ..Answer::default() })
    }

    fn check_name(&self, name: &Name) -> Result<(), Refused> {
        if self.devices.values().any(|device| device.name == *name) {
            return refuse(format!("Device with name '{name}' already exists"));
        }
        Ok(())
    }

    fn check_parent(&self, child: DeviceType, parent: Option<DeviceId>) -> Result<(), Refused> {
        let Some(parent) = parent else { return Ok(()) };
        let Some(parent) = self.devices.get(&parent.0) else {
            return refuse("Parent container not found");
        };
        if !is_container(parent.device_type) {
            let (name, kind) = (&parent.name, word(parent.device_type));
            return refuse(format!(
                "Parent '{name}' is a {kind}, not a container (POP or CORE_SITE)"
            ));
        }
        if is_container(child) {
            return refuse(format!("A {} is a container and cannot have a parent", word(child)));
        }
        Ok(())
    }

    fn update(
        &mut self,
        id: DeviceId,
        patch: &DevicePatch,
        now: Timestamp,
    ) -> Result<Answer, Refused> {
        let Some(old) = self.devices.get(&id.0).cloned() else {
            return refuse("Device not found");
        };
        let mut new = old.clone();
        if let Some(name) = &patch.name {
            if *name != old.name {
                self.check_name(name)?;
            }
            new.name = name.clone();
        }
        if let Some(parent) = patch.parent {
            self.check_parent(old.device_type, parent)?;
            new.parent = parent;
        }
        new.position = patch.position.unwrap_or(old.position);
        if let Some(value) = patch.tx_power_dbm {
            new.optics.tx_power_dbm = value;
        }
        if let Some(value) = patch.sensitivity_min_dbm {
            new.optics.sensitivity_min_dbm = value;
        }
        if let Some(value) = patch.insertion_loss_db {
            new.optics.insertion_loss_db = value;
        }
        if let Some(value) = patch.pon_class {
            check_pon_class(old.device_type, value)?;
            new.optics.pon_class = value;
        }
        new.lifecycle = patch.lifecycle.unwrap_or(old.lifecycle);
        if let Some(value) = patch.split_ratio {
            check_split_ratio(old.device_type, value)?;
            new.optics.split_ratio = value;
            if let Some(ratio) = value.filter(|_| value != old.optics.split_ratio) {
                self.fit_outputs(&new, ratio.outputs().into(), now)?;
            }
        }
        Ok(self.put_device(new))
    }

    fn set_override(&mut self, id: DeviceId, set: Option<Override>) -> Result<Answer, Refused> {
        let Some(old) = self.devices.get(&id.0) else { return refuse("Device not found") };
        let new = Device { status_override: set.map(Box::new), ..old.clone() };
        Ok(self.put_device(new))
    }

    fn put_device(&mut self, device: Device) -> Answer {
        self.devices.insert(device.id.0, device.clone());
        Answer { kind: "device", devices: vec![device], ..Answer::default() }
    }

    fn delete_device(&mut self, id: DeviceId) -> Result<Answer, Refused> {
        if self.devices.remove(&id.0).is_none() {
            return refuse("Device not found");
        }
        self.interfaces.retain(|_, port| port.device != id);
        let ports = &self.interfaces;
        self.links.retain(|_, link| ports.contains_key(&link.a.0) && ports.contains_key(&link.b.0));
        for child in self.devices.values_mut().filter(|device| device.parent == Some(id)) {
            child.parent = None;
        }
        Ok(Answer { kind: "done", ..Answer::default() })
    }

    fn create_interface(
        &mut self,
        new: &CreateInterface,
        now: Timestamp,
    ) -> Result<Answer, Refused> {
        let Some(device) = self.devices.get(&new.device.0) else {
            return refuse("Device not found");
        };
        if self.port_named(new.device, new.name.as_str()) {
            let (name, device) = (&new.name, &device.name);
            return refuse(format!(
                "Interface with name '{name}' already exists on device '{device}'"
            ));
        }
        let port = self.add_interface(new.device, new.name.as_str(), new.interface_type, now);
        Ok(Answer { kind: "interface", interfaces: vec![port], ..Answer::default() })
    }

    fn replace(&mut self, site: &Site) -> Result<Answer, Refused> {
        let next = self.next;
        let loaded = Self::from_site(site.clone());
        if loaded.site().devices.len() != site.devices.len() || loaded.is_broken() {
            return refuse(INCONSISTENT);
        }
        *self = loaded;
        self.next.device = self.next.device.max(next.device);
        self.next.interface = self.next.interface.max(next.interface);
        self.next.link = self.next.link.max(next.link);
        Ok(Answer { kind: "done", ..Answer::default() })
    }

    /// Adopts a network that the program generated at `now`, after checking what is true of any: new
    /// ids, valid links, computed status.
    pub(crate) fn adopt(&mut self, site: Site, now: Timestamp, program: &World) {
        let generated = Self::from_site(site);
        assert!(!generated.is_broken(), "a generated network is broken");
        let mut settled = generated.clone();
        settled.recompute(program);
        assert_eq!(settled, generated, "a generated network is not settled");
        assert!(generated.devices.keys().all(|id| *id >= self.next.device));
        assert!(generated.interfaces.keys().all(|id| *id >= self.next.interface));
        assert!(generated.links.keys().all(|id| *id >= self.next.link));
        assert!(generated.devices.values().all(|device| device.created_at == now));
        for link in generated.links.values() {
            let end = |port: InterfaceId| {
                generated.devices[&generated.interfaces[&port.0].device.0].device_type
            };
            assert!(may_link(end(link.a), end(link.b)), "no rule allows {link:?}");
        }
        *self = generated;
    }

    /// The number of leaves.
    pub(crate) fn leaves(&self) -> usize {
        use DeviceType::{AonCpe, BusinessOnt, Ont};
        let is_leaf = |device: &&Device| matches!(device.device_type, Ont | BusinessOnt | AonCpe);
        self.devices.values().filter(is_leaf).count()
    }

    /// Whether anything refers to nothing, occurs twice or is out of range.
    fn is_broken(&self) -> bool {
        let names: BTreeSet<_> = self.devices.values().map(|device| &device.name).collect();
        let ends: BTreeSet<_> = self.links.values().flat_map(|link| [link.a, link.b]).collect();
        names.len() != self.devices.len()
            || ends.len() != 2 * self.links.len()
            || ends.iter().any(|end| !self.interfaces.contains_key(&end.0))
            || self.interfaces.values().any(|port| !self.devices.contains_key(&port.device.0))
            || self
                .devices
                .values()
                .any(|device| self.check_parent(device.device_type, device.parent).is_err())
            || self.links.values().any(|link| link.length_km.is_some_and(|km| km < 0.0))
            || self.has_broken_joins()
            || self.links.values().any(|link| {
                let [a, b] = [link.a, link.b].map(|end| self.interfaces[&end.0].device);
                self.check_ends(a, b, false).is_err()
            })
    }

    fn add_interface(
        &mut self,
        device: DeviceId,
        name: &str,
        interface_type: InterfaceType,
        now: Timestamp,
    ) -> Interface {
        let port = Interface {
            id: InterfaceId(take(&mut self.next.interface)),
            device,
            name: Name::new(name).expect("names of ports are names"),
            interface_type,
            cross_connect: None,
            status: Status::Down,
            created_at: now,
            updated_at: now,
        };
        self.interfaces.insert(port.id.0, port.clone());
        port
    }

    fn port_named(&self, device: DeviceId, name: &str) -> bool {
        self.interfaces.values().any(|port| port.device == device && port.name.as_str() == name)
    }

    /// The entities of an answer as they are after the command.
    fn refresh(&self, mut answer: Answer) -> Answer {
        for device in &mut answer.devices {
            *device = self.devices[&device.id.0].clone();
        }
        for port in &mut answer.interfaces {
            *port = self.interfaces[&port.id.0].clone();
        }
        for link in &mut answer.links {
            *link = self.links[&link.id.0].clone();
        }
        answer
    }
}

fn take(counter: &mut u64) -> u64 {
    *counter += 1;
    *counter - 1
}

fn check_pon_class(device_type: DeviceType, class: Option<PonClass>) -> Result<(), Refused> {
    if class.is_some() && device_type != DeviceType::Olt {
        return refuse(format!("Only an OLT has a pon_class, not a {}", word(device_type)));
    }
    Ok(())
}

fn check_split_ratio(device_type: DeviceType, ratio: Option<SplitRatio>) -> Result<(), Refused> {
    if ratio.is_some() && device_type != DeviceType::Splitter {
        return refuse(format!("Only a SPLITTER has a split_ratio, not a {}", word(device_type)));
    }
    Ok(())
}
