//! The rule for fibres whose cross-connects nobody has recorded.
//!
//! UNOC v2 and older clients know no cross-connects. As long as a part passes to every port, nothing
//! needs to be recorded. Otherwise each link is joined with the oldest unjoined link of the part that
//! it can continue: an OLT's with a splitter's input, a splitter's output with a subscriber's, a
//! router's with one that may be linked with it. The cross-connect is marked as assumed, and the
//! part has the reason [`Reason::JoinsAssumed`]; what finds no partner stays unjoined, and the part
//! of a drop has the reason [`Reason::JoinsNotRecorded`].

use std::collections::VecDeque;

use rustc_hash::FxHashSet;

use super::far_end::{FarEnd, FarEnds};
use super::joins::{LinkedPort, cross_connect, has_cross_connects, is_through_part, linked_ports};
use super::passage::{Passage, exits, passage};
use crate::domain::transaction::Transaction;
use crate::domain::{
    CrossConnect, DeviceId, Interface, InterfaceId, LinkId, Reason, Reasons, World,
};

/// Joins what a new link leads to, at its ends and at the parts behind them.
pub(in crate::domain) fn join_new_link(transaction: &mut Transaction<'_>, link: LinkId) {
    let Some(ends) = transaction.world().ends(link) else { return };
    // An end is reached from the other one over the link.
    let mut queue: VecDeque<(DeviceId, LinkId)> = ends.map(|end| (end, link)).into();
    let mut seen: FxHashSet<InterfaceId> = FxHashSet::default();
    // Parts that pass to every port: whatever way it comes back to one, the walk has been behind it.
    let mut passed: FxHashSet<DeviceId> = FxHashSet::default();
    while let Some((from, link)) = queue.pop_front() {
        let Some((part, port)) = transaction.world().other_end(from, link) else { continue };
        if !is_through_part(transaction.world(), part)
            || passed.contains(&part)
            || !seen.insert(port)
        {
            continue;
        }
        if has_cross_connects(transaction.world(), part) {
            join_link(transaction, part, LinkedPort { link, port });
        } else {
            join_links_of(transaction, part);
        }
        let world = transaction.world();
        let Some(device) = world.device(part) else { continue };
        if !has_cross_connects(world, part) && passage(world, part) == Passage::EveryPort {
            passed.insert(part);
        }
        queue.extend(exits(world, device, port).into_iter().map(|link| (part, link)));
    }
}

/// Joins the links of a site that has no cross-connects at all, because it comes from before them.
pub(in crate::domain) fn join_site_without_cross_connects(transaction: &mut Transaction<'_>) {
    let world = transaction.world();
    if world.interfaces().any(|port| port.cross_connect.is_some()) {
        return;
    }
    let parts = world.devices_by_id().map(|device| device.id);
    let parts: Vec<DeviceId> = parts.filter(|id| is_through_part(world, *id)).collect();
    for part in parts {
        join_links_of(transaction, part);
    }
}

/// Why the way through an ODF, NVT or HOP is not certain.
pub(in crate::domain) fn uncertainty(world: &World, part: DeviceId, passage: Passage) -> Reasons {
    let links = linked_ports(world, part);
    let mut ends = FarEnds::new(world, part);
    let mut is_unjoined_drop =
        |at: &LinkedPort| cross_connect(world, at.port).is_none() && ends.of(at.link).is_drop();
    let is_not_recorded = match passage {
        Passage::EveryPort => links.len() > 2,
        Passage::CrossConnects => links.iter().any(&mut is_unjoined_drop),
    };
    let is_assumed = |at: &LinkedPort| {
        cross_connect(world, at.port).is_some_and(|cross_connect| cross_connect.is_assumed)
    };
    let mut reasons = Reasons::NONE;
    if is_not_recorded {
        reasons = reasons.with(Reason::JoinsNotRecorded);
    }
    if links.iter().any(is_assumed) {
        reasons = reasons.with(Reason::JoinsAssumed);
    }
    reasons
}

/// Joins all links of a part that has no cross-connects, oldest first, unless it passes to every
/// port.
fn join_links_of(transaction: &mut Transaction<'_>, part: DeviceId) {
    let world = transaction.world();
    if passage(world, part) == Passage::EveryPort {
        return;
    }
    let mut ends = FarEnds::new(world, part);
    let mut joins = Vec::new();
    let mut unjoined = UnjoinedPorts::default();
    for at in linked_ports(world, part) {
        let end = ends.of(at.link);
        match unjoined.take_oldest(end) {
            Some(older) => joins.push([older, at.port]),
            None => unjoined.push(end, at),
        }
    }
    for ports in joins {
        put_join(transaction, ports, None, true);
    }
}

/// Ports of a part that found no partner, by what they lead to, of which there are few kinds.
#[derive(Default)]
struct UnjoinedPorts(Vec<(FarEnd, VecDeque<LinkedPort>)>);

impl UnjoinedPorts {
    /// Takes the port with the oldest link that one to `end` continues.
    fn take_oldest(&mut self, end: FarEnd) -> Option<InterfaceId> {
        let queues =
            self.0.iter_mut().filter(|(older, queue)| older.can_meet(end) && !queue.is_empty());
        let (_, queue) = queues.min_by_key(|(_, queue)| queue.front().map(|at| at.link))?;
        queue.pop_front().map(|at| at.port)
    }

    /// Adds a port, whose link is newer than those that are there.
    fn push(&mut self, end: FarEnd, at: LinkedPort) {
        match self.0.iter_mut().find(|(known, _)| *known == end) {
            Some((_, queue)) => queue.push_back(at),
            None => self.0.push((end, VecDeque::from([at]))),
        }
    }
}

/// Joins a link with the oldest unjoined link of its part that it can continue, if there is one.
fn join_link(transaction: &mut Transaction<'_>, part: DeviceId, new: LinkedPort) {
    let world = transaction.world();
    if cross_connect(world, new.port).is_some() {
        return;
    }
    let mut ends = FarEnds::new(world, part);
    let end = ends.of(new.link);
    let mut others = linked_ports(world, part)
        .into_iter()
        .filter(|other| other.port != new.port && cross_connect(world, other.port).is_none());
    let partner = others.find(|other| end.can_meet(ends.of(other.link)));
    if let Some(partner) = partner {
        put_join(transaction, [new.port, partner.port], None, true);
    }
}

/// Joins two ports without a check of any rule.
pub(in crate::domain) fn put_join(
    transaction: &mut Transaction<'_>,
    [a, b]: [InterfaceId; 2],
    loss_db: Option<f64>,
    is_assumed: bool,
) {
    for (port, to) in [(a, b), (b, a)] {
        let cross_connect = Some(Box::new(CrossConnect { to, loss_db, is_assumed }));
        transaction.update::<Interface>(port, |port| port.cross_connect = cross_connect);
    }
}
