//! Ending overrides whose time has come.

use super::set_overrides::put_override;
use crate::domain::command::{Command, CommandKind};
use crate::domain::transaction::Transaction;
use crate::domain::{EntityKey, Refusal, World};

/// Clears every override whose end is not after the present time.
#[derive(Clone, Copy, Debug)]
pub struct EndOverrides;

impl Command for EndOverrides {
    type Reply = ();
    type Output = ();

    fn kind(&self) -> CommandKind {
        CommandKind::EndOverrides
    }

    fn run(self, transaction: &mut Transaction<'_>) -> Result<(), Refusal> {
        let ended: Vec<EntityKey> =
            transaction.world().ended_overrides(transaction.now()).collect();
        for entity in ended {
            put_override(transaction, entity, None);
        }
        Ok(())
    }

    fn reply(_: &World, (): ()) {}
}
