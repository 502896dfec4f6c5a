//! Making the support bundle: by the server for its page, by the command for everything else.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::crashes::crash_files;
use super::loopback::OwnServer;
use super::mirror;
use crate::api::SupportSource;
use crate::backup::targets::BackupTarget;
use crate::config::{self, Config, ConfigErrors};
use crate::engine::Clock;
use crate::store::MARKER_FILE;
use crate::support::{FILE_BYTES_MAX, SecretMask, SupportBundle, directory_listing, host_files};
use crate::wire::Time;

/// The state of each part, with the checks.
const HEALTH_FILE: &str = "health.json";

/// The journal, which a sandboxed server may not read.
const JOURNAL_FILE: &str = "journal.txt";
/// What the checks say when they run for the bundle, in the form of `unoc doctor`.
const DOCTOR_FILE: &str = "doctor.json";

/// What the server answers, by the file that takes it.
const ANSWERS: [(&str, &str); 19] = [
    (HEALTH_FILE, "/api/health"),
    ("runbook.json", "/api/runbook"),
    ("incidents.json", "/api/incidents?limit=500"),
    ("maintenance.json", "/api/maintenance"),
    ("notices.json", "/api/notices?limit=500"),
    ("contacts.json", "/api/contacts"),
    ("network_summary.json", "/api/topology/summary"),
    ("network_problems.json", "/api/problems"),
    ("sync.json", "/api/sync"),
    ("jobs.json", "/api/jobs"),
    ("reports.json", "/api/reports?limit=500"),
    ("backups.json", "/api/backups"),
    ("settings.json", "/api/settings"),
    ("limits.json", "/api/limits"),
    ("metrics.txt", "/metrics"),
    ("log_levels.json", "/api/logs/levels"),
    ("log_summary.json", "/api/logs/summary"),
    ("log_warnings.txt", "/api/logs/export?level=warn"),
    ("log.txt", "/api/logs/export"),
];

/// The largest answer that is read: the log of a server has at most 32 MiB.
const ANSWER_BYTES_MAX: u64 = 2 * FILE_BYTES_MAX as u64 + (1 << 20);
/// A longer credential, such as a key file, is no text that would be in a log.
const CREDENTIAL_BYTES_MAX: u64 = 4096;
/// What a reader has to know of the files then.
const SHORT_SECRETS_NOTE: &str = " A secret has fewer than 4 characters: the same\n\
    word was replaced elsewhere, too.";
/// How long all of them together may take, and one of them. Then the server is not asked any more.
const ANSWERS_WAIT: Duration = Duration::from_secs(40);
const ANSWER_WAIT: Duration = Duration::from_secs(10);
/// How long the checks may take, which wait for disks and networks.
const CHECKS_WAIT: Duration = Duration::from_secs(25);
/// How long a look at the files of the data directory may take.
const FILES_WAIT: Duration = Duration::from_secs(5);

/// What a bundle is made of besides the host.
pub struct SupportFacts<'a> {
    pub config: Result<&'a Config, &'a ConfigErrors>,
    pub server: SupportServer,
    /// Files of the caller's: names, and contents or why there are none.
    pub files: Vec<SupportFile>,
}

/// What the server has to say.
pub enum SupportServer {
    /// The server itself makes the bundle: it asks itself for its answers.
    Itself(OwnServer),
    /// The bundle that it made. It knows secrets of its environment that a command does not.
    Bundle(Vec<u8>),
    /// Why it says nothing.
    Silent(String),
}

/// A file of a bundle.
pub struct SupportFile {
    pub name: String,
    pub content: Result<Vec<u8>, String>,
}

impl SupportFile {
    pub fn new(name: impl Into<String>, content: Result<Vec<u8>, String>) -> Self {
        Self { name: name.into(), content }
    }
}

