//! What an installation asks of the running host: systemd and the user database.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, anyhow};

use super::parts::{OWNERS_FILE, PROGRAM, USERS_FILE};
use crate::cli::exit::CommandError;
use crate::cli::service::UNIT;

/// The service's user and group.
pub(super) const USER: &str = "unoc";

/// One thing that is asked of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HostAction {
    MakeUser,
    SetOwners,
    ReloadUnits,
    ForgetFailure,
    Start,
    Restart,
    Stop,
    RemoveUser,
    RemoveGroup,
}

impl HostAction {
    /// Returns what it does, as the end of a sentence.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::MakeUser => "make the user and the group unoc",
            Self::SetOwners => "make /var/lib/unoc, and give the configuration to the group unoc",
            Self::ReloadUnits => "let systemd read its units again",
            Self::ForgetFailure => "let systemd forget that the service failed",
            Self::Start => "start the service",
            Self::Restart => "restart the service",
            Self::Stop => "stop the service",
            Self::RemoveUser => "remove the user unoc",
            Self::RemoveGroup => "remove the group unoc",
        }
    }

    fn command(self) -> &'static [&'static str] {
        match self {
            Self::MakeUser => &["systemd-sysusers", USERS_FILE],
            Self::SetOwners => &["systemd-tmpfiles", "--create", OWNERS_FILE],
            Self::ReloadUnits => &["systemctl", "daemon-reload"],
            Self::ForgetFailure => &["systemctl", "reset-failed", UNIT],
            Self::Start => &["systemctl", "start", UNIT],
            Self::Restart => &["systemctl", "restart", UNIT],
            Self::Stop => &["systemctl", "stop", UNIT],
            Self::RemoveUser => &["userdel", USER],
            Self::RemoveGroup => &["groupdel", USER],
        }
    }

    /// Does it. systemd has deadlines of its own for each of them; a start that repairs a large store may
    /// extend its own.
    pub(super) fn run(self) -> Result<(), CommandError> {
        // userdel removes it with the user, unless it has other members.
        if self == Self::RemoveGroup && !has_group() {
            return Ok(());
        }
        let [program, arguments @ ..] = self.command() else { return Ok(()) };
        let ended = Command::new(program).args(arguments).stdin(Stdio::null()).output();
        let ended = ended.with_context(|| format!("cannot run {program}"))?;
        if ended.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&ended.stderr);
        let advice = match self {
            Self::Start | Self::Restart => "; the reason is in: journalctl -u unoc -n 20",
            _ => "",
        };
        Err(anyhow!("cannot {}: {}{advice}", self.text(), said.trim().replace('\n', " ")).into())
    }
}

/// What the service is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ServiceState {
    Running,
    Stopped,
    /// It ended with an error.
    Failed,
}

/// Returns what the service is doing; one that is not installed is stopped.
pub(super) fn service_state() -> ServiceState {
    let asked = Command::new("systemctl").args(["is-active", UNIT]).stdin(Stdio::null()).output();
    let answer = asked.map(|it| String::from_utf8_lossy(&it.stdout).trim().to_owned());
    match answer.as_deref() {
        Ok("active" | "activating" | "reloading") => ServiceState::Running,
        Ok("failed") => ServiceState::Failed,
        _ => ServiceState::Stopped,
    }
}

/// Returns whether systemd has read an older version of the unit than the one that is there.
pub(super) fn has_older_unit() -> bool {
    property("NeedDaemonReload").is_some_and(|answer| answer == "yes")
}

/// Returns whether the service runs another program than the installed one, such as the one that an
/// installation replaced before it was cut off.
pub(super) fn runs_other_program() -> bool {
    let Some(pid) = property("MainPID").filter(|pid| pid != "0") else { return false };
    let file = |path: &Path| fs::metadata(path).ok().map(|it| (it.dev(), it.ino()));
    let running = file(&Path::new("/proc").join(pid).join("exe"));
    running.is_some() && running != file(Path::new(PROGRAM))
}

/// Returns a property of the service, as systemctl(1) shows it.
fn property(name: &str) -> Option<String> {
    let mut asked = Command::new("systemctl");
    asked.args(["show", "--value", "--property", name, UNIT]).stdin(Stdio::null());
    Some(String::from_utf8_lossy(&asked.output().ok()?.stdout).trim().to_owned())
}

/// Returns whether the service's user exists in the user database of the host.
pub(super) fn has_user() -> bool {
    has_entry("/etc/passwd")
}

/// Returns whether the service's group exists in the user database of the host.
pub(super) fn has_group() -> bool {
    has_entry("/etc/group")
}

fn has_entry(path: &str) -> bool {
    let entries = fs::read_to_string(path).unwrap_or_default();
    entries.lines().any(|line| line.split(':').next() == Some(USER))
}

/// Returns whether systemd runs this host (sd_booted(3)).
pub(super) fn is_booted() -> bool {
    Path::new("/run/systemd/system").is_dir()
}
