//! What `unoc upgrade` and `unoc rollback` print.

use serde_json::json;

use super::args::Cli;
use super::exit::CommandError;
use super::upgrade_host::UpgradeHost;
use super::upgrade_run::UpgradeRun;
use crate::store::ClosedStoreFacts;
use crate::upgrade::{
    Candidate, ProgramFacts, StoreFate, UNKNOWN_SCHEMA, UpgradeError, UpgradeJournal, UpgradeState,
};

/// What an upgrade would do.
pub(super) struct UpgradePlan {
    pub(super) from: ProgramFacts,
    pub(super) to: ProgramFacts,
    pub(super) is_running: bool,
    /// The checks that are critical now.
    pub(super) critical: Vec<String>,
    service: String,
    checksum_source: Option<String>,
    signed_comment: Option<String>,
}

impl UpgradePlan {
    pub(super) fn new(
        host: &UpgradeHost,
        from: ProgramFacts,
        candidate: &Candidate,
        is_running: bool,
        critical: Vec<String>,
    ) -> Self {
        Self {
            from,
            to: candidate.facts.clone(),
            is_running,
            critical,
            service: host.service.name().to_owned(),
            checksum_source: candidate.checksum_source.clone(),
            signed_comment: candidate.signed_comment.clone(),
        }
    }

    pub(super) fn print(&self, cli: &Cli) {
        let Self { from, to, service, .. } = self;
        if cli.json {
            let plan = json!({"from": from, "to": to, "service": service, "is_running": self.is_running,
                "checksum_source": self.checksum_source, "signed_comment": self.signed_comment});
            print_line!("{plan:#}");
            return;
        }
        print_line!("Version {} is installed; the file is version {}.", from.version, to.version);
        if from.sha256 == to.sha256 {
            print_line!("They are the same file: there is nothing to do.");
            return;
        }
        match &self.checksum_source {
            Some(source) => print_line!("Its SHA-256 is the one that {source} names."),
            None => print_line!("Its SHA-256, which was compared with none, is {}.", to.sha256),
        }
        match &self.signed_comment {
            Some(comment) => print_line!("Its signature is right: {comment}"),
            None => print_line!("Its signature was not verified: upgrade_public_key is not set."),
        }
        match from.store_schema {
            UNKNOWN_SCHEMA => print_line!("It opens stores up to schema {}.", to.store_schema),
            same if same == to.store_schema => {
                print_line!("It uses the store as it is (schema {}).", to.store_schema);
            }
            _ => print_line!(
                "It upgrades the store from schema {} to {}.",
                from.store_schema,
                to.store_schema
            ),
        }
        match self.is_running {
            true => print_line!("The service {service} runs; it is restarted and watched."),
            false => print_line!("The service {service} is stopped and stays stopped."),
        }
    }
}

/// Prints how far the last upgrade is.
pub(super) fn status(cli: &Cli, host: &UpgradeHost) -> Result<(), CommandError> {
    let journal = host.journal()?;
    if cli.json {
        print_line!("{:#}", json!(journal));
        return Ok(());
    }
    let Some(journal) = journal else {
        print_line!("This program was never upgraded by unoc upgrade.");
        return Ok(());
    };
    let UpgradeJournal { from, to, started_at, .. } = &journal;
    print_line!(
        "The last upgrade, from {} to {}, began at {started_at}.",
        from.version,
        to.version
    );
    match journal.state {
        UpgradeState::Done => {
            print_line!("It is done. unoc rollback goes back to {}.", from.version)
        }
        UpgradeState::Reverted => {
            let why = journal.why.as_deref().unwrap_or("for a reason that is not known");
            print_line!("Version {} is back: {why}.", from.version);
            print_line!("{}", store_text(&journal));
        }
        state if matches!(host.program.lock(), Err(UpgradeError::Running)) => {
            print_line!("It is running: {}.", doing(state));
        }
        state => {
            print_line!("It was interrupted while {}.", doing(state));
            print_line!("unoc upgrade --continue ends it, unoc rollback goes back.");
        }
    }
    if let Some(backup) = &journal.backup {
        print_line!("The backup that was made before it is {backup}.");
    }
    Ok(())
}

/// Prints how an upgrade or a rollback ended.
///
/// # Errors
/// An upgrade whose new version did not work.
pub(super) fn outcome(
    cli: &Cli,
    host: &UpgradeHost,
    run: &UpgradeRun<'_>,
) -> Result<(), CommandError> {
    let journal = &run.journal;
    let UpgradeJournal { from, to, service, .. } = journal;
    if cli.json {
        print_line!("{:#}", json!(journal));
    }
    let is_asked_for = journal.why.as_deref() == Some(ASKED_FOR);
    match journal.state {
        UpgradeState::Reverted if !is_asked_for => {
            let why = journal.why.as_deref().unwrap_or_default();
            let log = match run.log.is_empty() {
                true => String::new(),
                false => format!("\nThe last lines of its log:\n  {}", run.log.join("\n  ")),
            };
            let runs = if journal.was_running { "runs again" } else { "is installed again" };
            Err(CommandError::went_back(format!(
                "the upgrade to {} failed: {why}. Version {} {runs}. {}{log}",
                to.version,
                from.version,
                store_text(journal)
            )))
        }
        _ if cli.json => Ok(()),
        UpgradeState::Reverted => {
            print_line!("Version {} is back. {}", from.version, store_text(journal));
            Ok(())
        }
        _ => {
            let place = host.program.path().display();
            print_line!("Version {} is installed in {place}.", to.version);
            match journal.was_running {
                true => print_line!("The service {service} works with it."),
                false => print_line!("The service {service} is stopped; its next start runs it."),
            }
            print_line!("unoc rollback goes back to {}.", from.version);
            Ok(())
        }
    }
}

/// Why a version comes back that an operator asked for.
pub(super) const ASKED_FOR: &str = "unoc rollback was called";

fn doing(state: UpgradeState) -> &'static str {
    match state {
        UpgradeState::Saving => "the store was saved; the previous version is in its place",
        UpgradeState::Swapping => "the programs were swapped",
        UpgradeState::Watching => "the new version was started and watched",
        UpgradeState::Reverting => "the previous version was put back",
        UpgradeState::Done | UpgradeState::Reverted => "nothing was done",
    }
}

fn store_text(journal: &UpgradeJournal) -> String {
    let seq = |facts: &Option<ClosedStoreFacts>| {
        let seq = facts.and_then(|facts| facts.seq);
        seq.map_or_else(|| "an unknown seq".to_owned(), |seq| format!("seq {seq}"))
    };
    match journal.store {
        None => "The store was not touched.".to_owned(),
        Some(StoreFate::Kept) => "The store stayed, so no change is lost.".to_owned(),
        Some(StoreFate::PutBack) => {
            "The store is as it was before the upgrade; nothing was changed since.".to_owned()
        }
        Some(StoreFate::Quarantined) => {
            let kept = journal.quarantined.iter().map(|path| path.display().to_string());
            format!(
                "The store is as it was before the upgrade, at {}. What was changed since, up to {}, is in {}, \
                 which version {} opens.",
                seq(&journal.saved),
                seq(&journal.left),
                kept.collect::<Vec<_>>().join(" and "),
                journal.to.version
            )
        }
    }
}
