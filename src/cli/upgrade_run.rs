//! The steps of an upgrade, from any state of its journal to the end.

use tokio::runtime::Runtime;

use super::exit::{CommandError, one_line};
use super::offline;
use super::progress::Progress;
use super::upgrade_host::UpgradeHost;
use super::upgrade_watch::{self, Watch};
use crate::engine::Clock;
use crate::store::QUARANTINE_DIR;
use crate::upgrade::{StoreFate, StoreHold, UNKNOWN_SCHEMA, UpgradeJournal, UpgradeState};

/// With socket activation, a client may start the service again between its stop and the hold.
const HOLD_ATTEMPTS_MAX: usize = 5;
/// Lines of the service's log that say why it failed.
const LOG_LINES: usize = 15;

/// An upgrade that goes on.
pub(super) struct UpgradeRun<'a> {
    host: &'a UpgradeHost,
    pub(super) journal: UpgradeJournal,
    /// The last lines of the log of a version that did not work.
    pub(super) log: Vec<String>,
    runtime: Runtime,
}

impl<'a> UpgradeRun<'a> {
    pub(super) fn new(
        host: &'a UpgradeHost,
        journal: UpgradeJournal,
    ) -> Result<Self, CommandError> {
        Ok(Self { host, journal, log: Vec::new(), runtime: offline::runtime()? })
    }

    /// Makes the journal's state durable and goes on from it until the upgrade has ended one way or the
    /// other. If the host stops meanwhile, its next start goes on by the program that is kept for that.
    ///
    /// # Errors
    /// The previous version could not be put back or does not start; a later run goes on.
    pub(super) fn advance(&mut self) -> Result<(), CommandError> {
        self.host.program.keep_for_rescue(&self.journal.from.sha256)?;
        self.record(self.journal.state)?;
        self.advance_to_the_end()?;
        Ok(self.host.program.forget_rescue()?)
    }

    fn advance_to_the_end(&mut self) -> Result<(), CommandError> {
        loop {
            let step = match self.journal.state {
                UpgradeState::Done | UpgradeState::Reverted => return Ok(()),
                UpgradeState::Reverting => {
                    self.revert()?;
                    continue;
                }
                UpgradeState::Saving | UpgradeState::Swapping => self.replace(),
                UpgradeState::Watching => self.start_and_watch(),
            };
            if let Err(error) = step {
                self.log = self.host.service.last_lines(LOG_LINES);
                self.journal.why = Some(one_line(&error.cause));
                self.journal.actor.clear();
                self.record(UpgradeState::Reverting)?;
            }
        }
    }

    fn record(&mut self, state: UpgradeState) -> Result<(), CommandError> {
        self.journal.state = state;
        Ok(self.journal.write(&self.host.program.journal_path())?)
    }

    /// Saves the store and puts the new program into its place, while nobody can open the store.
    fn replace(&mut self) -> Result<(), CommandError> {
        let next = match self.journal.was_running {
            true => UpgradeState::Watching,
            false => UpgradeState::Done,
        };
        // A kill came after the swap: the store that was saved is from before it.
        if self.host.program.sha256()? == self.journal.to.sha256 {
            return self.record(next);
        }
        let _progress = Progress::waiting("Saving the store");
        let mut held = self.hold()?;
        if let Some(held) = &mut held {
            held.save()?;
            self.journal.saved = held.saved_facts();
        }
        self.settle_schema()?;
        self.record(UpgradeState::Swapping)?;
        self.host.program.swap()?;
        self.record(next)
    }

    /// Notes which schema the previous version opens, if only its store can tell.
    fn settle_schema(&mut self) -> Result<(), CommandError> {
        let UpgradeJournal { saved, from, to, .. } = &mut self.journal;
        let schema = saved.map_or(to.store_schema, |saved| saved.schema_version);
        if from.store_schema != UNKNOWN_SCHEMA {
            return Ok(());
        }
        from.store_schema = schema;
        match schema > to.store_schema {
            false => Ok(()),
            true => Err(CommandError::refused(format!(
                "the store has schema {schema}, and version {} opens schemas up to {}",
                to.version, to.store_schema
            ))),
        }
    }

    fn start_and_watch(&mut self) -> Result<(), CommandError> {
        Watch::new(self.host, &self.runtime).start()?;
        self.journal.was_ready = true;
        self.record(UpgradeState::Watching)?;
        let UpgradeJournal { healthy_for_s, critical_before, .. } = &self.journal;
        Watch::new(self.host, &self.runtime).healthy(*healthy_for_s, critical_before)?;
        self.record(UpgradeState::Done)
    }

    /// Puts the previous program back, and the store if need be, and starts it.
    fn revert(&mut self) -> Result<(), CommandError> {
        // If the previous program is in its place, the store is its own already.
        if self.host.program.sha256()? != self.journal.from.sha256 {
            let _progress = Progress::waiting("Putting the previous version back");
            let mut held = self.hold()?;
            if let Some(held) = &mut held {
                self.settle_store(held)?;
            }
            self.host.program.swap_back()?;
        }
        self.host.program.discard_staged();
        if self.journal.was_running {
            Watch::new(self.host, &self.runtime).start().map_err(|error| {
                error.context(format!(
                    "the previous version {} is in its place again, but does not work either",
                    self.journal.from.version
                ))
            })?;
        }
        // A kill may have come before it was made.
        self.journal.quarantined.retain(|directory| directory.exists());
        self.record(UpgradeState::Reverted)
    }

    /// Notes what becomes of the store, and does it.
    fn settle_store(&mut self, held: &mut StoreHold) -> Result<(), CommandError> {
        let UpgradeJournal { saved, from, was_ready, .. } = &self.journal;
        let saved = saved.filter(|saved| held.saved_facts() == Some(*saved));
        let fate = StoreFate::decide(held.facts(), saved, from.store_schema, *was_ready);
        let left = held.facts();
        if fate == StoreFate::Kept && left.is_some_and(|it| it.schema_version > from.store_schema) {
            return Err(CommandError::refused(format!(
                "version {} cannot open the store, and the one from before the upgrade is gone; start the \
                 service to go on with version {}",
                from.version, self.journal.to.version
            )));
        }
        // A name of its own for each attempt: a kill may have left one.
        let name = format!("upgrade-{}", Clock::system().now().0);
        let name = Some(name).filter(|_| fate == StoreFate::Quarantined);
        let directory = self.host.config.data_dir.join(QUARANTINE_DIR);
        // After a kill, the store may be the saved one already: what was noted before stays.
        if name.is_some() || self.journal.quarantined.is_empty() {
            self.journal.store = Some(fate);
            self.journal.left = left;
        }
        self.journal.quarantined.extend(name.as_ref().map(|name| directory.join(name)));
        self.record(UpgradeState::Reverting)?;
        match fate {
            StoreFate::Kept => {}
            StoreFate::PutBack | StoreFate::Quarantined => held.put_back(name)?,
        }
        Ok(())
    }

    /// Stops the service and takes hold of its store; `None` without a data directory.
    fn hold(&self) -> Result<Option<StoreHold>, CommandError> {
        for _ in 1..HOLD_ATTEMPTS_MAX {
            self.host.service.stop()?;
            if let Ok(held) = StoreHold::begin(&self.host.config.data_dir) {
                return Ok(held);
            }
            upgrade_watch::pause(&self.runtime);
        }
        self.host.service.stop()?;
        Ok(StoreHold::begin(&self.host.config.data_dir)?)
    }
}
