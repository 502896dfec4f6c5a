//! The path from an AON switch to each cell of a region.

use std::collections::VecDeque;

use super::access::AccessPoint;
use super::region::{Reach, Region, Step};
use crate::domain::{DeviceId, DeviceType, InterfaceId, LinkId};

/// The next hop towards an AON switch.
#[derive(Clone, Copy)]
pub(super) struct SwitchHop {
    link: LinkId,
    /// The device that it leads to, and the port that it ends at there.
    to: (DeviceId, InterfaceId),
    /// The number of the cell there; `None` for the switch itself.
    next: Option<usize>,
}

impl SwitchHop {
    /// The way back over a step from a cell, or from the switch.
    fn over(step: &Step<'_, '_>, next: Option<usize>) -> Self {
        Self { link: step.link.id, to: (step.from.id, step.from_port), next }
    }
}

/// By the number of a cell, the next hop to an AON switch through passive parts: breadth first, so with
/// the fewest hops.
pub(super) fn switch_paths(region: &Region<'_>, reach: Reach) -> Vec<Option<SwitchHop>> {
    let mut paths: Vec<Option<SwitchHop>> = vec![None; region.cells.len()];
    let mut queue = VecDeque::new();
    let mut walk = region.walk(reach);
    for step in region.steps_from_outside(reach) {
        if step.from.device_type == DeviceType::AonSwitch && paths[step.to].is_none() {
            paths[step.to] = Some(SwitchHop::over(&step, None));
            queue.push_back(step.to);
        }
    }
    while let Some(number) = queue.pop_front() {
        let cell = &region.cells[number];
        if !cell.is_passive() {
            continue;
        }
        for step in region.steps_from(cell, &mut walk) {
            if paths[step.to].is_none() {
                paths[step.to] = Some(SwitchHop::over(&step, Some(number)));
                queue.push_back(step.to);
            }
        }
    }
    paths
}

/// The links from a cell to its switch, nearest first.
pub(super) fn links_to_switch(paths: &[Option<SwitchHop>], cell: usize) -> Vec<LinkId> {
    let mut links = Vec::new();
    let mut at = Some(cell);
    while let Some(hop) = at.and_then(|cell| paths[cell]) {
        links.push(hop.link);
        at = hop.next;
    }
    links
}

/// Where the path to a leaf's cell leads from.
pub(super) fn access_of(
    region: &Region<'_>,
    paths: &[Option<SwitchHop>],
    cell: usize,
) -> Option<AccessPoint> {
    let mut hop = paths[cell]?;
    let mut splitter = None;
    while let Some(next) = hop.next {
        if splitter.is_none() && region.device_of(next).device_type == DeviceType::Splitter {
            splitter = Some(hop.to);
        }
        hop = paths[next]?;
    }
    let (node, port) = hop.to;
    Some(AccessPoint { node, port, splitter })
}
