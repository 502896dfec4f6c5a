//! `unoc reload`

use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process};

use super::args::Cli;
use super::exit::CommandError;
use crate::app;
use crate::config;

/// Has the service read its configuration again, and fails if that has an error. `systemctl reload unoc` runs
/// it, and passes the process of the service (systemd.service(5), "ExecReload=").
pub(super) fn run(cli: &Cli) -> Result<(), CommandError> {
    let environment = config::environment();
    let pid = environment.get("MAINPID").and_then(|text| text.parse().ok());
    let Some(pid) = pid.filter(|pid| *pid > 0).and_then(Pid::from_raw) else {
        return Err(CommandError::refused(
            "systemd runs this command and says which process is the service; run: sudo systemctl reload unoc",
        ));
    };
    let checked = cli.load_config().and_then(|config| app::check(&config));
    // In any case: the service reports the errors where its operators look.
    kill_process(pid, Signal::HUP).context("cannot send SIGHUP to the service")?;
    Ok(checked?)
}
