//! The commands that change cross-connects.

use std::sync::Arc;

use crate::domain::command::{Command, CommandKind};
use crate::domain::plant::assumed_joins::put_join;
use crate::domain::plant::joins::{cross_connect, is_through_part};
use crate::domain::transaction::Transaction;
use crate::domain::{DeviceId, Interface, InterfaceId, Refusal, World};

/// A cross-connect to record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NewCrossConnect {
    pub ports: [InterfaceId; 2],
    pub loss_db: Option<f64>,
}

/// Records cross-connects of an ODF, NVT or HOP: all of them, or none. One that exists gets the loss
/// that is given, and is no longer assumed.
#[derive(Clone, Debug)]
pub struct AddCrossConnects {
    pub device: DeviceId,
    pub cross_connects: Vec<NewCrossConnect>,
}

/// Records these cross-connects of an ODF, NVT or HOP, and removes all others of it.
#[derive(Clone, Debug)]
pub struct ReplaceCrossConnects {
    pub device: DeviceId,
    pub cross_connects: Vec<NewCrossConnect>,
}

/// Removes the cross-connect at a port.
#[derive(Clone, Copy, Debug)]
pub struct RemoveCrossConnect {
    pub device: DeviceId,
    pub port: InterfaceId,
}

impl Command for AddCrossConnects {
    /// The ports of the device that have cross-connects then, in the order of their creation.
    type Reply = Vec<Arc<Interface>>;
    type Output = DeviceId;

    fn kind(&self) -> CommandKind {
        CommandKind::AddCrossConnects
    }

    fn run(self, transaction: &mut Transaction<'_>) -> Result<DeviceId, Refusal> {
        for new in self.cross_connects {
            add(transaction, self.device, new)?;
        }
        check_has_cross_connects(transaction.world(), self.device).map(|()| self.device)
    }

    fn reply(world: &World, device: DeviceId) -> Vec<Arc<Interface>> {
        ports_of(world, device)
    }
}

impl Command for ReplaceCrossConnects {
    /// The ports of the device that have cross-connects then, in the order of their creation.
    type Reply = Vec<Arc<Interface>>;
    type Output = DeviceId;

    fn kind(&self) -> CommandKind {
        CommandKind::ReplaceCrossConnects
    }

    fn run(self, transaction: &mut Transaction<'_>) -> Result<DeviceId, Refusal> {
        check_has_cross_connects(transaction.world(), self.device)?;
        for port in transaction.world().ports(self.device).to_vec() {
            let to = cross_connect(transaction.world(), port).map(|joined| joined.to);
            let stays = |new: &NewCrossConnect| {
                to.is_some_and(|to| new.ports == [port, to] || new.ports == [to, port])
            };
            if !self.cross_connects.iter().any(stays) {
                remove(transaction, port);
            }
        }
        for new in self.cross_connects {
            add(transaction, self.device, new)?;
        }
        Ok(self.device)
    }

    fn reply(world: &World, device: DeviceId) -> Vec<Arc<Interface>> {
        ports_of(world, device)
    }
}

impl Command for RemoveCrossConnect {
    /// The ports of the device that have cross-connects then, in the order of their creation.
    type Reply = Vec<Arc<Interface>>;
    type Output = DeviceId;

    fn kind(&self) -> CommandKind {
        CommandKind::RemoveCrossConnect
    }

    fn run(self, transaction: &mut Transaction<'_>) -> Result<DeviceId, Refusal> {
        let Self { device, port } = self;
        check_has_cross_connects(transaction.world(), device)?;
        check_port(transaction.world(), device, port)?;
        if cross_connect(transaction.world(), port).is_none() {
            return Err(Refusal::NotCrossConnected(name_of(transaction.world(), port)));
        }
        remove(transaction, port);
        Ok(device)
    }

    fn reply(world: &World, device: DeviceId) -> Vec<Arc<Interface>> {
        ports_of(world, device)
    }
}

/// Records a cross-connect, or confirms the one that exists.
pub(in crate::domain) fn add(
    transaction: &mut Transaction<'_>,
    device: DeviceId,
    new: NewCrossConnect,
) -> Result<(), Refusal> {
    let world = transaction.world();
    check_has_cross_connects(world, device)?;
    let [a, b] = new.ports;
    for port in [a, b] {
        check_port(world, device, port)?;
    }
    if a == b {
        return Err(Refusal::SelfCrossConnect(name_of(world, a)));
    }
    for (port, other) in [(a, b), (b, a)] {
        if let Some(joined) = cross_connect(world, port).filter(|joined| joined.to != other) {
            return Err(Refusal::CrossConnected {
                port: name_of(world, port),
                to: name_of(world, joined.to),
            });
        }
    }
    put_join(transaction, new.ports, new.loss_db, false);
    Ok(())
}

/// Removes the cross-connect at a port, if there is one.
pub(in crate::domain) fn remove(transaction: &mut Transaction<'_>, port: InterfaceId) {
    let to = cross_connect(transaction.world(), port).map(|joined| joined.to);
    for port in to.into_iter().chain([port]) {
        transaction.update::<Interface>(port, |port| port.cross_connect = None);
    }
}

fn check_has_cross_connects(world: &World, device: DeviceId) -> Result<(), Refusal> {
    let found = world.device(device).ok_or(Refusal::DeviceNotFound)?;
    if is_through_part(world, device) {
        Ok(())
    } else {
        Err(Refusal::HasNoCrossConnects(found.device_type))
    }
}

fn check_port(world: &World, device: DeviceId, port: InterfaceId) -> Result<(), Refusal> {
    match world.interface(port) {
        Some(port) if port.device == device => Ok(()),
        _ => Err(Refusal::PortNotOfDevice(port)),
    }
}

fn name_of(world: &World, port: InterfaceId) -> String {
    world.interface(port).map_or_else(String::new, |port| port.name.to_string())
}

fn ports_of(world: &World, device: DeviceId) -> Vec<Arc<Interface>> {
    let ports = world.ports(device).iter().filter_map(|port| world.interface(*port));
    ports.filter(|port| port.cross_connect.is_some()).cloned().collect()
}
