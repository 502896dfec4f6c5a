//! `unoc jobs`

use std::io::Read;
use std::time::Duration;

use anyhow::{Context, anyhow};
use serde_json::{Value, json};

use super::args::{Cli, JobsAction};
use super::client::ApplianceClient;
use super::exit::CommandError;
use super::invoker;
use super::offline;
use crate::api::{JobView, JobsView, RunView, job_plan};
use crate::app;
use crate::config::Config;
use crate::engine::EngineHandle;
use crate::jobs::{JobError, JobPatch, JobsHandle, Schedule, Trigger};
use crate::store::{AuditEvent, Store};

/// Time between two requests for the state of a run on the server.
const POLL_EVERY: Duration = Duration::from_millis(200);

pub(super) fn run(cli: &Cli, action: Option<&JobsAction>) -> Result<(), CommandError> {
    let config = cli.load_config()?;
    check(action)?;
    let answer = match offline::open_existing(&config)? {
        Some(store) => run_locally(&config, store, action)?,
        None => run_on_server(&config, action)?,
    };
    if cli.json {
        print_line!("{answer:#}");
    } else {
        match action {
            None => print_jobs(&answer),
            Some(JobsAction::Run { name }) => print_run(name, &answer),
            Some(_) => print_change(&answer),
        }
    }
    match (action, answer["result"].as_str()) {
        (Some(JobsAction::Run { name }), Some(result)) if result != "ok" => {
            Err(anyhow!("job {name}: {result}").into())
        }
        _ => Ok(()),
    }
}

/// Checks a schedule before the store is opened.
fn check(action: Option<&JobsAction>) -> Result<(), CommandError> {
    if let Some(JobsAction::Schedule { cron: Some(cron), .. }) = action {
        Schedule::parse(cron).map_err(|error| CommandError::refused(error.to_string()))?;
    }
    Ok(())
}

/// Runs the action on the server that uses the store.
fn run_on_server(config: &Config, action: Option<&JobsAction>) -> Result<Value, CommandError> {
    let server = ApplianceClient::connect(config)?;
    let listed = read(server.get("/api/jobs")?)?;
    let Some(action) = action else { return Ok(listed) };
    let name = name_of(action);
    let mut jobs = listed["jobs"].as_array().into_iter().flatten();
    let Some(job) = jobs.find(|job| job["name"] == name) else {
        return Err(command_error(name, JobError::NotFound));
    };
    let path = format!("/api/jobs/{name}");
    let patch = match action {
        JobsAction::Run { .. } if job["running"].is_object() => {
            return Err(command_error(name, JobError::AlreadyRunning));
        }
        JobsAction::Run { .. } => return run_on(&server, &path),
        JobsAction::Enable { .. } => json!({"is_enabled": true}),
        JobsAction::Disable { .. } => json!({"is_enabled": false}),
        JobsAction::Schedule { cron, .. } => json!({"schedule": cron}),
    };
    read(server.patch(&path, &patch)?)
}

fn run_on(server: &ApplianceClient, path: &str) -> Result<Value, CommandError> {
    let run = read(server.post(&format!("{path}/run"))?)?;
    let runtime = offline::runtime()?;
    loop {
        let job = read(server.get(path)?)?;
        let runs = job["runs"].as_array().into_iter().flatten();
        if let Some(ended) = runs.into_iter().find(|ended| ended["id"] == run["id"]) {
            return Ok(ended.clone());
        }
        if job["running"]["id"] != run["id"] {
            return Err(anyhow!("the server has no record of how the run ended").into());
        }
        runtime.block_on(async { tokio::time::sleep(POLL_EVERY).await });
    }
}

fn read(mut body: impl Read) -> Result<Value, CommandError> {
    let mut text = String::new();
    body.read_to_string(&mut text)?;
    Ok(serde_json::from_str(&text).context("the server's answer is not JSON")?)
}

/// Runs the action with an engine and jobs in this process, while no server runs. Jobs that are due
/// do not start here; the service runs them when it starts.
fn run_locally(
    config: &Config,
    store: Store,
    action: Option<&JobsAction>,
) -> Result<Value, CommandError> {
    let (engine, engine_thread) = offline::start_engine(config, store)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let answer = runtime.block_on(async {
        let answer = match app::start_offline_jobs(config, &engine).await {
            Ok((handle, jobs)) => {
                let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
                let asked = async {
                    let answer = perform(&engine, &handle, action).await;
                    drop(stop);
                    answer
                };
                let stopped = async { drop(stopped.await) };
                tokio::join!(asked, jobs.run(stopped)).0
            }
            Err(error) => Err(error.into()),
        };
        engine.stop().await;
        answer
    });
    offline::join(engine_thread)?;
    answer
}

