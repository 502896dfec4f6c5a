//! Commands on cross-connects and on the outputs of splitters, and the joins that are assumed.

use std::collections::BTreeMap;

use unoc::domain::{
    AddCrossConnects, CrossConnect, Device, DeviceId, InterfaceId, InterfaceType, NewCrossConnect,
    RemoveCrossConnect, ReplaceCrossConnects, Timestamp, World,
};

use super::plant::is_numbered;
use super::tables::word;
use super::{Oracle, refuse};
use crate::harness::answer::{Answer, Refused};

impl Oracle {
    pub(super) fn add_cross_connects(
        &mut self,
        command: &AddCrossConnects,
    ) -> Result<Answer, Refused> {
        for new in &command.cross_connects {
            self.add_cross_connect(command.device, new)?;
        }
        self.check_has_cross_connects(command.device)?;
        Ok(self.joined_ports(command.device))
    }

    pub(super) fn replace_cross_connects(
        &mut self,
        command: &ReplaceCrossConnects,
    ) -> Result<Answer, Refused> {
        self.check_has_cross_connects(command.device)?;
        let wanted = |a: InterfaceId, b: InterfaceId| {
            let lists = |new: &NewCrossConnect| new.ports == [a, b] || new.ports == [b, a];
            command.cross_connects.iter().any(lists)
        };
        for port in self.interfaces.values_mut().filter(|port| port.device == command.device) {
            let id = port.id;
            port.cross_connect = port.cross_connect.take().filter(|join| wanted(id, join.to));
        }
        for new in &command.cross_connects {
            self.add_cross_connect(command.device, new)?;
        }
        Ok(self.joined_ports(command.device))
    }

    pub(super) fn remove_cross_connect(
        &mut self,
        command: &RemoveCrossConnect,
    ) -> Result<Answer, Refused> {
        let RemoveCrossConnect { device, port } = *command;
        self.check_has_cross_connects(device)?;
        self.check_port_of(device, port)?;
        let here = self.interfaces.get_mut(&port.0).expect("it was checked");
        let Some(join) = here.cross_connect.take() else {
            return refuse(format!("Port '{}' has no cross-connect", here.name));
        };
        self.interfaces.get_mut(&join.to.0).expect("joins are symmetric").cross_connect = None;
        Ok(self.joined_ports(device))
    }

    pub(super) fn add_cross_connect(
        &mut self,
        device: DeviceId,
        new: &NewCrossConnect,
    ) -> Result<(), Refused> {
        self.check_has_cross_connects(device)?;
        let [a, b] = new.ports;
        self.check_port_of(device, a)?;
        self.check_port_of(device, b)?;
        if a == b {
            let name = &self.interfaces[&a.0].name;
            return refuse(format!(
                "A cross-connect joins two different ports, not '{name}' with itself"
            ));
        }
        for (port, other) in [(a, b), (b, a)] {
            let port = &self.interfaces[&port.0];
            if let Some(join) = port.cross_connect.as_ref().filter(|join| join.to != other) {
                let (name, to) = (&port.name, &self.interfaces[&join.to.0].name);
                return refuse(format!(
                    "Port '{name}' is cross-connected with '{to}' already; remove that cross-connect \
                     first"
                ));
            }
        }
        for (port, to) in [(a, b), (b, a)] {
            let join = CrossConnect { to, loss_db: new.loss_db, is_assumed: false };
            self.interfaces.get_mut(&port.0).expect("it was checked").cross_connect =
                Some(Box::new(join));
        }
        Ok(())
    }

    fn check_has_cross_connects(&self, device: DeviceId) -> Result<(), Refused> {
        let Some(found) = self.devices.get(&device.0) else { return refuse("Device not found") };
        if !self.is_through_part(device.0) {
            return refuse(format!(
                "A {} has no cross-connects; only an ODF, NVT or HOP has",
                word(found.device_type)
            ));
        }
        Ok(())
    }