/// Makes a bundle in memory. Returns the name of its directory, and its bytes as `.tar.gz`. It blocks for up
/// to a minute or so, on a thread that may do so.
///
/// # Errors
/// None that a caller could cause: what cannot be read is named in the bundle.
pub fn make_support_bundle(
    facts: SupportFacts<'_>,
    runtime: &Handle,
) -> io::Result<(String, Vec<u8>)> {
    let now = Clock::system().now();
    let stamp: String =
        Time(now).to_string().chars().take(19).filter(|c| *c != '-' && *c != ':').collect();
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let name = format!("unoc-support-{host}-{stamp}Z");
    let at_s = u64::try_from(now.0 / 1_000_000).unwrap_or(0);
    let mask = mask(facts.config);
    let note = if mask.has_short_secrets() { SHORT_SECRETS_NOTE } else { "" };
    let mut bundle = SupportBundle::new(name.clone(), at_s, mask);
    for file in facts.files {
        bundle.add(&file.name, file.content)?;
    }
    match &facts.server {
        SupportServer::Itself(server) => of_server(server, runtime, &mut bundle)?,
        SupportServer::Bundle(made) => {
            if let Err(error) = bundle.add_bundle(made) {
                bundle.add("server.tar.gz", Err(format!("it is not whole: {error}")))?;
            }
        }
        SupportServer::Silent(why) => bundle.add(HEALTH_FILE, Err(why.clone()))?,
    }
    bundle.add("configuration.txt", Ok(configuration(facts.config)))?;
    let is_served = !matches!(facts.server, SupportServer::Silent(_));
    for (file, content) in host_files() {
        let content = content.map_err(|why| match file {
            JOURNAL_FILE if is_served => format!("{why}; log.txt has the newest lines"),
            _ => why,
        });
        bundle.add(file, content)?;
    }
    if let Ok(config) = facts.config {
        of_data_dir(&config.data_dir, &mut bundle)?;
    }
    let head = format!(
        "Support bundle of UNOC {}, made {} on {host}.\n\n\
         It has facts about the service and its host for whoever looks for a fault: names and addresses of\n\
         equipment, names of operators, nothing of customers beyond their number in each problem. Known\n\
         secrets, passwords in addresses and keys were replaced by ***. Read it before you pass it on.{note}",
        env!("CARGO_PKG_VERSION"),
        Time(now),
    );
    Ok((name, bundle.finish(&head)?))
}

/// Returns what makes a bundle in this server.
pub(super) fn source(config: watch::Receiver<Config>, server: OwnServer) -> SupportSource {
    Arc::new(move || {
        let config = config.borrow().clone();
        let server = SupportServer::Itself(server.clone());
        let facts = SupportFacts { config: Ok(&config), server, files: Vec::new() };
        make_support_bundle(facts, &Handle::current())
    })
}

fn mask(config: Result<&Config, &ConfigErrors>) -> SecretMask {
    let environment = config::environment();
    let mut secrets = config::secrets_of_environment(&environment);
    if let Ok(config) = config {
        secrets.extend(config.secret_values());
        let targets = config.backup_targets.iter();
        secrets.extend(targets.flat_map(|target| BackupTarget::secrets_in_file(target)));
        let database = mirror::database(config).ok().flatten();
        secrets.extend(database.into_iter().flat_map(|it| it.config.passwords_in_file()));
    }
    // Also when the configuration cannot be used.
    if let Some(directory) = environment.get("CREDENTIALS_DIRECTORY") {
        secrets.extend(secrets_in(Path::new(directory)));
    }
    SecretMask::new(&secrets)
}

/// The lines of the small files in a directory of credentials, and the values of those with `KEY=VALUE`.
fn secrets_in(directory: &Path) -> Vec<String> {
    let files = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let small = files.filter(|file| {
        file.metadata().is_ok_and(|it| it.is_file() && it.len() <= CREDENTIAL_BYTES_MAX)
    });
    let texts = small.filter_map(|file| std::fs::read_to_string(file.path()).ok());
    texts
        .flat_map(|text| {
            // The braces of a JSON document are no secrets: without them, no JSON would be left.
            let has_word = |line: &&str| line.contains(char::is_alphanumeric);
            let lines = text.lines().map(str::trim).filter(has_word).map(str::to_owned);
            lines.chain(BackupTarget::secrets_in_text(&text)).collect::<Vec<_>>()
        })
        .collect()
}

fn configuration(config: Result<&Config, &ConfigErrors>) -> Vec<u8> {
    let text = match config {
        Ok(config) => {
            let shown = config.show().into_iter();
            let lines = shown.map(|it| format!("{} = {}    # {}\n", it.key, it.value, it.source));
            lines.collect()
        }
        Err(errors) => {
            errors.0.iter().map(|error| format!("{error}\n")).collect::<Vec<_>>().concat()
        }
    };
    text.into_bytes()
}

