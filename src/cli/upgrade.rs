//! `unoc upgrade`

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::fs::{Access, access};
use serde_json::Value;

use super::args::Cli;
use super::client::ApplianceClient;
use super::exit::{CommandError, one_line};
use super::invoker;
use super::output::confirm;
use super::progress::Progress;
use super::upgrade_args::UpgradeArgs;
use super::upgrade_host::UpgradeHost;
use super::upgrade_print::{self, UpgradePlan};
use super::upgrade_run::UpgradeRun;
use crate::engine::Clock;
use crate::store::{DiskSpace, STORE_FILE};
use crate::upgrade::{
    Candidate, CandidateRequest, ProgramFacts, StoreHold, UpgradeError, UpgradeJournal,
    UpgradeState, is_older,
};
use crate::util::{error_chain, format_bytes};
use crate::wire::Time;

/// The store that is saved, the copy that comes back if need be, and the backup.
const STORE_COPIES: u64 = 3;

pub(super) fn run(cli: &Cli, args: &UpgradeArgs) -> Result<(), CommandError> {
    if args.continues {
        return continue_interrupted(cli, UpgradeHost::find_interrupted(cli, &args.host)?);
    }
    let host = UpgradeHost::find(cli, &args.host)?;
    match &args.file {
        Some(file) => install(cli, args, &host, file),
        None => upgrade_print::status(cli, &host),
    }
}

fn continue_interrupted(cli: &Cli, host: UpgradeHost) -> Result<(), CommandError> {
    let (_lock, has_waited) = match host.program.lock() {
        Err(UpgradeError::Running) => {
            let _progress = Progress::waiting("Waiting for the upgrade that is running");
            (host.program.wait_for_lock()?, true)
        }
        locked => (locked?, false),
    };
    let journal = host.journal()?.filter(|journal| journal.state.is_unfinished());
    let Some(mut journal) = journal else {
        // The interruption may have come right before the first step or right after the last one.
        if has_waited || host.program.rescue_path().exists() {
            host.program.forget_rescue()?;
            print_line!(
                "Nothing of an upgrade is left to do; unoc upgrade --status says what is installed."
            );
            return Ok(());
        }
        return Err(CommandError::refused("no upgrade and no rollback was interrupted"));
    };
    let host = host.of_journal(&journal);
    check_is_of_upgrade(&host, &journal)?;
    // The host may have run the new version since the interruption, or was started with a service that had
    // been stopped.
    journal.was_ready = true;
    journal.was_running |= host.service.status()?.active_state != "inactive";
    finish(cli, &host, journal)
}

/// Refuses if neither version is installed: another way of installing has replaced them since. The upgrade is
/// over then.
fn check_is_of_upgrade(host: &UpgradeHost, journal: &UpgradeJournal) -> Result<(), CommandError> {
    let UpgradeJournal { from, to, .. } = journal;
    if [&from.sha256, &to.sha256].contains(&&host.program.sha256()?) {
        return Ok(());
    }
    UpgradeJournal::remove(&host.program.journal_path())?;
    host.program.forget_rescue()?;
    Err(CommandError::refused(format!(
        "{} was replaced since the upgrade from {} to {} was interrupted; it stays, and that upgrade is over",
        host.program.path().display(),
        from.version,
        to.version
    )))
}

/// Goes on until the end, and says how it ended.
fn finish(cli: &Cli, host: &UpgradeHost, journal: UpgradeJournal) -> Result<(), CommandError> {
    let mut run = UpgradeRun::new(host, journal)?;
    run.advance().map_err(|error| {
        error.context("the upgrade is not ended; unoc upgrade --continue goes on".to_owned())
    })?;
    upgrade_print::outcome(cli, host, &run)
}

fn install(
    cli: &Cli,
    args: &UpgradeArgs,
    host: &UpgradeHost,
    file: &Path,
) -> Result<(), CommandError> {
    let _lock = host.program.lock()?;
    let (candidate, plan) = check(args, host, file)?;
    if !cli.json || args.dry_run {
        plan.print(cli);
    }
    if plan.from.sha256 == plan.to.sha256 {
        return Ok(());
    }
    if args.dry_run {
        return Ok(());
    }
    if !args.yes {
        confirm("Upgrade?")?;
    }
    let backup = match plan.is_running && !args.without_backup {
        true => Some(back_up(host)?),
        false => None,
    };
    host.program.stage(&candidate.bytes)?;
    // What an interruption after the last upgrade may have left is of an older version.
    host.program.forget_rescue()?;
    let journal = UpgradeJournal {
        state: UpgradeState::Saving,
        actor: invoker::actor(),
        started_at: Time(Clock::system().now()).to_string(),
        from: plan.from,
        to: plan.to,
        service: host.service.name().to_owned(),
        data_dir: host.config.data_dir.clone(),
        was_running: plan.is_running,
        healthy_for_s: args.healthy_for.as_secs(),
        critical_before: plan.critical,
        backup,
        saved: None,
        was_ready: false,
        why: None,
        store: None,
        left: None,
        quarantined: Vec::new(),
    };
    finish(cli, host, journal)
}