    /// Whether a join is not one between two ports of a part that has joins.
    pub(super) fn has_broken_joins(&self) -> bool {
        self.interfaces.values().any(|port| {
            let Some(join) = port.cross_connect.as_deref() else { return false };
            let back = CrossConnect { to: port.id, ..*join };
            let is_symmetric = self.interfaces.get(&join.to.0).is_some_and(|other| {
                other.device == port.device && other.cross_connect.as_deref() == Some(&back)
            });
            join.to == port.id || !self.is_through_part(port.device.0) || !is_symmetric
        })
    }

    fn check_port_of(&self, device: DeviceId, port: InterfaceId) -> Result<(), Refused> {
        if self.interfaces.get(&port.0).is_none_or(|found| found.device != device) {
            return refuse(format!("Interface {port} is not a port of this device"));
        }
        Ok(())
    }

    fn joined_ports(&self, device: DeviceId) -> Answer {
        let joined = self.ports_of(device.0).filter(|port| port.cross_connect.is_some());
        Answer {
            kind: "cross-connects",
            interfaces: joined.cloned().collect(),
            ..Answer::default()
        }
    }

    /// Adds outputs, or removes the last free ones, until there are as many as wanted.
    pub(super) fn fit_outputs(
        &mut self,
        splitter: &Device,
        wanted: usize,
        now: Timestamp,
    ) -> Result<(), Refused> {
        let id = splitter.id.0;
        let used = self.used_outputs(id);
        if used > wanted {
            return refuse(format!(
                "{used} outputs of splitter '{}' are in use; a ratio of 1:{wanted} has fewer",
                splitter.name
            ));
        }
        let is_free = |port: &&unoc::domain::Interface| {
            is_numbered(port.name.as_str(), "out") && !self.is_linked(port.id.0)
        };
        let free: Vec<u64> = self.ports_of(id).filter(is_free).map(|port| port.id.0).collect();
        let excess = (used + free.len()).saturating_sub(wanted);
        for port in free.iter().rev().take(excess) {
            self.interfaces.remove(port);
        }
        for _ in used + free.len()..wanted {
            let mut number = 0;
            while self.port_named(splitter.id, &format!("out{number}")) {
                number += 1;
            }
            let name = format!("out{number}");
            self.add_interface(splitter.id, &name, InterfaceType::Optical, now);
        }
        Ok(())
    }

    /// Adopts the joins that the program assumed, after checking that each may be: neither port had
    /// one, and each of the two links continues the other, if need be over a join made before it.
    pub(super) fn adopt_joins(&mut self, program: &World) {
        let mut assumed = BTreeMap::new();
        for port in program.interfaces() {
            let Some(own) = self.interfaces.get(&port.id.0) else { continue };
            if own.cross_connect == port.cross_connect {
                continue;
            }
            assert!(own.cross_connect.is_none(), "the join at {} was changed", port.id);
            let join = port.cross_connect.as_ref().expect("it differs from none");
            assert!(join.is_assumed && join.loss_db.is_none(), "{join:?}");
            assumed.insert(port.id.0, join.clone());
        }
        for (port, join) in &assumed {
            let device = self.interfaces[port].device.0;
            assert!(self.is_through_part(device), "{device} has no cross-connects");
            assert_eq!(assumed.get(&join.to.0).map(|back| back.to.0), Some(*port));
        }
        while !assumed.is_empty() {
            let fits = |port: &u64, join: &mut Box<CrossConnect>| self.may_join(*port, join.to.0);
            let fitting: BTreeMap<_, _> = assumed.extract_if(.., fits).collect();
            assert!(!fitting.is_empty(), "these do not continue each other: {assumed:?}");
            for (port, join) in fitting {
                let port = self.interfaces.get_mut(&port).expect("it was found before");
                port.cross_connect = Some(join);
            }
        }
    }

    /// Whether each of the links at two ports of a part continues the other.
    fn may_join(&self, one: u64, other: u64) -> bool {
        let device = self.interfaces[&one].device.0;
        let links = self.links_of(device);
        let link = |port: u64| links.iter().find(|(_, at)| *at == port).expect("it carries one").0;
        self.far_end(device, link(one)).continues(self.far_end(device, link(other)))
    }
}
