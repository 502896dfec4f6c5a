//! `unoc sync`

use std::io::Read;

use anyhow::{Context, anyhow};
use serde_json::Value;

use super::args::{Cli, SyncAction};
use super::client::ApplianceClient;
use super::exit::CommandError;
use super::offline::{self, STOP_COMMAND};
use crate::api::{ReconciledView, SyncView};
use crate::app;
use crate::config::Config;
use crate::engine::EngineHandle;
use crate::sync::{SyncError, SyncHandle};
use crate::util::counted;

pub(super) fn run(cli: &Cli, action: SyncAction) -> Result<(), CommandError> {
    let config = cli.load_config()?;
    let answer = match offline::open_existing(&config)? {
        Some(store) => run_locally(&config, store, action)?,
        None => run_on_server(&config, action)?,
    };
    if cli.json {
        print_line!("{answer:#}");
    } else if answer.get("compared").is_some() {
        print_comparison(&answer);
    } else {
        print_state(&answer);
    }
    match action {
        SyncAction::Check if differences(&answer) > 0 => {
            Err(CommandError::refused("the sides differ; unoc sync reconcile repairs PostgreSQL"))
        }
        _ => Ok(()),
    }
}

/// Runs the action on the server that uses the store.
fn run_on_server(config: &Config, action: SyncAction) -> Result<Value, CommandError> {
    let server = ApplianceClient::connect(config)?;
    let mut text = String::new();
    match action {
        SyncAction::Status => server.get("/api/sync")?.read_to_string(&mut text)?,
        SyncAction::Now => server.post("/api/sync/now")?.read_to_string(&mut text)?,
        SyncAction::Check => server.post("/api/sync/check")?.read_to_string(&mut text)?,
        SyncAction::Reconcile => server.post("/api/sync/reconcile")?.read_to_string(&mut text)?,
        SyncAction::Takeover => server.post("/api/sync/takeover")?.read_to_string(&mut text)?,
        SyncAction::Adopt => server.post("/api/sync/adopt")?.read_to_string(&mut text)?,
    };
    Ok(serde_json::from_str(&text).context("the server's answer is not JSON")?)
}

/// Runs the action with an engine and a mirror in this process, while no server runs.
fn run_locally(
    config: &Config,
    store: crate::store::Store,
    action: SyncAction,
) -> Result<Value, CommandError> {
    let (engine, engine_thread) = offline::start_engine(config, store)?;
    let (mirror, mirror_thread) = app::start_sync(config, &engine)?;
    let runtime = offline::runtime()?;
    let answer = runtime.block_on(async {
        let answer = perform(&mirror, &engine, action).await;
        mirror.stop().await;
        engine.stop().await;
        answer
    });
    if let Some(thread) = mirror_thread {
        thread.join().map_err(|_| anyhow!("the mirror panicked"))?;
    }
    offline::join(engine_thread)?;
    answer
}

async fn perform(
    mirror: &SyncHandle,
    engine: &EngineHandle,
    action: SyncAction,
) -> Result<Value, CommandError> {
    match action {
        // The state is known only after an attempt to connect.
        SyncAction::Status => match mirror.sync_now().await {
            Ok(()) | Err(SyncError::Off | SyncError::Waiting(_) | SyncError::Stopped(_)) => {}
            Err(error) => return Err(command_error(error)),
        },
        SyncAction::Now => mirror.sync_now().await.map_err(command_error)?,
        SyncAction::Takeover => mirror.take_over().await.map_err(command_error)?,
        SyncAction::Adopt => mirror.adopt().await.map_err(command_error)?,
        SyncAction::Check | SyncAction::Reconcile => {
            let repair = matches!(action, SyncAction::Reconcile);
            let reconciled = mirror.compare(repair).await.map_err(command_error)?;
            let view = serde_json::to_value(ReconciledView::new(&reconciled));
            return Ok(view.map_err(anyhow::Error::from)?);
        }
    }
    let view = SyncView::new(mirror, engine)?;
    Ok(serde_json::to_value(view).map_err(anyhow::Error::from)?)
}

fn command_error(error: SyncError) -> CommandError {
    match error {
        SyncError::Waiting(_) | SyncError::Ended => CommandError::temporary(error.to_string()),
        SyncError::Stopped(obstacle) => {
            CommandError::refused(format!("{}; {}", obstacle.message, obstacle.remedy))
        }
        SyncError::Off => CommandError::refused(format!(
            "{error}; set it in the configuration and restart the service ({STOP_COMMAND} stops \
             it)"
        )),
        SyncError::NothingToAdopt => CommandError::refused(error.to_string()),
        other => anyhow::Error::from(other).into(),
    }
}

fn print_state(state: &Value) {
    let text = |key: &str| state[key].as_str().unwrap_or("-").to_owned();
    print_line!("sync: {}", text("state"));
    print_line!("  {}", text("message"));
    if let Some(remedy) = state["remedy"].as_str() {
        print_line!("  what to do: {remedy}");
    }
    let line = |what: &str, value: String| print_line!("  {what:<18} {value}");
    line("database", text("database"));
    line("site", text("site_id"));
    line("local seq", state["seq"].to_string());
    if let Some(applied) = state["applied_seq"].as_u64() {
        line("in PostgreSQL", format!("{applied} (behind by {})", state["behind_seq"]));
    }
    let behind_s = state["behind_s"].as_f64().unwrap_or_default();
    line("oldest unsynced", format!("{behind_s:.1} s"));
    line("dirty entities", state["dirty_count"].to_string());
    if let Some(rate) = state["rows_per_s"].as_f64() {
        line("last round", format!("{rate:.0} rows/s"));
    }
    if let Some(message) = state["last_error"]["message"].as_str() {
        let since = state["last_error"]["since"].as_str().unwrap_or("-");
        let attempts = &state["last_error"]["attempts"];
        line("last error", format!("{message} (since {since}, attempts: {attempts})"));
    }
    if let Some(version) = state["postgres"]["version"].as_str() {
        let postgres = &state["postgres"];
        let mib = postgres["size_bytes"].as_u64().unwrap_or_default() >> 20;
        let host = postgres["host"].as_str().unwrap_or("-");
        let tls = postgres["tls"].as_str().unwrap_or("not encrypted");
        line("PostgreSQL", format!("{version} at {host}, {tls}, {mib} MiB"));
        let (used, most) = (&postgres["connections"], &postgres["max_connections"]);
        line("connections", format!("{used} of {most}"));
    }
}

fn print_comparison(found: &Value) {
    let number = |key: &str| found[key].as_u64().unwrap_or_default();
    let seconds = found["duration_ms"].as_f64().unwrap_or_default() / 1000.0;
    print_line!("Compared {} in {seconds:.1} s.", counted(number("compared"), "row"));
    if differences(found) == 0 {
        print_line!("Both sides are equal.");
        return;
    }
    print_line!(
        "Missing in PostgreSQL: {}; only in PostgreSQL: {}; different: {}; repaired: {}.",
        number("missing"),
        number("extra"),
        number("different"),
        number("repaired")
    );
}

fn differences(found: &Value) -> u64 {
    ["missing", "extra", "different"].iter().filter_map(|key| found[*key].as_u64()).sum()
}
