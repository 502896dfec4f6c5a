//! Computing every status again.

use crate::domain::command::{Command, CommandKind};
use crate::domain::transaction::Transaction;
use crate::domain::{Refusal, World, recompute};

/// Computes every status again: after a start, since the rules may have changed with the program.
#[derive(Clone, Copy, Debug)]
pub struct RefreshStatus;

impl Command for RefreshStatus {
    type Reply = ();
    type Output = ();

    fn kind(&self) -> CommandKind {
        CommandKind::RefreshStatus
    }

    fn run(self, transaction: &mut Transaction<'_>) -> Result<(), Refusal> {
        recompute::recompute_all(transaction);
        Ok(())
    }

    fn reply(_: &World, (): ()) {}
}
