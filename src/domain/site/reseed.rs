//! Putting a generated network in the place of the current site.

use super::replace::clear;
use crate::domain::command::{Command, CommandKind};
use crate::domain::seed::{self, Blueprint};
use crate::domain::transaction::Transaction;
use crate::domain::{Refusal, World};

/// More ids of a kind than any generated network takes: 2^32 leaves with a few dozen ports each.
const BLUEPRINT_IDS_MAX: u64 = 1 << 40;

/// Clears the site and builds a generated network; ids go on.
#[derive(Clone, Copy, Debug)]
pub struct ReseedSite(pub Blueprint);

impl Command for ReseedSite {
    type Reply = ();
    type Output = ();

    fn kind(&self) -> CommandKind {
        CommandKind::ReseedSite
    }

    fn run(self, transaction: &mut Transaction<'_>) -> Result<(), Refusal> {
        transaction.check_ids_left(BLUEPRINT_IDS_MAX)?;
        clear(transaction);
        seed::build(transaction, self.0);
        Ok(())
    }

    fn reply(_: &World, (): ()) {}
}
