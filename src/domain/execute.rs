//! Carrying commands out on the world.

use super::transaction::Transaction;
use super::{
    Change, Command, Decision, Refusal, RowRefusal, SimulatedCommand, Timestamp, World, recompute,
};

impl World {
    /// Carries a command out at the time `now`: all of it, or nothing and the reason.
    ///
    /// # Errors
    /// A [`Refusal`]; the world and its id counters are then what they were.
    pub fn execute<C: Command>(
        &mut self,
        command: C,
        now: Timestamp,
    ) -> Result<Decision<C::Reply>, Refusal> {
        let counters = self.counters;
        let concerns_whole_site = command.kind().concerns_whole_site();
        let mut transaction = Transaction::new(self, now);
        match command.run(&mut transaction) {
            Ok(output) => {
                let direct = if concerns_whole_site { 0 } else { transaction.journal().len() };
                recompute::recompute_affected(&mut transaction);
                let (changes, direct_count) = transaction.finish(direct);
                Ok(Decision { reply: C::reply(self, output), changes, direct_count })
            }
            Err(refusal) => {
                transaction.roll_back();
                self.counters = counters;
                Err(refusal)
            }
        }
    }

    /// What a command would reply: it is carried out and undone.
    ///
    /// # Errors
    /// The [`Refusal`] that [`World::execute`] would return.
    pub fn dry_run<C: Command>(&mut self, command: C, now: Timestamp) -> Result<C::Reply, Refusal> {
        let counters = self.counters;
        let Decision { reply, changes, .. } = self.execute(command, now)?;
        self.undo(changes, counters);
        Ok(reply)
    }

    /// What commands would change together, without changing anything.
    ///
    /// # Errors
    /// The first command that is refused, with its index.
    pub fn simulate(
        &mut self,
        commands: Vec<SimulatedCommand>,
        now: Timestamp,
    ) -> Result<Vec<Change>, RowRefusal> {
        let counters = self.counters;
        let mut transaction = Transaction::new(self, now);
        let mut refused = None;
        for (index, command) in commands.into_iter().enumerate() {
            if let Err(refusal) = command.run(&mut transaction) {
                refused = Some(RowRefusal { index, refusal });
                break;
            }
        }
        let changes = match refused {
            Some(refused) => {
                transaction.roll_back();
                Err(refused)
            }
            None => {
                recompute::recompute_affected(&mut transaction);
                Ok(transaction.finish_and_roll_back())
            }
        };
        self.counters = counters;
        changes
    }
}
