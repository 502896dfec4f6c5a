//! Creating a link between two interfaces.

use std::sync::Arc;

use super::Link;
use super::rules::rule_between;
use crate::domain::command::{Command, CommandKind};
use crate::domain::interface::join;
use crate::domain::plant::assumed_joins::join_new_link;
use crate::domain::transaction::Transaction;
use crate::domain::{
    DeviceId, Interface, InterfaceId, Lifecycle, LinkId, Medium, NewCrossConnect, Override,
    Refusal, Status, World,
};

/// Creates a link between two existing interfaces.
#[derive(Clone, Copy, Debug)]
pub struct CreateLink {
    pub a: InterfaceId,
    pub b: InterfaceId,
    pub length_km: Option<f64>,
    pub medium: Option<Medium>,
    pub joins: [EndJoin; 2],
    /// Apply the link rules; `false` is for raw repairs.
    pub validate: bool,
}

/// What the port of a new link is cross-connected with, where it is one of an ODF, NVT or HOP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EndJoin {
    /// By the rule of [`crate::domain::plant::assumed_joins`].
    #[default]
    Assumed,
    /// With this port.
    With(InterfaceId),
    /// With none.
    Nothing,
}

impl Command for CreateLink {
    type Reply = Arc<Link>;
    type Output = LinkId;

    fn kind(&self) -> CommandKind {
        CommandKind::CreateLink
    }

    fn run(self, transaction: &mut Transaction<'_>) -> Result<LinkId, Refusal> {
        let world = transaction.world();
        let a = world.interface(self.a).ok_or(Refusal::InterfaceNotFound)?;
        let b = world.interface(self.b).ok_or(Refusal::InterfaceNotFound)?;
        check_ends(world, a.device, b.device, self.validate)?;
        for end in [a, b] {
            check_can_carry_link(end)?;
            if world.link_at(end.id).is_some() {
                return Err(Refusal::InterfaceLinked);
            }
        }
        let link = put_link(transaction, [self.a, self.b], self.length_km, self.medium, None)?;
        join_ends(transaction, link, self.joins)?;
        Ok(link)
    }

    fn reply(world: &World, id: LinkId) -> Arc<Link> {
        world.existing_link(id)
    }
}

/// Cross-connects the ports of a new link with those that are named, and the others by the rule.
pub(super) fn join_ends(
    transaction: &mut Transaction<'_>,
    link: LinkId,
    joins: [EndJoin; 2],
) -> Result<(), Refusal> {
    let ends = transaction.world().link(link).map(|link| [link.a, link.b]);
    let ends = || ends.into_iter().flatten().zip(joins);
    for (port, join) in ends() {
        let device = transaction.world().interface(port).map(|port| port.device);
        if let (Some(device), EndJoin::With(to)) = (device, join) {
            let new = NewCrossConnect { ports: [port, to], loss_db: None };
            join::add(transaction, device, new)?;
        }
    }
    join_new_link(transaction, link);
    for (port, join) in ends() {
        if join == EndJoin::Nothing {
            join::remove(transaction, port);
        }
    }
    Ok(())
}

/// Both devices exist, differ, and may be linked.
pub(super) fn check_ends(
    world: &World,
    a: DeviceId,
    b: DeviceId,
    validate: bool,
) -> Result<(), Refusal> {
    if a == b {
        return Err(Refusal::SelfLink);
    }
    let type_of = |id| world.device(id).map(|device| device.device_type);
    let (a, b) =
        (type_of(a).ok_or(Refusal::DeviceNotFound)?, type_of(b).ok_or(Refusal::DeviceNotFound)?);
    let is_container = a.is_container() || b.is_container();
    if is_container || (validate && rule_between(a, b).is_none()) {
        return Err(Refusal::NoLinkRule(a, b));
    }
    Ok(())
}

pub(super) fn check_can_carry_link(port: &Interface) -> Result<(), Refusal> {
    if port.can_carry_link() {
        Ok(())
    } else {
        Err(Refusal::CannotCarryLink(port.name.to_string()))
    }
}

/// Creates a link without a check of any rule.
pub(in crate::domain) fn put_link(
    transaction: &mut Transaction<'_>,
    [a, b]: [InterfaceId; 2],
    length_km: Option<f64>,
    medium: Option<Medium>,
    status_override: Option<Override>,
) -> Result<LinkId, Refusal> {
    let id = transaction.next_link_id()?;
    let now = transaction.now();
    transaction.put(Link {
        id,
        a,
        b,
        length_km,
        medium,
        lifecycle: Lifecycle::InService,
        status: Status::Up,
        status_override: status_override.map(Box::new),
        status_since: now,
        created_at: now,
        updated_at: now,
    });
    Ok(id)
}