fn of_data_dir(data_dir: &Path, bundle: &mut SupportBundle) -> io::Result<()> {
    let directory = data_dir.to_owned();
    let listing = in_time(move || Ok(directory_listing(&directory).into_bytes()));
    bundle.add("data_directory.txt", listing)?;
    let marker = data_dir.join(MARKER_FILE);
    bundle.add(MARKER_FILE, in_time(move || std::fs::read(marker)))?;
    let directory = data_dir.to_owned();
    match in_time(move || crash_files(&directory)) {
        Ok(files) => files
            .into_iter()
            .try_for_each(|(name, bytes)| bundle.add(&format!("crashes/{name}"), Ok(bytes))),
        Err(why) => bundle.add("crashes", Err(why)),
    }
}

/// Reads from a file system that may hang, on a thread that is left behind then.
fn in_time<T: Send + 'static>(
    read: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, String> {
    let (sender, receiver) = std::sync::mpsc::channel();
    // Nobody listens after the deadline.
    let started = std::thread::Builder::new()
        .name("support-files".to_owned())
        .spawn(move || sender.send(read()).ok());
    started.map_err(|error| error.to_string())?;
    match receiver.recv_timeout(FILES_WAIT) {
        Ok(read) => read.map_err(|error| error.to_string()),
        Err(_) => Err(format!("the file system did not respond within {} s", FILES_WAIT.as_secs())),
    }
}

fn of_server(server: &OwnServer, runtime: &Handle, bundle: &mut SupportBundle) -> io::Result<()> {
    let mut is_silent = false;
    let deadline = runtime.block_on(async { tokio::time::Instant::now() }) + ANSWERS_WAIT;
    let mut ask = |path: &str| -> Result<Vec<u8>, String> {
        if is_silent {
            return Err("the server does not answer".to_owned());
        }
        let answer = async {
            let left = deadline.saturating_duration_since(tokio::time::Instant::now());
            let answer = server.get(path, ANSWER_BYTES_MAX);
            tokio::time::timeout(ANSWER_WAIT.min(left), answer).await
        };
        match runtime.block_on(answer) {
            Ok(Ok(answer)) if answer.status == 200 => Ok(answer.body.into_bytes()),
            Ok(Ok(answer)) => {
                Err(format!("the server answered {}: {}", answer.status, answer.body))
            }
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => {
                is_silent = true;
                Err(format!("no answer within {} s", ANSWER_WAIT.as_secs()))
            }
        }
    };
    let mut checks = Vec::new();
    for (name, path) in ANSWERS {
        let content = ask(path);
        if let (HEALTH_FILE, Ok(content)) = (name, &content) {
            checks = check_ids(content);
        }
        bundle.add(name, content)?;
    }
    for id in checks {
        let history = ask(&format!("/api/health/checks/{id}/history?hours=168"));
        bundle.add(&format!("checks/{id}.json"), history)?;
    }
    let run = server.request("POST", "/api/health/run", "");
    let run = runtime.block_on(async { tokio::time::timeout(CHECKS_WAIT, run).await });
    let found = match run {
        Ok(Ok(answer)) if answer.status == 200 => checks_in(&answer.body),
        Ok(Ok(answer)) => Err(format!("the server answered {}: {}", answer.status, answer.body)),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("the checks took more than {} s", CHECKS_WAIT.as_secs())),
    };
    bundle.add(DOCTOR_FILE, found)
}

/// The list of checks in the answer of the server.
fn checks_in(answer: &str) -> Result<Vec<u8>, String> {
    let answer: serde_json::Value =
        serde_json::from_str(answer).map_err(|error| error.to_string())?;
    serde_json::to_vec_pretty(&answer["checks"]).map_err(|error| error.to_string())
}

fn check_ids(health: &[u8]) -> Vec<String> {
    #[derive(Deserialize)]
    struct Health {
        #[serde(default)]
        checks: Vec<Check>,
    }
    #[derive(Deserialize)]
    struct Check {
        id: String,
    }
    let health: Option<Health> = serde_json::from_slice(health).ok();
    health.into_iter().flat_map(|health| health.checks).map(|check| check.id).collect()
}
