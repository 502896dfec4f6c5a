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
}

impl Command for SetLifecycles {
    type Reply = ();
    type Output = ();

    fn kind(&self) -> CommandKind {
        CommandKind::SetLifecycles
    }

    fn run(self, transaction: &mut Transaction<'_>) -> Result<(), Refusal> {
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
        for LifecycleGroup { selection, lifecycle, .. } in self.0 {
            for id in selection.devices {
                transaction.update::<Device>(id, |device| device.lifecycle = lifecycle);
            }
            for id in selection.links {
                transaction.update::<Link>(id, |link| link.lifecycle = lifecycle);
            }
        }
        Ok(())
    }

    fn reply(_: &World, (): ()) {}
}

fn lifecycle_of(world: &World, entity: EntityKey) -> Option<Lifecycle> {
    match entity.kind {
        EntityKind::Device => world.device(DeviceId(entity.id)).map(|device| device.lifecycle),
        EntityKind::Link => world.link(LinkId(entity.id)).map(|link| link.lifecycle),
        EntityKind::Interface => None,
    }
}
