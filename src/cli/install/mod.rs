//! `unoc install` and `unoc uninstall`: the table of parts, made or removed, and what the host has to do
//! before and after that.

mod data;
mod host;
mod obstacles;
mod parts;

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Context;
use rustix::fs::Mode;
use serde_json::{Value, json};

use self::data::DataPlaces;
use self::host::{HostAction, ServiceState, has_group, has_user, service_state};
use self::parts::{OWNERS_FILE, Part, PartState, UNIT_DIR, UNIT_FILE, USERS_FILE, below};
use super::args::{Cli, InstallArgs, UninstallArgs};
use super::client::ApplianceClient;
use super::exit::CommandError;
use super::output::confirm;
use crate::config::{Config, DEFAULT_FILE};
use crate::util::counted;

/// Installs UNOC, or what differs from this version.
pub(super) fn install(cli: &Cli, args: &InstallArgs) -> Result<(), CommandError> {
    let root = args.root.as_deref().unwrap_or(Path::new("/"));
    let is_host = root == Path::new("/");
    check_root(root)?;
    let is_first = !below(root, Path::new(UNIT_FILE)).exists();
    let parts = parts::parts().context("cannot read this program")?;
    let mut plan = Vec::new();
    for part in &parts {
        let state = part.state(root, is_first);
        let state = state.with_context(|| format!("cannot read {}", part.path.display()))?;
        plan.push((part, state));
    }
    let starts = is_host && !args.no_start;
    let obstacles = obstacles::of_installing(root, &plan, starts);
    plan.retain(|(_, state)| *state != PartState::Settled);
    let actions = match is_host {
        true => actions(&plan, is_first, args.no_start),
        false => Vec::new(),
    };
    let done = Done::new(cli, args.dry_run, &actions);
    if args.dry_run {
        done.tell(&plan);
    }
    refuse(&obstacles, "installed")?;
    if args.dry_run {
        return Ok(());
    }
    // What is installed is for every user, whatever the umask of this one is.
    rustix::process::umask(Mode::from_raw_mode(0o022));
    for (part, _) in &plan {
        let made = part.make(root);
        made.with_context(|| format!("cannot make {}", part.path.display()))?;
    }
    actions.iter().try_for_each(|action| action.run())?;
    done.tell(&plan);
    match is_host {
        true if !cli.json => tell_what_now(plan.is_empty() && actions.is_empty()),
        _ => Ok(()),
    }
}

/// Removes what an installation made.
pub(super) fn uninstall(cli: &Cli, args: &UninstallArgs) -> Result<(), CommandError> {
    let root = args.root.as_deref().unwrap_or(Path::new("/"));
    let is_host = root == Path::new("/");
    check_root(root)?;
    let config = obstacles::configuration(root);
    refuse(&obstacles::of_uninstalling(root, args.purge, config.as_ref().err()), "uninstalled")?;
    let config = config.unwrap_or_else(|_| Config::for_data_dir(parts::DATA_DIR));
    let data = DataPlaces::of(root, &config);
    let mut parts = parts::parts().context("cannot read this program")?;
    parts.extend(data.elsewhere);
    let mut plan: Vec<(&Part, PartState)> = parts
        .iter()
        .filter(|part| part.is_removed(root, args.purge))
        .map(|part| (part, PartState::Settled))
        .collect();
    // The unit first, so that nothing starts the service meanwhile.
    plan.reverse();
    let is_running = is_host && host::is_booted();
    let before = if is_running && !plan.is_empty() { &[HostAction::Stop][..] } else { &[] };
    let mut after = Vec::new();
    if is_running && !plan.is_empty() {
        after.push(HostAction::ReloadUnits);
    }
    if is_host && args.purge && has_user() {
        after.push(HostAction::RemoveUser);
    }
    if is_host && args.purge && has_group() {
        after.push(HostAction::RemoveGroup);
    }
    let actions = [before, &after].concat();
    let done = Done::new(cli, args.dry_run, &actions);
    if args.dry_run || (plan.is_empty() && actions.is_empty()) {
        done.tell(&plan);
        return Ok(());
    }
    if args.purge && !args.yes {
        confirm(&format!(
            "Delete the site in {}, its backups there and the configuration?",
            data.data_dir.display()
        ))?;
    }
    before.iter().try_for_each(|action| action.run())?;
    for (part, _) in &plan {
        let removed = part.remove(root);
        removed.with_context(|| format!("cannot remove {}", part.path.display()))?;
    }
    after.iter().try_for_each(|action| action.run())?;
    done.tell(&plan);
    match args.purge {
        _ if cli.json => {}
        true => data.kept.iter().for_each(|kept| print_line!("{kept}.")),
        false => print_line!(
            "The data is in {}, the configuration in {}. unoc install takes them up again.",
            data.data_dir.display(),
            parts::CONFIG_DIR
        ),
    }
    Ok(())
}

