//! Where a leaf is connected.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::domain::{DeviceId, InterfaceId, Name};

/// An access node, its port, and the splitter next to the leaves: what technicians name a line by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessLine {
    /// The OLT, or the AON switch of an AON_CPE.
    pub node: DeviceId,
    /// The port of the node.
    pub port: InterfaceId,
    /// The name of that port, which never changes.
    pub port_name: Name,
    /// The splitter next to the leaves.
    pub splitter: Option<DeviceId>,
}

/// What serves a leaf: along its path, or while that is dark along the path it is designed to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServedBy {
    /// Shared by the leaves of one splitter: most sites have 32 times as many leaves as lines.
    pub line: Arc<AccessLine>,
    /// The port of the splitter that leads to the leaf.
    pub splitter_port: Option<InterfaceId>,
}

/// The lines of the leaves of a site while it is loaded: equal ones become the same.
#[derive(Debug, Default)]
pub struct AccessLines {
    /// By the port and the splitter.
    known: FxHashMap<(InterfaceId, Option<DeviceId>), Arc<AccessLine>>,
}

impl AccessLines {
    /// Lets a leaf share the line of an earlier one.
    pub fn share(&mut self, served: &mut ServedBy) {
        let key = (served.line.port, served.line.splitter);
        let known = self.known.entry(key).or_insert_with(|| Arc::clone(&served.line));
        if *known == served.line {
            served.line = Arc::clone(known);
        }
    }
}
