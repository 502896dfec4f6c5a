//! `unoc doctor`

use std::io::Read;

use anyhow::{Context, anyhow};
use serde::{Deserialize, Serialize};

use super::args::Cli;
use super::client::ApplianceClient;
use super::data_dir::is_new_data_dir;
use super::exit::{self, CommandError};
use super::offline;
use crate::app;
use crate::auth::AuthMode;
use crate::config::{Config, ConfigError, ConfigErrors};
use crate::health::{CheckState, CheckStatus};
use crate::util::counted;

/// The title of the finding whether the store can be used.
const STORE: &str = "Store opens";

/// What one check found.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct DoctorFinding {
    id: String,
    title: String,
    /// As in `GET /api/health`.
    state: String,
    value_text: Option<String>,
    message: Option<String>,
    remedy: Option<String>,
}

impl DoctorFinding {
    fn new(id: &str, title: &str, state: CheckState) -> Self {
        let state = state.as_str().to_owned();
        let (id, title) = (id.to_owned(), title.to_owned());
        Self { id, title, state, value_text: None, message: None, remedy: None }
    }

    fn with(mut self, message: impl Into<String>, remedy: Option<&str>) -> Self {
        self.message = Some(message.into());
        self.remedy = remedy.map(str::to_owned);
        self
    }

    fn of_setting(error: &ConfigError) -> Self {
        Self::new("configuration", "Configuration", CheckState::Critical)
            .with(error.to_string(), Some("Correct the setting, then: unoc config check."))
    }

    pub(super) fn of_settings(errors: &ConfigErrors) -> Vec<Self> {
        errors.0.iter().map(Self::of_setting).collect()
    }

    pub(super) fn of_no_site(config: &Config) -> Self {
        let what =
            format!("{} holds no site yet; the service makes one", config.data_dir.display());
        Self::new("store.open", STORE, CheckState::Unknown).with(what, None)
    }

    pub(super) fn of_no_store(error: &CommandError) -> Self {
        let remedy = "The message says why; unoc restore latest replaces a store that is lost.";
        Self::new("store.open", STORE, CheckState::Critical)
            .with(exit::one_line(&error.cause), Some(remedy))
    }

    fn is_fault(&self) -> bool {
        [CheckState::Warning, CheckState::Critical].iter().any(|it| it.as_str() == self.state)
    }
}

impl From<CheckStatus> for DoctorFinding {
    fn from(check: CheckStatus) -> Self {
        let CheckStatus { spec, state, value, message, .. } = check;
        let found = Self::new(spec.id, spec.title, state);
        let remedy = found.is_fault().then(|| spec.remedy.to_owned());
        let value_text = value.map(|value| spec.unit.text(value));
        Self { value_text, message, remedy, ..found }
    }
}

/// Runs all checks, on the server if one runs, prints what they say, and fails if one is not in order.
pub(super) fn run(cli: &Cli) -> Result<(), CommandError> {
    let findings = findings(cli)?;
    let faults = findings.iter().filter(|finding| finding.is_fault()).count();
    if cli.json {
        print_line!("{:#}", serde_json::json!({"ok": faults == 0, "checks": findings}));
    } else {
        print(&findings);
    }
    match faults {
        0 => Ok(()),
        faults => Err(anyhow!("{} not in order", are(faults)).into()),
    }
}

fn findings(cli: &Cli) -> Result<Vec<DoctorFinding>, CommandError> {
    let config = match cli.load_config() {
        Ok(config) => config,
        Err(errors) => return Ok(DoctorFinding::of_settings(&errors)),
    };
    let mut findings = of_configuration(&config);
    if findings.iter().all(|finding| !finding.is_fault()) {
        findings.extend(of_site(&config)?);
    }
    Ok(findings)
}

/// Whether the service can use the configuration.
pub(super) fn of_configuration(config: &Config) -> Vec<DoctorFinding> {
    match app::check(config) {
        Ok(()) => vec![DoctorFinding::new("configuration", "Configuration", CheckState::Ok)],
        Err(errors) => DoctorFinding::of_settings(&errors),
    }
}

