//! Which access line serves a leaf.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::region::Region;
use crate::domain::{AccessLine, Device, DeviceId, InterfaceId, ServedBy, World};

/// The access node at the upper end of a path, and the splitter at its lower end.
#[derive(Clone, Copy)]
pub(super) struct AccessPoint {
    pub(super) node: DeviceId,
    /// The port of the node that the path begins at.
    pub(super) port: InterfaceId,
    /// The splitter next to the leaf, and its port towards the leaf.
    pub(super) splitter: Option<(DeviceId, InterfaceId)>,
}

impl AccessPoint {
    fn is_of(self, served: &ServedBy) -> bool {
        let AccessLine { node, port, splitter, .. } = *served.line;
        let exit = splitter.zip(served.splitter_port);
        (self.node, self.port, self.splitter) == (node, port, exit)
    }
}

/// By the port of the access node and the splitter.
type LineKey = (InterfaceId, Option<DeviceId>);

/// The lines of a region: leaves with the same line share it.
pub(super) struct RegionLines<'r, 'w> {
    world: &'w World,
    region: &'r Region<'w>,
    /// Empty until the line of any leaf has changed.
    lines: FxHashMap<LineKey, Arc<AccessLine>>,
}

impl<'r, 'w> RegionLines<'r, 'w> {
    pub(super) fn new(world: &'w World, region: &'r Region<'w>) -> Self {
        Self { world, region, lines: FxHashMap::default() }
    }

    /// What serves a leaf that is reached so.
    pub(super) fn served_by(&mut self, leaf: &Device, access: AccessPoint) -> Option<ServedBy> {
        if let Some(served) = leaf.served_by.as_ref().filter(|served| access.is_of(served)) {
            return Some(served.clone());
        }
        if self.lines.is_empty() {
            let served = self.region.devices.iter().filter_map(|one| one.device.served_by.as_ref());
            let known = served.map(|one| ((one.line.port, one.line.splitter), &one.line));
            self.lines = known.map(|(key, line)| (key, Arc::clone(line))).collect();
        }
        let AccessPoint { node, port, splitter } = access;
        let key = (port, splitter.map(|(splitter, _)| splitter));
        let line = match self.lines.get(&key) {
            Some(line) => Arc::clone(line),
            None => {
                let port_name = self.world.interface(port)?.name.clone();
                let line = AccessLine { node, port, port_name, splitter: key.1 };
                Arc::clone(self.lines.entry(key).or_insert_with(|| Arc::new(line)))
            }
        };
        Some(ServedBy { line, splitter_port: splitter.map(|(_, port)| port) })
    }
}
