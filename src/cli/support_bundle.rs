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
use super::doctor;
use super::exit::{self, CommandError};
use super::offline;
use super::output;
use crate::app::{SupportFacts, SupportFile, SupportServer, make_support_bundle, read_endpoint};
use crate::config::Config;
use crate::domain::EntityKind;
use crate::store::{IncidentState, Snapshot};
use crate::util::files::PRIVATE_MODE;
use crate::util::format_bytes;
use crate::wire::Time;

/// Most runs of each job, and most incidents of each state, from a store that no server uses.
const RUNS_MAX: usize = 5;
const INCIDENTS_MAX: usize = 200;
/// The largest bundle of a server: its files before they are compressed.
const SERVED_BYTES_MAX: u64 = 64 << 20;

/// Makes a bundle of what the server says, or of what can be read without one, and writes it.
pub(super) fn run(cli: &Cli, file: Option<&PathBuf>) -> Result<(), CommandError> {
    let config = cli.load_config();
    let mut files = vec![SupportFile { name: "doctor.json", content: doctor(cli) }];
    let mut server = SupportServer::Silent("the configuration cannot be used".to_owned());
    if let Ok(config) = &config {
        let content = of_store(config);
        server = match content {
            // Nobody else has the store open: an address is one that a killed process left behind.
            Ok(_) => SupportServer::Silent("no server runs".to_owned()),
            Err(_) => of_server(config),
        };
        files.push(SupportFile { name: "store.txt", content });
    }
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

/// What `unoc doctor` finds: without a server, this is the state of the store, the host and the backups.
fn doctor(cli: &Cli) -> Result<Vec<u8>, String> {
    let findings = doctor::findings(cli).map_err(|error| exit::one_line(&error.cause))?;
    serde_json::to_vec_pretty(&findings).map_err(|error| error.to_string())
}

/// What the store itself says: its counts, the mirror's state, the last runs of jobs, incidents.
fn of_store(config: &Config) -> Result<Vec<u8>, String> {
    let read = || -> Result<Option<Vec<u8>>, CommandError> {
        if is_new_data_dir(config) {
            return Ok(None);
        }
        let Some(store) = offline::open_store(config)? else { return Ok(None) };
        let snapshot = store.read()?;
        let mut text = Vec::new();
        write_state(&snapshot, &mut text)?;
        Ok(Some(text))
    };
    match read() {
        Ok(Some(text)) => Ok(text),
        Ok(None) => Err("there is no store, or a process uses it".to_owned()),
        Err(error) => Err(exit::one_line(&error.cause)),
    }
}

fn write_state(snapshot: &Snapshot, out: &mut Vec<u8>) -> Result<(), CommandError> {
    let [devices, interfaces, links] = EntityKind::ALL.map(|kind| snapshot.count(kind));
    let created_at = Time(snapshot.created_at()?);
    let counts = output::entities([devices?, interfaces?, links?]);
    let mut lines = vec![
        format!("created {created_at}, last commit {}: {counts}", snapshot.seq()),
        format!("not in PostgreSQL: {}", snapshot.dirty_count()?),
        format!("mirror: {:#?}", snapshot.mirror()?),
    ];
    for name in snapshot.job_names()? {
        let runs = snapshot.job_runs(&name, RUNS_MAX)?;
        lines.push(format!("job {name}: {:#?}\n{runs:#?}", snapshot.job(&name)?));
    }
    for state in IncidentState::ALL {
        let incidents = snapshot.incidents(state, None)?.take(INCIDENTS_MAX);
        let incidents = incidents.collect::<Result<Vec<_>, _>>()?;
        lines.push(format!("incidents, {}: {incidents:#?}", state.as_str()));
    }
    out.extend_from_slice(lines.join("\n").as_bytes());
    Ok(())
}
