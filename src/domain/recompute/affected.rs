//! What a transaction's changes can affect.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::domain::transaction::Transaction;
use crate::domain::{
    Change, Device, DeviceClass, DeviceId, DeviceType, Edit, Interface, InterfaceId, LinkId,
};

/// Entities whose status a transaction can affect: ascending and each once, so that the result
/// does not depend on the layout of maps.
#[derive(Default)]
pub(super) struct Affected {
    pub(super) devices: Vec<DeviceId>,
    pub(super) interfaces: Vec<InterfaceId>,
    pub(super) links: Vec<LinkId>,
    /// An active device that others depend on, or a link between two of them, changed.
    pub(super) is_core_affected: bool,
}

pub(super) fn affected_by(transaction: &Transaction<'_>) -> Affected {
    let mut collector = Collector {
        transaction,
        deleted_ports: deleted_ports(transaction.journal()),
        affected: Affected::default(),
    };
    for change in transaction.journal() {
        collector.add(change);
    }
    let mut affected = collector.affected;
    affected.devices.sort_unstable();
    affected.devices.dedup();
    affected.interfaces.sort_unstable();
    affected.interfaces.dedup();
    affected.links.sort_unstable();
    affected.links.dedup();
    affected
}

/// The device that each deleted port belonged to.
fn deleted_ports(journal: &[Change]) -> FxHashMap<InterfaceId, DeviceId> {
    let ports = journal.iter().filter_map(|change| match change {
        Change::Interface(edit) if edit.is_delete() => Some(edit.latest()),
        _ => None,
    });
    ports.map(|port| (port.id, port.device)).collect()
}

struct Collector<'t, 'w> {
    transaction: &'t Transaction<'w>,
    deleted_ports: FxHashMap<InterfaceId, DeviceId>,
    affected: Affected,
}

impl Collector<'_, '_> {
    fn add(&mut self, change: &Change) {
        match change {
            Change::Device(edit) => self.add_device(edit),
            Change::Interface(edit) => self.add_interface(edit),
            Change::Link(edit) => {
                self.affected.links.push(edit.latest().id);
                let links = edit.before.iter().chain(&edit.after);
                let ports: Vec<InterfaceId> = links.flat_map(|link| [link.a, link.b]).collect();
                let ends: Vec<DeviceId> =
                    ports.iter().filter_map(|port| self.device_at(*port)).collect();
                self.affected.is_core_affected |= ends.iter().any(|end| self.is_router(*end))
                    || ends.iter().all(|end| self.is_active(*end));
                self.affected.interfaces.extend(ports);
                self.affected.devices.extend(ends);
            }
        }
    }

    fn add_device(&mut self, edit: &Edit<Device>) {
        let device = edit.latest();
        let is_affecting = match (&edit.before, &edit.after) {
            (Some(before), Some(after)) => {
                before.status_override != after.status_override
                    || before.optics != after.optics
                    || before.lifecycle != after.lifecycle
            }
            _ => true,
        };
        if !is_affecting {
            return;
        }
        self.affected.devices.push(device.id);
        self.affected.is_core_affected |= device.device_type.class() == DeviceClass::Active;
        // An override counts for the device's links and for the devices behind them.
        let neighbours = self.transaction.world().neighbours(device.id);
        for neighbour in neighbours {
            self.affected.links.push(neighbour.link);
            self.affected.devices.push(neighbour.device);
        }
    }

    fn add_interface(&mut self, edit: &Edit<Interface>) {
        let cross_connect = |side: &Option<Arc<Interface>>| {
            side.as_ref().and_then(|port| port.cross_connect.clone())
        };
        let is_new_or_deleted = edit.before.is_none() || edit.after.is_none();
        let device = edit.latest().device;
        if cross_connect(&edit.before) != cross_connect(&edit.after)
            || is_new_or_deleted && self.depends_on_ports(device)
        {
            self.affected.devices.push(device);
        }
    }

    /// The loss of a splitter without a ratio of its own follows from the number of its outputs; whether a
    /// leaf was ever connected, from the times of its ports.
    fn depends_on_ports(&self, device: DeviceId) -> bool {
        self.transaction.world().device(device).is_some_and(|device| {
            device.device_type == DeviceType::Splitter
                || device.device_type.class() == DeviceClass::Leaf
        })
    }

    fn device_at(&self, port: InterfaceId) -> Option<DeviceId> {
        let current = self.transaction.world().interface(port).map(|port| port.device);
        current.or_else(|| self.deleted_ports.get(&port).copied())
    }

    /// Also true of a deleted device: it may have been a router.
    fn is_router(&self, device: DeviceId) -> bool {
        self.transaction.world().device(device).is_none_or(|device| device.device_type.is_router())
    }

    /// Also true of a deleted device.
    fn is_active(&self, device: DeviceId) -> bool {
        let device = self.transaction.world().device(device);
        device.is_none_or(|device| device.device_type.class() == DeviceClass::Active)
    }
}
