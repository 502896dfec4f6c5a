//! The service, as systemd knows it.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use super::error::UpgradeError;
use super::program::{ProgramOutput, run_within};

/// systemd answers questions at once.
const ASK_WAIT: Duration = Duration::from_secs(10);
/// Longer than `TimeoutStopSec` of the unit, after which systemd kills.
const STOP_WAIT: Duration = Duration::from_secs(120);
/// A start ends with the message that the server is ready. It may repair or load a large store, and takes
/// half an hour at most.
const START_WAIT: Duration = Duration::from_secs(31 * 60);
/// Where `StateDirectory=` of a unit is (systemd.exec(5)).
const STATE_ROOT: &str = "/var/lib";

/// A unit of systemd, asked and changed by `systemctl`.
#[derive(Clone, Debug)]
pub struct SystemdService {
    name: String,
}

/// What systemd says of the service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceStatus {
    /// Whether there is such a unit.
    pub is_loaded: bool,
    /// `active`, `inactive`, `failed`, `activating` or `deactivating`.
    pub active_state: String,
    /// The process; 0 without one.
    pub process: u32,
    /// How often systemd has restarted it after a failure.
    pub restarts: u32,
    /// The directory of its state, if the unit names one.
    pub state_directory: Option<PathBuf>,
}

impl ServiceStatus {
    pub fn is_active(&self) -> bool {
        self.active_state == "active"
    }

    /// Whether it is stopped, or has failed and is not restarted.
    pub fn is_stopped(&self) -> bool {
        ["inactive", "failed"].contains(&self.active_state.as_str())
    }
}

impl SystemdService {
    pub fn new(name: &str) -> Self {
        Self { name: name.strip_suffix(".service").unwrap_or(name).to_owned() }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Asks systemd.
    ///
    /// # Errors
    /// [`UpgradeError`] if `systemctl` does not answer.
    pub fn status(&self) -> Result<ServiceStatus, UpgradeError> {
        let properties = "LoadState,ActiveState,MainPID,NRestarts,StateDirectory";
        let output = self.systemctl(&["show", "--property", properties], ASK_WAIT)?;
        let mut status = ServiceStatus::default();
        for (key, value) in output.stdout.lines().filter_map(|line| line.split_once('=')) {
            match key {
                "LoadState" => status.is_loaded = value == "loaded",
                "ActiveState" => status.active_state = value.to_owned(),
                "MainPID" => status.process = value.parse().unwrap_or_default(),
                "NRestarts" => status.restarts = value.parse().unwrap_or_default(),
                "StateDirectory" => {
                    let first = value.split_whitespace().next();
                    status.state_directory = first.map(|name| PathBuf::from(STATE_ROOT).join(name));
                }
                _ => {}
            }
        }
        Ok(status)
    }

    /// Stops the service and waits until it has ended; nothing happens to one that is stopped.
    ///
    /// # Errors
    /// [`UpgradeError`] if it cannot be stopped.
    pub fn stop(&self) -> Result<(), UpgradeError> {
        self.systemctl(&["stop"], STOP_WAIT).map(drop)
    }

    /// Starts the service and waits until it is ready.
    ///
    /// # Errors
    /// [`UpgradeError`] if it fails.
    pub fn start(&self) -> Result<(), UpgradeError> {
        // Failed starts of the other program count against the limit of the unit.
        self.systemctl(&["reset-failed"], ASK_WAIT).ok();
        self.systemctl(&["start"], START_WAIT).map(drop)
    }

    /// The last lines of its log; none where there is no journal.
    pub fn last_lines(&self, count: usize) -> Vec<String> {
        let mut command = Command::new("journalctl");
        command.args(["--unit", &self.name, "--output", "cat", "--no-pager"]);
        command.args(["--lines", &count.to_string()]);
        let output = run_within(&mut command, ASK_WAIT);
        output.map_or_else(
            |_| Vec::new(),
            |output| output.stdout.lines().map(str::to_owned).collect(),
        )
    }

    fn systemctl(
        &self,
        arguments: &[&str],
        limit: Duration,
    ) -> Result<ProgramOutput, UpgradeError> {
        let mut command = Command::new("systemctl");
        let output = run_within(command.args(arguments).arg("--").arg(&self.name), limit)?;
        if output.is_success {
            return Ok(output);
        }
        let said = output.stderr.lines().next().unwrap_or("it says nothing").to_owned();
        let program = format!("systemctl {} {}", arguments[0], self.name);
        Err(UpgradeError::Failed { program, what: said })
    }
}
