//! Importing a table of devices, of links or of cross-connects.

use super::counts::ImportCounts;
use super::cross_connects::{CrossConnectTableRow, import_cross_connects};
use super::device_row::DeviceTableRow;
use super::devices::import_devices;
use super::links::{LinkTableRow, import_links};
use crate::domain::command::{Command, CommandKind};
use crate::domain::transaction::Transaction;
use crate::domain::{DeviceId, Lookalikes, Refusal, World};

/// Imports the rows of a table: all of them, or none and the refusal of each faulty row.
#[derive(Clone, Debug)]
pub enum ImportTable {
    /// Devices, in any order: updated where they exist, created where not.
    Devices(Vec<DeviceTableRow>),
    /// Links by the names of devices and ports: updated, or created.
    Links(Vec<LinkTableRow>),
    /// Cross-connects by the names of devices and ports: updated, or created.
    CrossConnects(Vec<CrossConnectTableRow>),
}

/// What an import did.
#[derive(Clone, Debug)]
pub struct ImportReply {
    pub counts: ImportCounts,
    /// Among the names of new devices.
    pub lookalikes: Lookalikes,
}

impl Command for ImportTable {
    type Reply = ImportReply;
    /// The counts and the new devices.
    type Output = (ImportCounts, Vec<DeviceId>);

    fn kind(&self) -> CommandKind {
        match self {
            Self::Devices(_) => CommandKind::ImportDevices,
            Self::Links(_) => CommandKind::ImportLinks,
            Self::CrossConnects(_) => CommandKind::ImportCrossConnects,
        }
    }

    fn run(self, transaction: &mut Transaction<'_>) -> Result<Self::Output, Refusal> {
        match self {
            Self::Devices(rows) => import_devices(transaction, &rows),
            Self::Links(rows) => {
                import_links(transaction, &rows).map(|counts| (counts, Vec::new()))
            }
            Self::CrossConnects(rows) => {
                import_cross_connects(transaction, &rows).map(|counts| (counts, Vec::new()))
            }
        }
    }

    fn reply(world: &World, (counts, ids): Self::Output) -> ImportReply {
        ImportReply { counts, lookalikes: world.lookalikes_of(&ids) }
    }
}