/// The checks of the server that uses the store, or else of the store and the host.
fn of_site(config: &Config) -> Result<Vec<DoctorFinding>, CommandError> {
    if is_new_data_dir(config) {
        return Ok(vec![DoctorFinding::of_no_site(config)]);
    }
    match offline::open_store(config) {
        Ok(None) => of_server(config),
        Ok(Some(store)) => {
            let (checks, mode) = offline::with_engine(config, store, async |engine| {
                let mode = app::auth_mode(config, &engine);
                (app::offline_checks(config, &engine, &[]).await, mode)
            })?;
            let mut findings = of_checks(checks?);
            findings.extend(of_access(config, mode?.as_str()));
            Ok(findings)
        }
        Err(error) => Ok(vec![DoctorFinding::of_no_store(&error)]),
    }
}

/// What the checks say of a store that opens.
pub(super) fn of_checks(checks: Vec<CheckStatus>) -> Vec<DoctorFinding> {
    let opens = DoctorFinding::new("store.open", STORE, CheckState::Ok);
    std::iter::once(opens).chain(checks.into_iter().map(DoctorFinding::from)).collect()
}

pub(super) fn of_server(config: &Config) -> Result<Vec<DoctorFinding>, CommandError> {
    #[derive(Deserialize)]
    struct Answer {
        checks: Vec<DoctorFinding>,
    }
    let server = ApplianceClient::connect(config)?;
    let mut text = String::new();
    server.post("/api/health/run")?.read_to_string(&mut text)?;
    let answer: Answer = serde_json::from_str(&text).context("the server's answer is not JSON")?;
    let session = server.health("/api/session")?;
    let mut findings = answer.checks;
    findings.extend(of_access(config, session["mode"].as_str().unwrap_or_default()));
    Ok(findings)
}

/// Whether somebody may use the service who should not, by who has to log in.
fn of_access(config: &Config, mode: &str) -> Option<DoctorFinding> {
    let is_refused = mode == AuthMode::Open.as_str() && !config.host.is_loopback();
    let (state, what) = match mode {
        _ if is_refused => (
            CheckState::Critical,
            format!(
                "{} can be reached from the network, so the service does not start",
                config.host
            ),
        ),
        mode if mode == AuthMode::Insecure.as_str() => (
            CheckState::Warning,
            "everybody who reaches it may do everything (insecure_no_auth)".to_owned(),
        ),
        _ => return None,
    };
    let message = format!("There are no users: {what}");
    let remedy = "Add the first user: sudo unoc user add NAME --role admin.";
    Some(DoctorFinding::new("access", "Who may use the service", state).with(message, Some(remedy)))
}

/// The worst last, where the eye is when the output ends.
fn print(findings: &[DoctorFinding]) {
    const STATES: [CheckState; 4] =
        [CheckState::Unknown, CheckState::Ok, CheckState::Warning, CheckState::Critical];
    let width = |text: fn(&DoctorFinding) -> &str| {
        findings.iter().map(|finding| text(finding).chars().count()).max().unwrap_or(0)
    };
    let (ids, values) = (width(|it| &it.id), width(|it| it.value_text.as_deref().unwrap_or("-")));
    for state in STATES {
        for finding in findings.iter().filter(|finding| finding.state == state.as_str()) {
            let DoctorFinding { id, title, state, value_text, message, remedy } = finding;
            let value = value_text.as_deref().unwrap_or("-");
            print_line!("{state:8}  {id:ids$}  {value:values$}  {title}");
            for line in message.iter().chain(remedy) {
                print_line!("          {line}");
            }
        }
    }
}

/// `1 check is`, `2 checks are`.
fn are(count: usize) -> String {
    let verb = if count == 1 { "is" } else { "are" };
    format!("{} {verb}", counted(count, "check"))
}
