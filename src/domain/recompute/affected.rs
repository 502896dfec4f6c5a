//! What a session's changes may have an effect on.

use rustc_hash::FxHashMap;

use crate::domain::transaction::Transaction;
use crate::domain::{Change, Device, DeviceClass, DeviceId, Edit, InterfaceId, LinkId};

/// Ids in order and once each, so that the result does not depend on how maps are laid out.
pub(super) struct Touched {
    pub(super) devices: Vec<DeviceId>,
    pub(super) interfaces: Vec<InterfaceId>,
    pub(super) links: Vec<LinkId>,
    /// Some active device that others depend on, or a link between two of them, changed.
    pub(super) is_core_touched: bool,
}

pub(super) fn of(transaction: &Transaction<'_>) -> Touched {
    let mut collector = Collector {
        transaction,
        gone_ports: gone_ports(transaction.journal()),
        touched: Touched {
            devices: Vec::new(),
            interfaces: Vec::new(),
            links: Vec::new(),
            is_core_touched: false,
        },
    };
    for change in transaction.journal() {
        collector.add(change);
    }
    let mut touched = collector.touched;
    touched.devices.sort_unstable();
    touched.devices.dedup();
    touched.interfaces.sort_unstable();
    touched.interfaces.dedup();
    touched.links.sort_unstable();
    touched.links.dedup();
    touched
}

/// Which device a deleted port belonged to.
fn gone_ports(journal: &[Change]) -> FxHashMap<InterfaceId, DeviceId> {
    let ports = journal.iter().filter_map(|change| match change {
        Change::Interface(edit) if edit.is_delete() => Some(edit.latest()),
        _ => None,
    });
    ports.map(|port| (port.id, port.device)).collect()
}

struct Collector<'e, 'w> {
    transaction: &'e Transaction<'w>,
    gone_ports: FxHashMap<InterfaceId, DeviceId>,
    touched: Touched,
}

impl Collector<'_, '_> {
    fn add(&mut self, change: &Change) {
        match change {
            Change::Device(edit) => self.add_device(edit),
            Change::Interface(_) => {}
            Change::Link(edit) => {
                self.touched.links.push(edit.latest().id);
                let links = edit.before.iter().chain(&edit.after);
                let ports: Vec<InterfaceId> = links.flat_map(|link| [link.a, link.b]).collect();
                let ends: Vec<DeviceId> =
                    ports.iter().filter_map(|port| self.device_at(*port)).collect();
                self.touched.is_core_touched |= ends.iter().any(|end| self.is_router(*end))
                    || ends.iter().all(|end| self.is_core(*end));
                self.touched.interfaces.extend(ports);
                self.touched.devices.extend(ends);
            }
        }
    }

    fn add_device(&mut self, edit: &Edit<Device>) {
        let device = edit.latest();
        let differs = match (&edit.before, &edit.after) {
            (Some(before), Some(after)) => {
                before.status_override != after.status_override || before.optics != after.optics
            }
            _ => true,
        };
        if !differs {
            return;
        }
        self.touched.devices.push(device.id);
        self.touched.is_core_touched |= device.device_type.class() == DeviceClass::Active;
        // What an operator says of a device counts for its links and for those behind them.
        let neighbours = self.transaction.world().neighbours(device.id);
        for neighbour in neighbours {
            self.touched.links.push(neighbour.link);
            self.touched.devices.push(neighbour.device);
        }
    }

    fn device_at(&self, port: InterfaceId) -> Option<DeviceId> {
        let port_now = self.transaction.world().interface(port).map(|port| port.device);
        port_now.or_else(|| self.gone_ports.get(&port).copied())
    }

    /// Deleted devices count: they may have been routers.
    fn is_router(&self, device: DeviceId) -> bool {
        self.transaction.world().device(device).is_none_or(|device| device.device_type.is_router())
    }

    fn is_core(&self, device: DeviceId) -> bool {
        let device = self.transaction.world().device(device);
        device.is_none_or(|device| device.device_type.class() == DeviceClass::Active)
    }
}