/// Checks everything before anything is changed.
///
/// # Errors
/// All obstacles at once.
fn check(
    args: &UpgradeArgs,
    host: &UpgradeHost,
    file: &Path,
) -> Result<(Candidate, UpgradePlan), CommandError> {
    let mut obstacles = Vec::new();
    if let Some(journal) = host.journal()?.filter(|journal| journal.state.is_unfinished()) {
        obstacles.push(format!(
            "the upgrade from {} to {} was interrupted: unoc upgrade --continue ends it, unoc rollback \
             goes back",
            journal.from.version, journal.to.version
        ));
    }
    let request = CandidateRequest {
        file,
        sha256: args.sha256.as_deref(),
        public_key: host.config.upgrade_public_key.as_deref(),
    };
    let candidate = noted(&mut obstacles, Candidate::examine(&request));
    let installed = host.installed().map_err(|error| vec![error_chain(&error)]);
    let installed = noted(&mut obstacles, installed);
    let status = noted(&mut obstacles, host.service.status().map_err(|it| vec![error_chain(&it)]));
    let mut critical = Vec::new();
    if let Some(status) = &status {
        obstacles.extend(host.service_obstacles(status));
        if status.is_active() {
            let checked = host.run_checks().map_err(|error| vec![one_line(&error.cause)]);
            critical = noted(&mut obstacles, checked).unwrap_or_default();
        }
    }
    if let (Some(candidate), Some(installed)) = (&candidate, &installed) {
        obstacles.extend(version_obstacle(args, &candidate.facts, installed));
        let running = status.as_ref().is_some_and(|status| status.is_active());
        obstacles.extend(store_obstacle(host, candidate, installed, running));
        obstacles.extend(space_obstacles(host, candidate.bytes.len() as u64));
    }
    if access(host.program.directory(), Access::WRITE_OK).is_err() {
        let directory = host.program.directory().display();
        obstacles.push(format!("{directory} cannot be written to; run the command as root: sudo"));
    }
    match (candidate, installed, status) {
        (Some(candidate), Some(from), Some(status)) if obstacles.is_empty() => {
            let plan = UpgradePlan::new(host, from, &candidate, status.is_active(), critical);
            Ok((candidate, plan))
        }
        _ => Err(CommandError::refused(format!(
            "the upgrade is not possible; nothing was changed:\n- {}",
            obstacles.join("\n- ")
        ))),
    }
}

fn noted<T>(obstacles: &mut Vec<String>, found: Result<T, Vec<String>>) -> Option<T> {
    found.map_err(|more| obstacles.extend(more)).ok()
}

fn version_obstacle(args: &UpgradeArgs, to: &ProgramFacts, from: &ProgramFacts) -> Option<String> {
    if args.allow_downgrade || !is_older(&to.version, &from.version) {
        return None;
    }
    let store = match to.store_schema < from.store_schema {
        true => {
            "cannot open the store, which the installed version has upgraded: go back with unoc \
                 rollback, or restore a backup with the older version"
        }
        false => "can open the store; add --allow-downgrade to install it",
    };
    Some(format!(
        "version {} is older than {}, which is installed; it {store}",
        to.version, from.version
    ))
}

/// The store has the schema of the program that runs on it; a stopped one is asked.
fn store_obstacle(
    host: &UpgradeHost,
    candidate: &Candidate,
    installed: &ProgramFacts,
    is_running: bool,
) -> Option<String> {
    let schema = match is_running {
        true => installed.store_schema,
        false => match StoreHold::begin(&host.config.data_dir) {
            Ok(held) => held?.facts()?.schema_version,
            Err(error) => {
                return Some(format!("the store cannot be saved: {}", error_chain(&error)));
            }
        },
    };
    let opens = candidate.facts.store_schema;
    (schema > opens).then(|| {
        format!(
            "the store has schema {schema}, and version {} opens schemas up to {opens}; its data would be \
             out of reach",
            candidate.facts.version
        )
    })
}

/// Checks the room for the program and for the copies of the store, on one volume or on two.
fn space_obstacles(host: &UpgradeHost, program_bytes: u64) -> Vec<String> {
    let (programs, data) = (host.program.directory(), host.config.data_dir.as_path());
    let store_bytes = fs::metadata(data.join(STORE_FILE)).map_or(0, |file| file.len());
    let data_bytes = STORE_COPIES * store_bytes + host.config.min_free_bytes;
    let volume = |path: &Path| fs::metadata(path).map(|directory| directory.dev()).ok();
    let needs = match (volume(programs), volume(data)) {
        (_, None) => vec![(programs, program_bytes)],
        (one, other) if one == other => vec![(data, data_bytes + program_bytes)],
        _ => vec![(programs, program_bytes), (data, data_bytes)],
    };
    let obstacle = |(directory, needed): (&Path, u64)| match DiskSpace::of(directory) {
        Ok(space) if space.free_bytes >= needed => None,
        Ok(space) => Some(format!(
            "the volume of {} has {} free, and the upgrade needs {}",
            directory.display(),
            format_bytes(space.free_bytes),
            format_bytes(needed)
        )),
        Err(error) => Some(error_chain(&error)),
    };
    needs.into_iter().filter_map(obstacle).collect()
}

/// Backs the site up on the running server. Returns the id of the verified backup.
fn back_up(host: &UpgradeHost) -> Result<String, CommandError> {
    let _progress = Progress::waiting("Saving the site");
    let failed = |why: String| {
        CommandError::temporary(format!(
            "the backup before the upgrade failed, and nothing was changed: {why}. To upgrade without one: \
             --without-backup"
        ))
    };
    let made = || -> Result<Value, CommandError> {
        let mut text = String::new();
        ApplianceClient::connect(&host.config)?.post("/api/backups")?.read_to_string(&mut text)?;
        Ok(serde_json::from_str(&text).map_err(anyhow::Error::from)?)
    };
    let made = made().map_err(|error| failed(one_line(&error.cause)))?;
    match (made["state"].as_str(), made["id"].as_str()) {
        (Some("verified"), Some(id)) => Ok(id.to_owned()),
        _ => {
            let why = made["verification"]["message"].as_str().unwrap_or("it is not verified");
            Err(failed(why.to_owned()))
        }
    }
}