/// Returns what the host has to do after the parts of the plan were made.
fn actions(plan: &[(&Part, PartState)], is_first: bool, no_start: bool) -> Vec<HostAction> {
    let is_changed = |path: &str| plan.iter().any(|(part, _)| part.path == Path::new(path));
    let mut actions = Vec::new();
    let makes_user = is_changed(USERS_FILE) || !has_user();
    if makes_user {
        actions.push(HostAction::MakeUser);
    }
    let has_data_dir = Path::new(parts::DATA_DIR).exists();
    if makes_user || !has_data_dir || is_changed(OWNERS_FILE) || is_changed(DEFAULT_FILE) {
        actions.push(HostAction::SetOwners);
    }
    // The host tells what an installation that was cut off has left to do.
    let is_unit_changed =
        plan.iter().any(|(part, _)| part.path.starts_with(UNIT_DIR)) || host::has_older_unit();
    if is_unit_changed {
        actions.push(HostAction::ReloadUnits);
    }
    let is_new = is_changed(parts::PROGRAM) || is_unit_changed || host::runs_other_program();
    match service_state() {
        _ if no_start => {}
        ServiceState::Running if is_new => actions.push(HostAction::Restart),
        ServiceState::Running => {}
        ServiceState::Failed => actions.extend([HostAction::ForgetFailure, HostAction::Start]),
        ServiceState::Stopped if is_first => actions.push(HostAction::Start),
        ServiceState::Stopped => {}
    }
    actions
}

fn check_root(root: &Path) -> Result<(), CommandError> {
    match root.is_absolute() && root.is_dir() {
        true => Ok(()),
        false => Err(CommandError::refused(format!(
            "--root {}: give the absolute path of a directory",
            root.display()
        ))),
    }
}

/// Names every obstacle.
fn refuse(obstacles: &[String], what: &str) -> Result<(), CommandError> {
    match obstacles {
        [] => Ok(()),
        all => Err(CommandError::refused(format!(
            "UNOC cannot be {what}; nothing was changed:\n- {}",
            all.join("\n- ")
        ))),
    }
}

/// Tells what was done, or would be.
struct Done<'a> {
    is_json: bool,
    is_dry_run: bool,
    actions: &'a [HostAction],
}

impl<'a> Done<'a> {
    fn new(cli: &Cli, is_dry_run: bool, actions: &'a [HostAction]) -> Self {
        Self { is_json: cli.json, is_dry_run, actions }
    }

    fn tell(&self, plan: &[(&Part, PartState)]) {
        if self.is_json {
            print_line!("{}", self.document(plan));
            return;
        }
        if plan.is_empty() && self.actions.is_empty() {
            print_line!("Nothing is to be done.");
            return;
        }
        let would = if self.is_dry_run { "would " } else { "" };
        let mut told = BTreeSet::new();
        for (part, state) in plan {
            let alike: Vec<_> = plan.iter().filter(|(it, _)| it.what == part.what).collect();
            let verb = verb(*state);
            match (alike.len(), part.path.parent()) {
                (1, _) => print_line!("{would}{verb} {} ({})", part.path.display(), part.what),
                (count, Some(directory)) if told.insert((part.what, directory)) => {
                    let of_directory = |path: &Path| path.parent() == Some(directory);
                    let here = alike.iter().filter(|(it, _)| of_directory(&it.path)).count();
                    let here = counted(here.min(count), part.what);
                    print_line!("{would}{verb} {here} in {}", directory.display());
                }
                _ => {}
            }
        }
        for action in self.actions {
            print_line!("{would}{}", action.text());
        }
    }

    fn document(&self, plan: &[(&Part, PartState)]) -> Value {
        let parts: Vec<Value> = plan
            .iter()
            .map(
                |(part, state)| json!({"path": part.path, "what": part.what, "does": verb(*state)}),
            )
            .collect();
        let actions: Vec<_> = self.actions.iter().map(|action| action.text()).collect();
        json!({"is_dry_run": self.is_dry_run, "parts": parts, "actions": actions})
    }
}

fn verb(state: PartState) -> &'static str {
    match state {
        PartState::Missing => "make",
        PartState::Differs => "replace",
        PartState::Settled => "remove",
    }
}

/// Returns what `/health` answers, in words.
fn state_in_words(health: &Value) -> String {
    let status = health["status"].as_str().unwrap_or("in an unknown state");
    match health["reason"].as_str() {
        Some(reason) => format!("{status}: {reason}; sudo unoc doctor tells what to do"),
        None => status.to_owned(),
    }
}

/// Prints where the service is, whether it is healthy, and what comes next.
fn tell_what_now(is_settled: bool) -> Result<(), CommandError> {
    let version = env!("CARGO_PKG_VERSION");
    if service_state() != ServiceState::Running {
        print_line!("UNOC {version} is installed, and stopped. To start it: systemctl start unoc");
        return Ok(());
    }
    let config = obstacles::configuration(Path::new("/"))?;
    let client = ApplianceClient::connect(&config)?;
    let (health, detail) = (client.health("/health")?, client.health("/api/health")?);
    let address = super::data_dir::endpoint(&config)?.map(|it| it.url).unwrap_or_default();
    let running = detail["version"].as_str().unwrap_or(version);
    print_line!("UNOC {running} runs at {address}/ and is {}", state_in_words(&health));
    if running != version {
        print_line!("UNOC {version} is installed. To run it: systemctl restart unoc");
    }
    if !is_settled {
        print_line!(
            "Next:\n  {DEFAULT_FILE}         every setting; then: systemctl restart unoc\n  \
             sudo unoc config show       what is set, and where\n  \
             sudo unoc doctor            every check, with what to do\n  \
             sudo unoc backup keygen     a recovery kit, for encrypted backups\n  \
             sudo usermod -aG unoc NAME  lets NAME type these commands without sudo"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unhealthy_site_is_told_in_words() {
        let check = |health, expected| assert_eq!(state_in_words(&health), expected);
        check(json!({"status": "healthy", "service": "unoc-backend"}), "healthy");
        check(
            json!({"status": "unhealthy", "reason": "the disk is full"}),
            "unhealthy: the disk is full; sudo unoc doctor tells what to do",
        );
    }
}
