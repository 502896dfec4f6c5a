//! `unoc support-bundle`

use std::fs::Permissions;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use anyhow::Context;

use super::args::Cli;
use super::client::ApplianceClient;
use super::data_dir::is_new_data_dir;
use super::destination::Destination;
use super::doctor::{self, DoctorFinding};
use super::exit::{self, CommandError};
use super::offline;
use crate::app::{
    self, SupportFacts, SupportFile, SupportServer, make_support_bundle, read_endpoint,
};
use crate::config::Config;
use crate::health::CheckStatus;
use crate::store::Store;
use crate::util::files::PRIVATE_MODE;
use crate::util::format_bytes;

/// What a look at the store cannot measure: it writes to memory.
const NOT_MEASURED: [&str; 1] = ["store.write"];
/// The largest bundle of a server: its files before they are compressed.
const SERVED_BYTES_MAX: u64 = 64 << 20;

/// Makes a bundle of what the server says, or of what can be read without one, and writes it.
pub(super) fn run(cli: &Cli, file: Option<&PathBuf>) -> Result<(), CommandError> {
    let config = cli.load_config();
    let (server, files) = match &config {
        Ok(config) => of_site(config),
        Err(errors) => {
            let why = "the configuration cannot be used".to_owned();
            (SupportServer::Silent(why), vec![doctor(Ok(DoctorFinding::of_settings(errors)))])
        }
    };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.context("cannot start the runtime")?;
    let facts = SupportFacts { config: config.as_ref(), server, files };
    let made = make_support_bundle(facts, runtime.handle());
    let (name, bytes) = made.context("the bundle cannot be made")?;
    let path = file.cloned().unwrap_or_else(|| PathBuf::from(format!("{name}.tar.gz")));
    let destination = Destination::resolve(&path)?;
    destination.write(|out| {
        let shown = path.display().to_string();
        out.write_all(&bytes).map_err(|error| CommandError::output(error, &shown))
    })?;
    if destination.is_stdout() {
        return Ok(());
    }
    if let Destination::File(path) = &destination {
        let private = std::fs::set_permissions(path, Permissions::from_mode(PRIVATE_MODE));
        private.with_context(|| format!("cannot make {} private", path.display()))?;
    }
    let size = format_bytes(bytes.len() as u64);
    match cli.json {
        true => print_line!("{}", serde_json::json!({"file": path, "bytes": bytes.len()})),
        false => print_line!(
            "{} ({size}). Its README.txt lists what is in it, and what is missing and why.",
            path.display()
        ),
    }
    Ok(())
}

/// The bundle that the server makes, if one runs.
fn of_server(config: &Config) -> SupportServer {
    if read_endpoint(&config.data_dir).is_none() {
        let directory = config.data_dir.display();
        return SupportServer::Silent(format!("no server runs on {directory} (--data-dir)"));
    }
    let made = || -> Result<Vec<u8>, CommandError> {
        let server = ApplianceClient::connect(config)?;
        let mut made = Vec::new();
        let answer = server.get("/api/support-bundle")?;
        let answer = answer.take(SERVED_BYTES_MAX).read_to_end(&mut made);
        answer.context("the server's answer was cut off")?;
        Ok(made)
    };
    made().map_or_else(
        |error| SupportServer::Silent(exit::one_line(&error.cause)),
        SupportServer::Bundle,
    )
}

/// What the server and `unoc doctor` say of the site, or what its store says when no server uses it.
fn of_site(config: &Config) -> (SupportServer, Vec<SupportFile>) {
    let mut findings = doctor::of_configuration(config);
    if is_new_data_dir(config) {
        findings.push(DoctorFinding::of_no_site(config));
        return (of_server(config), vec![doctor(Ok(findings)), no_store("there is no store")]);
    }
    let opened = offline::open_detached(config);
    let looked = opened.and_then(|store| store.map(|store| of_store(config, store)).transpose());
    match looked {
        Ok(Some((checks, files))) => {
            let checks = checks.map(doctor::of_checks).map_err(|error| format!("{error:#}"));
            let all = checks.map(|checks| findings.into_iter().chain(checks).collect());
            // Nobody else has the store open: an address is one that a killed process left behind.
            let server = SupportServer::Silent("no server runs".to_owned());
            (server, std::iter::once(doctor(all)).chain(files).collect())
        }
        Ok(None) => {
            let checks = doctor::of_server(config);
            let checks = checks.map_err(|error| exit::one_line(&error.cause));
            let all = checks.map(|checks| findings.into_iter().chain(checks).collect());
            (of_server(config), vec![doctor(all), no_store("a process uses it")])
        }
        Err(error) => {
            findings.push(DoctorFinding::of_no_store(&error));
            let why = no_store(exit::one_line(&error.cause));
            (of_server(config), vec![doctor(Ok(findings)), why])
        }
    }
}

/// The checks, and the files of the store. The file stays as it is.
fn of_store(config: &Config, store: Store) -> Result<FoundInStore, CommandError> {
    offline::with_engine(config, store, async |engine| {
        let checks = app::offline_checks(config, &engine, &NOT_MEASURED).await;
        (checks, app::support_files_of_store(config, &engine).await)
    })
}

type FoundInStore = (anyhow::Result<Vec<CheckStatus>>, Vec<SupportFile>);

fn doctor(findings: Result<Vec<DoctorFinding>, String>) -> SupportFile {
    let content = findings.and_then(|findings| {
        serde_json::to_vec_pretty(&findings).map_err(|error| error.to_string())
    });
    SupportFile::new("doctor.json", content)
}

fn no_store(why: impl Into<String>) -> SupportFile {
    SupportFile::new("store.txt", Err(why.into()))
}
