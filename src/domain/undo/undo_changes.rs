//! The command that undoes earlier ones.

use super::checks::overfull_devices;
use super::obstacle::UndoObstacles;
use super::plan::UndoPlan;
use crate::domain::command::{Command, CommandKind};
use crate::domain::transaction::Transaction;
use crate::domain::{Change, DeviceId, Refusal, World};

/// Undoes what earlier commands changed themselves: it deletes what they created, creates what they
/// deleted, with the same ids, and sets the fields that they set to what they were. Other changes since
/// stay. Refused as a whole when the same was changed since, or when something depends on it.
#[derive(Clone, Debug)]
pub struct UndoChanges {
    /// The rows of those commands in the audit trail.
    pub rows: Vec<u64>,
    /// What those commands changed themselves, in the order in which they did. Changes that followed may
    /// be among them: computed fields are ignored.
    pub changes: Vec<Change>,
}

/// How much an undo changed, without what followed from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UndoneCounts {
    pub devices: usize,
    pub interfaces: usize,
    pub links: usize,
}

impl Command for UndoChanges {
    type Reply = UndoneCounts;
    type Output = UndoneCounts;

    fn kind(&self) -> CommandKind {
        CommandKind::UndoChanges
    }

    fn undone_rows(&self) -> &[u64] {
        &self.rows
    }

    fn run(self, transaction: &mut Transaction<'_>) -> Result<UndoneCounts, Refusal> {
        let mut plan = UndoPlan::new(transaction.world(), self.changes, transaction.now());
        plan.check();
        if !plan.obstacles.is_empty() {
            return Err(Refusal::CannotUndo(plan.obstacles));
        }
        if plan.is_empty() {
            return Err(Refusal::NothingToUndo);
        }
        let counts = UndoneCounts {
            devices: plan.devices.len(),
            interfaces: plan.interfaces.len(),
            links: plan.links.len(),
        };
        let owners = port_owners(&plan);
        plan.into_steps().apply(transaction);
        let mut obstacles = UndoObstacles::default();
        overfull_devices(transaction.world(), &owners).into_iter().for_each(|it| obstacles.add(it));
        if obstacles.is_empty() { Ok(counts) } else { Err(Refusal::CannotUndo(obstacles)) }
    }

    fn reply(_: &World, counts: UndoneCounts) -> UndoneCounts {
        counts
    }
}

/// Devices that get ports, ascending.
fn port_owners(plan: &UndoPlan<'_>) -> Vec<DeviceId> {
    let mut devices: Vec<DeviceId> =
        plan.interfaces.values().flatten().map(|port| port.device).collect();
    devices.sort_unstable();
    devices.dedup();
    devices
}
