//! Joining the links of a site from before cross-connects.

use crate::domain::command::{Command, CommandKind};
use crate::domain::plant::assumed_joins::join_site_without_cross_connects;
use crate::domain::transaction::Transaction;
use crate::domain::{Refusal, World};

/// Joins the links of a site without any cross-connect, as every site was before them. Does nothing when
/// there is one.
#[derive(Clone, Copy, Debug)]
pub struct AssumeCrossConnects;

impl Command for AssumeCrossConnects {
    type Reply = ();
    type Output = ();

    fn kind(&self) -> CommandKind {
        CommandKind::AssumeCrossConnects
    }

    fn run(self, transaction: &mut Transaction<'_>) -> Result<(), Refusal> {
        join_site_without_cross_connects(transaction);
        Ok(())
    }

    fn reply(_: &World, (): ()) {}
}