/// Performs an action, and writes it down as the server does.
async fn perform(
    engine: &EngineHandle,
    jobs: &JobsHandle,
    action: Option<&JobsAction>,
) -> Result<Value, CommandError> {
    let Some(action) = action else {
        return view(JobsView::of(jobs).await.map_err(anyhow::Error::from)?);
    };
    let name = name_of(action);
    let patch = match action {
        JobsAction::Run { .. } => {
            let ended = async {
                let run = jobs.run_now(name, Trigger::Manual).await?;
                record(engine, "run job", json!({ "job": name, "run": run.id })).await;
                jobs.wait(name, run.id).await
            };
            let ended = ended.await.map_err(|error| command_error(name, error))?;
            return view(RunView::new(ended, jobs.zone()));
        }
        JobsAction::Enable { .. } => JobPatch { is_enabled: Some(true), ..JobPatch::default() },
        JobsAction::Disable { .. } => JobPatch { is_enabled: Some(false), ..JobPatch::default() },
        JobsAction::Schedule { cron, .. } => {
            JobPatch { schedule: Some(cron.clone()), ..JobPatch::default() }
        }
    };
    let changed = async {
        let before = jobs.get(name).await?;
        Ok((before, jobs.set(name, patch).await?))
    };
    let (before, after) = changed.await.map_err(|error| command_error(name, error))?;
    let details = json!({ "job": name, "before": job_plan(&before), "after": job_plan(&after) });
    record(engine, "change job", details).await;
    view(JobView::new(after, jobs.zone()))
}

/// What was done is said even if there is no space for the row.
async fn record(engine: &EngineHandle, action: &'static str, details: Value) {
    let event = AuditEvent::done(invoker::origin(), action, details);
    if let Err(error) = engine.record_event(event).await {
        eprint_line!("unoc: this is not in the audit trail: {error}");
    }
}

fn view(view: impl serde::Serialize) -> Result<Value, CommandError> {
    Ok(serde_json::to_value(view).map_err(anyhow::Error::from)?)
}

fn command_error(name: &str, error: JobError) -> CommandError {
    match error {
        JobError::NotFound => {
            CommandError::refused(format!("there is no job {name:?}; unoc jobs lists them"))
        }
        JobError::AlreadyRunning => CommandError::temporary(error.to_string()),
        other => anyhow::Error::from(other).into(),
    }
}

fn name_of(action: &JobsAction) -> &str {
    match action {
        JobsAction::Run { name }
        | JobsAction::Enable { name }
        | JobsAction::Disable { name }
        | JobsAction::Schedule { name, .. } => name,
    }
}

/// Prints one line for each job.
fn print_jobs(answer: &Value) {
    let heads = ["NAME", "SCHEDULE", "NEXT", "LAST", "RESULT", "TOOK"].map(str::to_owned);
    let jobs = answer["jobs"].as_array().into_iter().flatten();
    let rows: Vec<[String; 6]> = std::iter::once(heads).chain(jobs.map(row)).collect();
    let mut widths = [0; 6];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    for row in rows {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        print_line!("{}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
    print_line!("Times are in {}.", zone_of(answer));
    if let Some(error) = answer["timezone_fault"].as_str() {
        eprint_line!("unoc: the time zone is unknown, so schedules run in UTC: {error}");
    }
}

/// Returns the time zone of the schedules: `Europe/Berlin (UTC+01:00)`.
fn zone_of(answer: &Value) -> String {
    let text = |key: &str| answer[key].as_str().unwrap_or("-");
    match (text("timezone"), text("utc_offset")) {
        ("UTC", _) => "UTC".to_owned(),
        (name, offset) if name == offset => format!("UTC{offset}"),
        (name, offset) => format!("{name} (UTC{offset})"),
    }
}

fn row(job: &Value) -> [String; 6] {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let is_enabled = job["is_enabled"] == true;
    let next = if is_enabled { minute(&job["next_run_local"]) } else { "disabled".to_owned() };
    let last = if job["running"].is_object() { &job["running"] } else { &job["runs"][0] };
    [
        text(&job["name"]),
        text(&job["schedule"]),
        next,
        minute(&last["started_local"]),
        text(&last["result"]),
        last["duration_ms"].as_f64().map_or("-".to_owned(), |ms| format!("{:.1} s", ms / 1000.0)),
    ]
}

/// Returns a local time of the server, to the minute: `2026-11-29 02:15`.
fn minute(local: &Value) -> String {
    let shown = local.as_str().and_then(|time| time.get(.."2026-11-29T02:15".len()));
    shown.map_or("-".to_owned(), |time| time.replacen('T', " ", 1))
}

fn print_run(name: &str, run: &Value) {
    for line in run["log"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        print_line!("  {line}");
    }
    let seconds = run["duration_ms"].as_f64().unwrap_or_default() / 1000.0;
    let result = run["result"].as_str().unwrap_or("-");
    let message = run["message"].as_str().unwrap_or("-");
    print_line!("{name}: {result} in {seconds:.1} s: {message}");
}

fn print_change(job: &Value) {
    let text = |key: &str| job[key].as_str().unwrap_or("-");
    let (name, schedule) = (text("name"), text("schedule"));
    if job["is_enabled"] == true {
        let next = &job["next_run_local"];
        let offset = next.as_str().and_then(|time| time.get("2026-11-29T02:15:00".len()..));
        let offset = offset.unwrap_or_default();
        print_line!("{name} runs at {schedule:?}, next on {} (UTC{offset}).", minute(next));
    } else {
        print_line!(
            "{name} is disabled; unoc jobs run {name} runs it once, unoc jobs enable {name} \
             enables it."
        );
    }
}
