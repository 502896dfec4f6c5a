//! `unoc report-failure`

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use anyhow::Context;

use super::args::Cli;
use super::exit::CommandError;
use crate::app::{ServiceEnd, ServiceResult, report_service_end};
use crate::config;
use crate::engine::Clock;

/// Lines of the journal that a report has.
const LOG_LINES: &str = "50";

/// Leaves a report of how the service ended, if the service could not do so itself. The units run it:
/// `unoc.service` after each end (systemd.exec(5), `$SERVICE_RESULT`), and `unoc-failure@.service` once systemd
/// has given up (`$MONITOR_SERVICE_RESULT`).
pub(super) fn run(cli: &Cli) -> Result<(), CommandError> {
    let environment = config::environment();
    let Some(end) = service_end(&environment) else { return Ok(()) };
    let config = cli.load_config()?;
    let path = report_service_end(&config.data_dir, &Clock::system(), end)
        .with_context(|| format!("cannot write a report into {}", config.data_dir.display()))?;
    print_line!("{}", path.display());
    Ok(())
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
        // systemd starts the unit of failures only when it has given up.
        Some(_) => ServiceResult::StartLimit,
        None => ServiceResult::parse(text)?,
    };
    let log = unit.map(last_lines).unwrap_or_default();
    Some(ServiceEnd { result, status: status.to_owned(), log })
}

/// Returns the last lines of a unit's journal. Without them, the report has the rest.
fn last_lines(unit: &str) -> Vec<String> {
    let mut journal = Command::new("journalctl");
    journal.args(["--no-pager", "--quiet", "--output", "short-iso", "--lines", LOG_LINES]);
    let output = journal.args(["--unit", unit]).stdin(Stdio::null()).output();
    output.map_or_else(
        |_| Vec::new(),
        |output| String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect(),
    )
}
