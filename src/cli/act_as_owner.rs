//! Commands that root types while no server runs: they act as the owner of the data directory, so that the
//! service can open what they leave there, with the settings and the credentials of the service.

use std::ffi::OsString;
use std::io::{self, ErrorKind};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use rustix::process::{Gid, Uid};
use rustix::thread::{set_thread_gid, set_thread_groups, set_thread_uid};

use super::args::{Cli, Subcommand};
use super::backup_args::{BackupAction, RestoreArgs};
use super::data_dir::{Owner, owner_of};
use super::exit::CommandError;
use super::handover::Handover;
use super::invoker;
use super::service::{CredentialSource, InstalledService};
use super::user_groups::group_ids;
use crate::app;

/// The file of this process, whatever its path: the owner may not enter the directories that it lies in,
/// such as root's home.
const THIS_PROGRAM: &str = "/proc/self/exe";

/// Replaces this process by the same command as the owner of the data directory, where that is needed.
/// Returns otherwise.
///
/// # Errors
/// The command cannot be started as that user.
pub(super) fn act_as_owner(cli: &Cli) -> Result<(), CommandError> {
    if !rustix::process::geteuid().is_root() || !needs_owner(&cli.subcommand) {
        return Ok(());
    }
    // An error of the settings is reported by the command.
    let Ok(config) = cli.load_config() else { return Ok(()) };
    let Some(owner) = owner_of(&config).filter(|owner| owner.uid != 0) else { return Ok(()) };
    // What the service may read and what it is set to is the question, whether it runs or not.
    let is_of_files = matches!(cli.subcommand, Subcommand::Config(_) | Subcommand::Tls(_));
    if !is_of_files && app::is_store_in_use(&config) {
        return Ok(());
    }
    let program = std::env::current_exe().context("the path of this program is unknown")?;
    let mut command = Command::new(THIS_PROGRAM);
    let mut arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let mut handover = Handover::new(owner);
    if let Subcommand::Restore(RestoreArgs { identity: Some(file), .. }) = &cli.subcommand {
        let copied = handover.add_file("identity", file);
        let copied = copied.with_context(|| format!("cannot read {}", file.display()))?;
        arguments = with_identity(arguments, &copied);
    }
    command.env("HOME", &config.data_dir);
    invoker::pass_on(&mut command);
    let mut further_groups = Vec::new();
    if let Some(mut service) = cli.service() {
        further_groups = std::mem::take(&mut service.supplementary_groups);
        let names = service.credentials.keys();
        command.envs(service.environment_of_command(crate::config::environment()));
        if service.running_credentials.is_none() && names.len() > 0 {
            let directory = hand_over_credentials(&service, &mut handover);
            let directory = directory.context("the credentials of the service cannot be read")?;
            command.env("CREDENTIALS_DIRECTORY", directory);
        }
    }
    handover.finish().context("what the command needs cannot be handed over")?;
    let what = || format!("cannot run as the owner of {}", config.data_dir.display());
    become_user(owner, &further_groups).with_context(what)?;
    let error = command.args(arguments).exec();
    if error.kind() == ErrorKind::PermissionDenied {
        let program = program.display();
        return Err(CommandError::refused(format!(
            "cannot run as the owner of {}, who may not execute {program}: chmod 755 {program}",
            config.data_dir.display()
        )));
    }
    Err(anyhow::Error::from(error).context(what()).into())
}

/// Gives this thread, the only one, the user and the groups that the service has.
fn become_user(owner: Owner, further_groups: &[String]) -> rustix::io::Result<()> {
    let groups: Vec<Gid> =
        group_ids(owner, further_groups).into_iter().map(Gid::from_raw).collect();
    set_thread_groups(&groups)?;
    set_thread_gid(Gid::from_raw(owner.gid))?;
    set_thread_uid(Uid::from_raw(owner.uid))
}

/// Returns whether a command may open the store, or checks what the service may read. Those that read only
/// the files that their arguments name keep the rights of root.
fn needs_owner(subcommand: &Subcommand) -> bool {
    match subcommand {
        Subcommand::Serve
        | Subcommand::Install(_)
        | Subcommand::Uninstall(_)
        | Subcommand::Upgrade(_)
        | Subcommand::Rollback(_)
        | Subcommand::UpgradeStore { .. }
        | Subcommand::Healthcheck
        | Subcommand::SupportBundle { .. }
        | Subcommand::Openapi
        | Subcommand::Completions { .. }
        | Subcommand::Man { .. }
        | Subcommand::Version
        | Subcommand::Backup(BackupAction::Cat { .. } | BackupAction::Keygen)
        | Subcommand::Backup(BackupAction::Verify { identity: Some(_), .. }) => false,
        Subcommand::Backup(BackupAction::Verify { backup, .. }) => !Path::new(backup).is_file(),
        _ => true,
    }
}

/// Hands the service's credentials over. Returns their directory.
fn hand_over_credentials(
    service: &InstalledService,
    handover: &mut Handover,
) -> io::Result<PathBuf> {
    for (name, source) in &service.credentials {
        match source {
            CredentialSource::Text(text) => {
                handover.add(name, text.as_bytes())?;
            }
            // The service would not start without it; the command may not need it.
            CredentialSource::File(path) => match handover.add_file(name, path) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            },
        }
    }
    handover.directory()
}

/// Replaces the value of `--identity`.
fn with_identity(arguments: Vec<OsString>, file: &Path) -> Vec<OsString> {
    let mut is_value = false;
    let replace = |argument: OsString| {
        if std::mem::take(&mut is_value) {
            return file.into();
        }
        is_value = argument == "--identity";
        if !argument.as_encoded_bytes().starts_with(b"--identity=") {
            return argument;
        }
        let mut joined = OsString::from("--identity=");
        joined.push(file);
        joined
    };
    arguments.into_iter().map(replace).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_with_the_key_is_replaced() {
        let check = |given: &[&str], expected: &[&str]| {
            let given = given.iter().map(Into::into).collect();
            assert_eq!(with_identity(given, Path::new("/run/key")), expected);
        };
        check(
            &["restore", "latest", "--identity", "key.txt", "--yes"],
            &["restore", "latest", "--identity", "/run/key", "--yes"],
        );
        check(&["restore", "--identity=key.txt", "a"], &["restore", "--identity=/run/key", "a"]);
        check(&["restore", "identity"], &["restore", "identity"]);
    }
}
