//! Where customers are connected: the access node, its port, and the splitter.

use rustc_hash::FxHashMap;

use super::way_up::{Arrival, recorded_path, way_up};
use crate::domain::{
    Device, DeviceClass, DeviceId, DeviceType, InterfaceId, LinkId, Neighbour, World,
};

/// Where a customer is connected, also while nothing works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccessLine {
    /// The OLT or AON switch; `None` where nothing leads to one.
    pub node: Option<DeviceId>,
    /// The port of the OLT or AON switch.
    pub port: Option<InterfaceId>,
    /// The splitter next to the customer.
    pub splitter: Option<DeviceId>,
}

/// The lines of many customers; those behind one splitter are found once.
pub struct AccessLines<'w> {
    world: &'w World,
    behind_splitter: FxHashMap<DeviceId, AccessLine>,
}

impl<'w> AccessLines<'w> {
    pub fn new(world: &'w World) -> Self {
        Self { world, behind_splitter: FxHashMap::default() }
    }

    /// The line of a leaf.
    pub fn of(&mut self, leaf: &Device) -> AccessLine {
        let [next] = self.world.neighbours(leaf.id) else { return self.find(leaf.id) };
        let splitter = self.world.device(next.device);
        if splitter.is_none_or(|device| device.device_type != DeviceType::Splitter) {
            return self.find(leaf.id);
        }
        if let Some(known) = self.behind_splitter.get(&next.device) {
            return *known;
        }
        let line = self.find(leaf.id);
        self.behind_splitter.insert(next.device, line);
        line
    }

    fn find(&self, leaf: DeviceId) -> AccessLine {
        let is_node = |device: &Device| device.device_type.class() == DeviceClass::Active;
        let mut steps = recorded_path(self.world, leaf, is_node);
        let end = steps.last().and_then(|step| self.world.device(step.device));
        if !end.is_some_and(|end| is_node(end)) {
            steps = way_up(self.world, Arrival::at(leaf), is_node).unwrap_or_default();
        }
        let is_splitter = |step: &&Neighbour| {
            let device = self.world.device(step.device);
            device.is_some_and(|device| device.device_type == DeviceType::Splitter)
        };
        let splitter = steps.iter().find(is_splitter).map(|step| step.device);
        let end = steps.last();
        AccessLine {
            node: end.map(|step| step.device),
            port: end.and_then(|step| self.port_of(step.link, step.device)),
            splitter,
        }
    }

    /// The port at which a link ends at a device.
    fn port_of(&self, link: LinkId, device: DeviceId) -> Option<InterfaceId> {
        let link = self.world.link(link)?;
        let is_there = |port: &InterfaceId| {
            self.world.interface(*port).is_some_and(|port| port.device == device)
        };
        [link.a, link.b].into_iter().find(is_there)
    }
}
