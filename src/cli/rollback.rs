//! `unoc rollback`

use serde_json::json;

use super::args::Cli;
use super::exit::CommandError;
use super::invoker;
use super::output::confirm;
use super::upgrade_args::RollbackArgs;
use super::upgrade_host::UpgradeHost;
use super::upgrade_print::{self, ASKED_FOR};
use super::upgrade_run::UpgradeRun;
use crate::store::{STORE_FILE, UPGRADE_DIR};
use crate::upgrade::{UpgradeJournal, UpgradeState};

pub(super) fn run(cli: &Cli, args: &RollbackArgs) -> Result<(), CommandError> {
    let host = UpgradeHost::find(cli, &args.host)?;
    let _lock = host.program.lock()?;
    let Some(mut journal) = host.journal()?.filter(|it| it.state != UpgradeState::Reverted) else {
        return Err(CommandError::refused(format!(
            "there is no version to go back to: {} was not upgraded by unoc upgrade, or went back already",
            host.program.path().display()
        )));
    };
    let host = host.of_journal(&journal);
    check_programs(&host, &journal)?;
    let lost = what_is_lost(&host, &journal)?;
    if !cli.json {
        let UpgradeJournal { from, to, .. } = &journal;
        print_line!("Version {} is installed; version {} comes back.", to.version, from.version);
        print_line!("{}", lost.as_deref().unwrap_or("The store stays: no change is lost."));
    } else if args.dry_run {
        print_line!("{}", json!({"from": journal.to, "to": journal.from, "lost": lost}));
    }
    if args.dry_run {
        return Ok(());
    }
    if !args.yes {
        confirm("Go back?")?;
    }
    if journal.state == UpgradeState::Done {
        // A service that has failed since is wanted; one that was stopped is not.
        journal.was_running = host.service.status()?.active_state != "inactive";
    }
    journal.was_ready = true;
    journal.state = UpgradeState::Reverting;
    journal.actor = invoker::actor();
    journal.why = Some(ASKED_FOR.to_owned());
    let mut run = UpgradeRun::new(&host, journal)?;
    run.advance().map_err(|error| {
        error.context("the rollback is not ended; unoc upgrade --continue goes on".to_owned())
    })?;
    upgrade_print::outcome(cli, &host, &run)
}

/// Refuses if the files are not those of the upgrade: another way of installing has replaced them since.
fn check_programs(host: &UpgradeHost, journal: &UpgradeJournal) -> Result<(), CommandError> {
    let installed = host.program.sha256()?;
    if installed == journal.from.sha256 && journal.state.is_unfinished() {
        return Ok(());
    }
    let place = host.program.path().display();
    if installed != journal.to.sha256 {
        return Err(CommandError::refused(format!(
            "{place} was replaced since the upgrade to {}; nothing was changed",
            journal.to.version
        )));
    }
    if host.program.previous_sha256().as_ref() != Some(&journal.from.sha256) {
        return Err(CommandError::refused(format!(
            "{} is not the version {} that was upgraded; nothing was changed. unoc upgrade FILE \
             --allow-downgrade installs a file of that version",
            host.program.previous_path().display(),
            journal.from.version
        )));
    }
    Ok(())
}

/// Says what the previous version will not have; `None` if it can open the store as it is.
fn what_is_lost(
    host: &UpgradeHost,
    journal: &UpgradeJournal,
) -> Result<Option<String>, CommandError> {
    let UpgradeJournal { from, to, saved, .. } = journal;
    let Some(saved) = saved.filter(|_| to.store_schema > from.store_schema) else {
        return Ok(None);
    };
    let path = host.config.data_dir.join(UPGRADE_DIR).join(STORE_FILE);
    if !path.is_file() {
        return Err(CommandError::refused(format!(
            "version {} cannot open the store (schema {}), and {} is gone; restore the backup {} with that \
             version",
            from.version,
            to.store_schema,
            path.display(),
            journal.backup.as_deref().unwrap_or("from before the upgrade")
        )));
    }
    let seq =
        |seq: Option<u64>| seq.map_or("an unknown seq".to_owned(), |seq| format!("seq {seq}"));
    let present = host.health().ok().and_then(|health| health["seq"].as_u64());
    Ok(Some(format!(
        "Version {} cannot open the store (schema {}). It gets the store from before the upgrade, at {}; what \
         was changed since, up to {}, is kept in the quarantine.",
        from.version,
        to.store_schema,
        seq(saved.seq),
        seq(present)
    )))
}
