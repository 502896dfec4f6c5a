//! Putting devices and links into service, planning and retiring them.

use super::Lifecycle;
use crate::domain::command::{Command, CommandKind};
use crate::domain::transaction::Transaction;
use crate::domain::{
    Device, DeviceId, EntityKey, EntityKind, Link, LinkId, Refusal, Selection, World,
};

/// Sets lifecycles: all of them, or none.
#[derive(Clone, Debug)]
pub struct SetLifecycles(pub Vec<LifecycleGroup>);

/// Devices and links that get the same lifecycle.
#[derive(Clone, Debug)]
pub struct LifecycleGroup {
    pub selection: Selection,
    /// The lifecycle that they have now; the command is refused if one has another. `None` replaces any.
    pub replaces: Option<Lifecycle>,
    pub lifecycle: Lifecycle,
    /// Links at the devices that have this lifecycle get the new one, too, where the device at the other
    /// end has it then.
    pub with_links: Option<Lifecycle>,
}

impl Command for SetLifecycles {
    /// How many links got the lifecycle with their devices.
    type Reply = usize;
    type Output = usize;

    fn kind(&self) -> CommandKind {
        CommandKind::SetLifecycles
    }

    fn run(self, transaction: &mut Transaction<'_>) -> Result<usize, Refusal> {
        let mut changed = Vec::new();
        for group in &self.0 {
            for entity in group.selection.entities() {
                let current = lifecycle_of(transaction.world(), entity)
                    .ok_or(Refusal::EntityNotFound(entity))?;
                if group.replaces.is_some_and(|seen| seen != current) {
                    changed.push(entity);
                }
            }
        }
        if !changed.is_empty() {
            return Err(Refusal::EntitiesChanged(changed));
        }
        for LifecycleGroup { selection, lifecycle, .. } in &self.0 {
            for id in &selection.devices {
                transaction.update::<Device>(*id, |device| device.lifecycle = *lifecycle);
            }
            for id in &selection.links {
                transaction.update::<Link>(*id, |link| link.lifecycle = *lifecycle);
            }
        }
        // The devices of all groups have theirs by now.
        let mut link_count = 0;
        for group in &self.0 {
            let following = group.following_links(transaction.world());
            link_count += following.len();
            for id in following {
                transaction.update::<Link>(id, |link| link.lifecycle = group.lifecycle);
            }
        }
        Ok(link_count)
    }

    fn reply(_: &World, link_count: usize) -> usize {
        link_count
    }
}

impl LifecycleGroup {
    /// The links that get the lifecycle with their devices, each once.
    fn following_links(&self, world: &World) -> Vec<LinkId> {
        let Some(with_links) = self.with_links.filter(|it| *it != self.lifecycle) else {
            return Vec::new();
        };
        let neighbours = self.selection.devices.iter().flat_map(|id| world.neighbours(*id));
        let is_ready = |id| world.device(id).is_some_and(|it| it.lifecycle == self.lifecycle);
        let mut links: Vec<LinkId> = neighbours
            .filter(|at| world.link(at.link).is_some_and(|link| link.lifecycle == with_links))
            .filter(|at| is_ready(at.device))
            .map(|at| at.link)
            .collect();
        links.sort_unstable();
        links.dedup();
        links
    }
}

fn lifecycle_of(world: &World, entity: EntityKey) -> Option<Lifecycle> {
    match entity.kind {
        EntityKind::Device => world.device(DeviceId(entity.id)).map(|device| device.lifecycle),
        EntityKind::Link => world.link(LinkId(entity.id)).map(|link| link.lifecycle),
        EntityKind::Interface => None,
    }
}
