//! `unoc report-failure`

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use anyhow::Context;

use super::args::Cli;
use super::exit::CommandError;
use crate::app::{ServiceEnd, ServiceResult, report_service_end};
use crate::config;
use crate::engine::Clock;

/// Lines of the journal that a report has.
const LOG_LINES: &str = "50";
/// What is read of them at most.
const LOG_BYTES_MAX: u64 = 1 << 20;
/// How long reading them may take: a journal on a failing disk may not answer.
const LOG_WAIT: Duration = Duration::from_secs(10);

/// Leaves a report of how the service ended, if the service could not do so itself. The units run it:
/// `unoc.service` after each end (systemd.exec(5), `$SERVICE_RESULT`), and `unoc-failure@.service` once systemd
/// has given up (`$MONITOR_SERVICE_RESULT`).
pub(super) fn run(cli: &Cli) -> Result<(), CommandError> {
    let environment = config::environment();
    let Some(end) = service_end(&environment) else { return Ok(()) };
    let data_dir = data_dir(cli, &environment)?;
    let log = || environment.get("MONITOR_UNIT").map(|unit| last_lines(unit)).unwrap_or_default();
    let path = report_service_end(&data_dir, &Clock::system(), &end, log)
        .with_context(|| format!("cannot write a report into {}", data_dir.display()))?;
    print_line!("{}", path.display());
    Ok(())
}

/// Returns the configured data directory, or the one of the unit if the configuration has an error.
fn data_dir(cli: &Cli, environment: &BTreeMap<String, String>) -> Result<PathBuf, CommandError> {
    match cli.load_config() {
        Ok(config) => Ok(config.data_dir),
        Err(errors) => match environment.get("STATE_DIRECTORY") {
            Some(directory) => Ok(PathBuf::from(directory)),
            None => Err(errors.into()),
        },
    }
}

fn service_end(environment: &BTreeMap<String, String>) -> Option<ServiceEnd> {
    let variable = |name: &str| environment.get(name).map(String::as_str);
    let unit = variable("MONITOR_UNIT");
    let of_end = |name: &str| match unit {
        Some(_) => variable(&format!("MONITOR_{name}")).unwrap_or_default(),
        None => variable(name).unwrap_or_default(),
    };
    let (text, status) = (of_end("SERVICE_RESULT"), of_end("EXIT_STATUS"));
    let result = match unit {
        // A refused command line or configuration, which is not tried again (RestartPreventExitStatus=).
        Some(_) if text == "exit-code" && ["2", "3"].contains(&status) => return None,
        Some(_) if ServiceResult::parse(text) == Some(ServiceResult::StartLimit) => {
            ServiceResult::StartLimit
        }
        // systemd starts the unit of failures only when it does not start the service again.
        Some(_) => ServiceResult::NotRestarted,
        None => ServiceResult::parse(text)?,
    };
    Some(ServiceEnd { result, status: status.to_owned() })
}

/// Returns the last lines of a unit's journal; none if they cannot be read in time.
fn last_lines(unit: &str) -> Vec<String> {
    let mut journal = Command::new("journalctl");
    journal.args(["--no-pager", "--quiet", "--output", "short-iso", "--lines", LOG_LINES]);
    journal.args(["--unit", unit]).stdin(Stdio::null()).stdout(Stdio::piped());
    let Ok(mut child) = journal.stderr(Stdio::null()).spawn() else { return Vec::new() };
    let Some(output) = child.stdout.take() else { return Vec::new() };
    let (sender, read) = sync_channel(1);
    // Ends with the child at the latest.
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        output.take(LOG_BYTES_MAX).read_to_end(&mut bytes).ok();
        sender.send(bytes).ok();
    });
    let bytes = read.recv_timeout(LOG_WAIT).unwrap_or_default();
    child.kill().ok();
    child.wait().ok();
    String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect()
}
