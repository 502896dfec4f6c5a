//! What `unoc upgrade` and `unoc rollback` work on: the installed program, its service and its data.

use std::io::Read;
use std::path::PathBuf;

use anyhow::Context;
use serde_json::Value;

use super::args::Cli;
use super::client::ApplianceClient;
use super::exit::CommandError;
use super::upgrade_args::InstalledArgs;
use crate::config::Config;
use crate::upgrade::{
    InstalledProgram, ProgramFacts, ServiceStatus, SystemdService, UpgradeError, UpgradeJournal,
};

/// The installed program, its service and its configuration.
pub(super) struct UpgradeHost {
    pub(super) config: Config,
    pub(super) program: InstalledProgram,
    pub(super) service: SystemdService,
}

impl UpgradeHost {
    pub(super) fn find(cli: &Cli, args: &InstalledArgs) -> Result<Self, CommandError> {
        Self::with(cli.load_config()?, args)
    }

    /// The host of an upgrade that was interrupted: settings that this version refuses, such as those of a
    /// newer one, must not keep it from being ended.
    pub(super) fn find_interrupted(cli: &Cli, args: &InstalledArgs) -> Result<Self, CommandError> {
        // The journal names the data directory.
        Self::with(cli.load_config().unwrap_or_else(|_| Config::for_data_dir("/")), args)
    }

    fn with(mut config: Config, args: &InstalledArgs) -> Result<Self, CommandError> {
        let service = SystemdService::new(&args.service);
        if !args.binary.exists() {
            return Err(CommandError::refused(format!(
                "UNOC is not installed: there is no {}; sudo unoc install installs it, and --binary names \
                 another place",
                args.binary.display()
            )));
        }
        let program = InstalledProgram::at(&args.binary)?;
        if let Some(data_dir) = data_dir_of(&config, &service) {
            config.data_dir = data_dir;
        }
        Ok(Self { config, program, service })
    }

    /// The same for the service and the data that a journal names, which continues there.
    pub(super) fn of_journal(mut self, journal: &UpgradeJournal) -> Self {
        self.config.data_dir.clone_from(&journal.data_dir);
        self.service = SystemdService::new(&journal.service);
        self
    }

    pub(super) fn journal(&self) -> Result<Option<UpgradeJournal>, CommandError> {
        Ok(UpgradeJournal::read(&self.program.journal_path())?)
    }

    /// What the installed program says of itself.
    pub(super) fn installed(&self) -> Result<ProgramFacts, UpgradeError> {
        ProgramFacts::ask(self.program.path(), self.program.sha256()?)
    }

    /// What keeps the service from being replaced: an obstacle for each.
    pub(super) fn service_obstacles(&self, status: &ServiceStatus) -> Vec<String> {
        let (name, binary) = (self.service.name(), self.program.path().display());
        if !status.is_loaded {
            return vec![format!("systemd has no service {name}; name it with --service")];
        }
        if status.is_active() && !self.program.is_run_by(status.process) {
            return vec![format!(
                "the service {name} does not run the file {binary}: it was replaced since the start \
                 (systemctl restart {name}), or the unit starts another one (name it with --binary)"
            )];
        }
        if !status.is_active() && !status.is_stopped() {
            return vec![format!(
                "the service {name} is {}; wait until it runs, or stop it: systemctl stop {name}",
                status.active_state
            )];
        }
        Vec::new()
    }

    /// The answer of the running server to `GET /api/health`.
    pub(super) fn health(&self) -> Result<Value, CommandError> {
        read(ApplianceClient::connect(&self.config)?.get("/api/health")?)
    }

    /// The ids of the checks that are critical on the running server, after all of them were run.
    pub(super) fn run_checks(&self) -> Result<Vec<String>, CommandError> {
        let checked = read(ApplianceClient::connect(&self.config)?.post("/api/health/run")?)?;
        let checks = checked["checks"].as_array().into_iter().flatten();
        let critical = checks.filter(|check| check["state"] == "critical");
        Ok(critical.filter_map(|check| Some(check["id"].as_str()?.to_owned())).collect())
    }
}

fn read(answer: impl Read) -> Result<Value, CommandError> {
    Ok(serde_json::from_reader(answer).context("the server's answer is not JSON")?)
}

/// The state directory of the service, unless `data_dir` is set: the default is that of the user who types.
fn data_dir_of(config: &Config, service: &SystemdService) -> Option<PathBuf> {
    let shown = config.show();
    let is_set = shown.iter().any(|it| it.key == "data_dir" && it.source != "default");
    if is_set {
        return None;
    }
    service.status().ok()?.state_directory
}
