//! The best optical path from an OLT to each cell of a region (Dijkstra from all OLTs at once).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::access::AccessPoint;
use super::region::{Reach, Region, Walk};
use crate::domain::link::medium::{DOWNSTREAM_NM, UPSTREAM_NM, XGS_UPSTREAM_NM};
use crate::domain::optics::budget::PathLoss;
use crate::domain::optics::loss::fibre_loss;
use crate::domain::{Device, DeviceId, DeviceType, InterfaceId, Link, LinkId};

/// An optical path from an OLT to a cell.
#[derive(Clone)]
pub(super) struct LightPath<'w> {
    pub(super) rank: PathRank,
    pub(super) olt: &'w Device,
    /// The port that the link towards the OLT ends at there.
    pub(super) towards_port: InterfaceId,
    /// The number of the cell before it; `None` directly behind the OLT.
    pub(super) previous: Option<usize>,
}

/// What paths are compared by, in this order: loss, length, hops, OLT, then the next device
/// towards it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PathRank {
    loss_down: i64,
    length_mm: i64,
    hops: u32,
    olt: DeviceId,
    towards: DeviceId,
    link: LinkId,
    /// These follow from the path, so that they never decide; that is why they are last.
    loss_up: i64,
    loss_up_xgs: i64,
}

impl LightPath<'_> {
    /// The link towards the OLT.
    pub(super) fn link(&self) -> &LinkId {
        &self.rank.link
    }

    pub(super) fn loss(&self) -> PathLoss {
        let PathRank { loss_down, loss_up, loss_up_xgs, .. } = self.rank;
        PathLoss { down: loss_down, up: loss_up, up_xgs: loss_up_xgs }
    }
}

/// The path to each cell of the region, by its number.
pub(super) fn light_paths<'w>(region: &Region<'w>, reach: Reach) -> Vec<Option<LightPath<'w>>> {
    let best = vec![None; region.cells.len()];
    let mut search = Search { region, walk: region.walk(reach), best, queue: BinaryHeap::new() };
    for step in region.steps_from_outside(reach) {
        let olt = step.from;
        if olt.device_type == DeviceType::Olt {
            let rank = PathRank::from_olt(olt.id, step.link);
            let towards_port = step.from_port;
            search.offer(step.to, LightPath { rank, olt, towards_port, previous: None });
        }
    }
    while let Some(Reverse((rank, number))) = search.queue.pop() {
        search.extend(number, rank);
    }
    search.best
}

/// By the number of a cell.
pub(super) type LightPaths<'w> = [Option<LightPath<'w>>];

/// Puts the links from a cell to its OLT, nearest first, in the place of those in `links`.
pub(super) fn links_to_olt(paths: &LightPaths<'_>, cell: usize, links: &mut Vec<LinkId>) {
    links.clear();
    let mut at = Some(cell);
    while let Some(path) = at.and_then(|cell| paths[cell].as_ref()) {
        links.push(*path.link());
        at = path.previous;
    }
}

/// Where the path to a leaf's cell leads from.
pub(super) fn access_of(
    region: &Region<'_>,
    paths: &LightPaths<'_>,
    cell: usize,
) -> Option<AccessPoint> {
    let mut path = paths[cell].as_ref()?;
    let mut splitter = None;
    while let Some(previous) = path.previous {
        let device = region.device_of(previous);
        if splitter.is_none() && device.device_type == DeviceType::Splitter {
            splitter = Some((device.id, path.towards_port));
        }
        path = paths[previous].as_ref()?;
    }
    Some(AccessPoint { node: path.olt.id, port: path.towards_port, splitter })
}

struct Search<'r, 'w> {
    region: &'r Region<'w>,
    walk: Walk,
    best: Vec<Option<LightPath<'w>>>,
    /// Cells of passive parts, through which paths continue.
    queue: BinaryHeap<Reverse<(PathRank, usize)>>,
}

impl<'w> Search<'_, 'w> {
    fn offer(&mut self, to: usize, path: LightPath<'w>) {
        if self.best[to].as_ref().is_some_and(|known| known.rank <= path.rank) {
            return;
        }
        if self.region.cells[to].is_passive() {
            self.queue.push(Reverse((path.rank, to)));
        }
        self.best[to] = Some(path);
    }

    fn extend(&mut self, number: usize, rank: PathRank) {
        let Some(path) = self.best[number].as_ref().filter(|path| path.rank == rank) else {
            return;
        };
        let olt = path.olt;
        let cell = &self.region.cells[number];
        let behind = rank.through(cell.loss.unwrap_or_default());
        for step in self.region.steps_from(cell, &mut self.walk) {
            let rank = behind.over(step.link, step.from.id);
            let (towards_port, previous) = (step.from_port, Some(number));
            self.offer(step.to, LightPath { rank, olt, towards_port, previous });
        }
    }
}

impl PathRank {
    /// At the far end of a link that begins at the OLT.
    fn from_olt(olt: DeviceId, link: &Link) -> Self {
        let start = Self {
            loss_down: 0,
            length_mm: 0,
            hops: 0,
            olt,
            towards: olt,
            link: link.id,
            loss_up: 0,
            loss_up_xgs: 0,
        };
        start.over(link, olt)
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
        let loss = |nm| fibre_loss(link.length_km, link.medium, nm);
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
