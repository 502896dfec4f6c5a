//! Deleting a link.

use super::Link;
use crate::domain::command::{Command, CommandKind};
use crate::domain::transaction::Transaction;
use crate::domain::{LinkId, Refusal, World};

/// Deletes a link; its interfaces stay.
#[derive(Clone, Copy, Debug)]
pub struct DeleteLink(pub LinkId);

impl Command for DeleteLink {
    type Reply = ();
    type Output = ();

    fn kind(&self) -> CommandKind {
        CommandKind::DeleteLink
    }

    fn run(self, transaction: &mut Transaction<'_>) -> Result<(), Refusal> {
        transaction.world().link(self.0).ok_or(Refusal::LinkNotFound)?;
        transaction.remove::<Link>(self.0);
        Ok(())
    }

    fn reply(_: &World, (): ()) {}
}
