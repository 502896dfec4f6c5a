//! The best optical path from an OLT to each cell of a region (Dijkstra from all OLTs at once).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::reachability::is_working;
use super::region::{Region, Step};
use crate::domain::link::medium::{DOWNSTREAM_NM, UPSTREAM_NM, XGS_UPSTREAM_NM};
use crate::domain::optics::budget::PathLoss;
use crate::domain::optics::loss::fibre_loss;
use crate::domain::{Device, DeviceId, DeviceType, Link, LinkId};

/// An optical path from an OLT to a cell.
#[derive(Clone)]
pub(super) struct LightPath<'w> {
    pub(super) rank: PathRank,
    pub(super) olt: &'w Device,
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
pub(super) fn light_paths<'w>(region: &Region<'w>) -> Vec<Option<LightPath<'w>>> {
    let mut search =
        Search { region, best: vec![None; region.cells.len()], queue: BinaryHeap::new() };
    for Step { link, from: olt, to } in region.steps_from_outside() {
        if olt.device_type == DeviceType::Olt && is_working(olt) {
            let rank = PathRank::from_olt(olt.id, link);
            search.offer(to, LightPath { rank, olt, previous: None });
        }
    }
    while let Some(Reverse((rank, number))) = search.queue.pop() {
        search.extend(number, rank);
    }
    search.best
}

struct Search<'r, 'w> {
    region: &'r Region<'w>,
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
        for Step { link, from, to } in self.region.steps_from(cell) {
            let rank = behind.over(link, from.id);
            self.offer(to, LightPath { rank, olt, previous: Some(number) });
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
