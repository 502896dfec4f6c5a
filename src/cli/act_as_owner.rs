//! Commands that root types while no server runs: they act as the owner of the data directory, so that the
//! service can open what they leave there, with the settings and the credentials of the service.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use rustix::process::{Gid, Uid};
use rustix::thread::{set_thread_gid, set_thread_groups, set_thread_uid};

use super::args::{Cli, Subcommand};
use super::backup_args::BackupAction;
use super::data_dir::{Owner, owner_of};
use super::exit::CommandError;
use super::service::{CredentialSource, InstalledService};
use super::user_groups::group_ids;
use crate::app;
use crate::util::files::{PRIVATE_MODE, write_durably};

/// The file of this process, whatever its path: the owner may not enter the directories that it lies in,
/// such as root's home.
const THIS_PROGRAM: &str = "/proc/self/exe";

/// Where the credentials of a command are, with its process id behind it.
const CREDENTIALS: &str = "/run/unoc-credentials.";

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
    command.args(std::env::args_os().skip(1)).env("HOME", &config.data_dir);
    let mut further_groups = Vec::new();
    if let Some(mut service) = cli.service() {
        further_groups = std::mem::take(&mut service.supplementary_groups);
        let names = service.credentials.keys();
        command.envs(service.environment_of_command(crate::config::environment()));
        if service.running_credentials.is_none() && names.len() > 0 {
            let directory = hand_over_credentials(&service, owner);
            let directory = directory.context("the credentials of the service cannot be read")?;
            command.env("CREDENTIALS_DIRECTORY", directory);
        }
    }
    let what = || format!("cannot run as the owner of {}", config.data_dir.display());
    become_user(owner, &further_groups).with_context(what)?;
    let error = command.exec();
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

/// Removes what [`act_as_owner`] made for this process. Only the empty directory stays, which belongs to
/// root; the next command removes it.
pub(super) fn forget_credentials() {
    let directory = PathBuf::from(format!("{CREDENTIALS}{}", std::process::id()));
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        fs::remove_file(entry.path()).ok();
    }
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

/// Copies the service's credentials into a directory that only the owner may read. Returns it.
fn hand_over_credentials(service: &InstalledService, owner: Owner) -> io::Result<PathBuf> {
    remove_left_over();
    let directory = PathBuf::from(format!("{CREDENTIALS}{}", std::process::id()));
    // Root's own until it is complete, so that nobody can put a link into it.
    fs::DirBuilder::new().mode(0o700).create(&directory)?;
    for (name, source) in &service.credentials {
        let content = match source {
            CredentialSource::Text(text) => text.clone().into_bytes(),
            // The service would not start without it; the command may not need it.
            CredentialSource::File(path) => match fs::read(path) {
                Ok(content) => content,
                Err(_) => continue,
            },
        };
        let path = directory.join(name);
        write_durably(&path, &content, PRIVATE_MODE)?;
        chown(&path, Some(owner.uid), Some(owner.gid))?;
    }
    chown(&directory, Some(owner.uid), Some(owner.gid))?;
    Ok(directory)
}

/// Removes the directories of commands that have ended, and of one that had the id of this process.
fn remove_left_over() {
    let Some((parent, name)) = CREDENTIALS.rsplit_once('/') else { return };
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let file = entry.file_name().to_string_lossy().into_owned();
        let process = file.strip_prefix(name);
        let has_ended = |process: &str| {
            process == std::process::id().to_string() || !Path::new("/proc").join(process).exists()
        };
        if process.is_some_and(has_ended) {
            fs::remove_dir_all(entry.path()).ok();
        }
    }
}
