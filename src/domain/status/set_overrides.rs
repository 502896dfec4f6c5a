//! Overriding the status of many devices and links at once.

use crate::domain::command::{Command, CommandKind};
use crate::domain::transaction::Transaction;
use crate::domain::{
    Device, DeviceId, EntityKey, EntityKind, Link, LinkId, Override, Refusal, Selection, Timestamp,
    World,
};

/// Sets or clears overrides: all of them, or none.
#[derive(Clone, Debug)]
pub struct SetOverrides(pub Vec<OverrideGroup>);

/// Devices and links that get the same override.
#[derive(Clone, Debug)]
pub struct OverrideGroup {
    pub selection: Selection,
    /// The override that they have now; the command is refused if one has another. `None` replaces any.
    pub replaces: Option<Option<Override>>,
    /// `None` returns them to their computed status.
    pub status_override: Option<Override>,
}

impl Command for SetOverrides {
    type Reply = ();
    type Output = ();

    fn kind(&self) -> CommandKind {
        CommandKind::SetOverrides
    }

    fn run(self, transaction: &mut Transaction<'_>) -> Result<(), Refusal> {
        let mut changed = Vec::new();
        for group in &self.0 {
            if let Some(set) = &group.status_override {
                check_end(set, transaction.now())?;
            }
            for entity in group.selection.entities() {
                let current = override_of(transaction.world(), entity)?;
                if group.replaces.as_ref().is_some_and(|seen| seen.as_ref() != current) {
                    changed.push(entity);
                }
            }
        }
        if !changed.is_empty() {
            return Err(Refusal::EntitiesChanged(changed));
        }
        for group in &self.0 {
            for entity in group.selection.entities() {
                put_override(transaction, entity, group.status_override.as_ref());
            }
        }
        Ok(())
    }

    fn reply(_: &World, (): ()) {}
}

/// Refuses an end that is not after `now`.
pub(in crate::domain) fn check_end(set: &Override, now: Timestamp) -> Result<(), Refusal> {
    match set.ends_at {
        Some(at) if at <= now => Err(Refusal::OverrideEndPassed),
        _ => Ok(()),
    }
}

/// Returns the override of a device or link.
fn override_of(world: &World, entity: EntityKey) -> Result<Option<&Override>, Refusal> {
    let set = match entity.kind {
        EntityKind::Device => {
            world.device(DeviceId(entity.id)).map(|device| device.status_override.as_deref())
        }
        EntityKind::Link => {
            world.link(LinkId(entity.id)).map(|link| link.status_override.as_deref())
        }
        EntityKind::Interface => None,
    };
    set.ok_or(Refusal::EntityNotFound(entity))
}

/// Sets or clears the override of a device or link that exists.
pub(super) fn put_override(
    transaction: &mut Transaction<'_>,
    entity: EntityKey,
    set: Option<&Override>,
) {
    match entity.kind {
        EntityKind::Device => transaction.update::<Device>(DeviceId(entity.id), |device| {
            device.status_override = set.cloned().map(Box::new);
        }),
        EntityKind::Link => transaction.update::<Link>(LinkId(entity.id), |link| {
            link.status_override = set.cloned().map(Box::new);
        }),
        EntityKind::Interface => {}
    }
}
