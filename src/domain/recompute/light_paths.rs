//! The best optical path from an OLT to each device of a region (Dijkstra from all OLTs at once).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::is_working;
use super::region::Region;
use crate::domain::link::medium::{DOWNSTREAM_NM, UPSTREAM_NM, XGS_UPSTREAM_NM};
use crate::domain::optics::{self, PathLoss};
use crate::domain::{Device, DeviceId, DeviceType, Link, LinkId};

/// How to come to a device from its OLT.
#[derive(Clone)]
pub(super) struct Way<'w> {
    label: Label,
    pub(super) olt: &'w Device,
    /// The number of the device before it; `None` directly behind the OLT.
    pub(super) from: Option<usize>,
}

/// What a path is compared by, in this order: loss, length, hops, OLT, then the next device
/// towards it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Label {
    loss_down: i64,
    length_mm: i64,
    hops: u32,
    olt: DeviceId,
    towards: DeviceId,
    link: LinkId,
    /// Follow from the path; last, so that they never decide.
    loss_up: i64,
    loss_up_xgs: i64,
}

impl Way<'_> {
    /// The link towards the OLT.
    pub(super) fn link(&self) -> &LinkId {
        &self.label.link
    }

    pub(super) fn loss(&self) -> PathLoss {
        let Label { loss_down, loss_up, loss_up_xgs, .. } = self.label;
        PathLoss { down: loss_down, up: loss_up, up_xgs: loss_up_xgs }
    }
}

/// The way to each device, by its number.
pub(super) fn ways<'w>(region: &Region<'w>) -> Vec<Option<Way<'w>>> {
    let mut search =
        Search { region, best: vec![None; region.nodes.len()], queue: BinaryHeap::new() };
    for entry in &region.entries {
        let olt = entry.from;
        if entry.is_open && olt.device_type == DeviceType::Olt && is_working(olt) {
            let label = Label::at(olt.id).over(entry.link, olt.id);
            search.offer(entry.to, Way { label, olt, from: None });
        }
    }
    while let Some(Reverse((label, number))) = search.queue.pop() {
        search.go_on(number, label);
    }
    search.best
}

struct Search<'r, 'w> {
    region: &'r Region<'w>,
    best: Vec<Option<Way<'w>>>,
    /// Passive parts, through which ways go on.
    queue: BinaryHeap<Reverse<(Label, usize)>>,
}

impl<'w> Search<'_, 'w> {
    fn offer(&mut self, to: usize, way: Way<'w>) {
        if self.best[to].as_ref().is_some_and(|known| known.label <= way.label) {
            return;
        }
        if self.region.nodes[to].device.device_type.is_passive() {
            self.queue.push(Reverse((way.label, to)));
        }
        self.best[to] = Some(way);
    }

    fn go_on(&mut self, number: usize, label: Label) {
        let Some(way) = self.best[number].as_ref().filter(|way| way.label == label) else { return };
        let olt = way.olt;
        let node = &self.region.nodes[number];
        let behind = label.through(optics::of_passive(node.device, node.link_count));
        for step in self.region.steps(node).iter().filter(|step| step.is_open) {
            let label = behind.over(step.link, node.device.id);
            self.offer(step.to, Way { label, olt, from: Some(number) });
        }
    }
}

impl Label {
    fn at(olt: DeviceId) -> Self {
        Self {
            loss_down: 0,
            length_mm: 0,
            hops: 0,
            olt,
            towards: olt,
            link: LinkId(0),
            loss_up: 0,
            loss_up_xgs: 0,
        }
    }

    /// Behind a passive part with this loss.
    fn through(self, loss: i64) -> Self {
        Self {
            loss_down: self.loss_down + loss,
            loss_up: self.loss_up + loss,
            loss_up_xgs: self.loss_up_xgs + loss,
            ..self
        }
    }

    /// At the far end of a link that begins at `towards`.
    fn over(self, link: &Link, towards: DeviceId) -> Self {
        let loss = |nm| optics::of_fibre(link.length_km, link.medium, nm);
        Self {
            loss_down: self.loss_down + loss(DOWNSTREAM_NM),
            length_mm: self.length_mm + millimetres(link.length_km),
            hops: self.hops + 1,
            olt: self.olt,
            towards,
            link: link.id,
            loss_up: self.loss_up + loss(UPSTREAM_NM),
            loss_up_xgs: self.loss_up_xgs + loss(XGS_UPSTREAM_NM),
        }
    }
}

fn millimetres(length_km: Option<f64>) -> i64 {
    /// Far beyond the Earth's circumference; keeps sums far from overflow.
    const KM_MAX: f64 = 1e6;
    #[expect(clippy::cast_possible_truncation, reason = "bounded above; rounding is meant")]
    {
        (length_km.unwrap_or(0.0).min(KM_MAX) * 1e6).round() as i64
    }
}
