//! `unoc runbook`

use std::io::Read;

use anyhow::{Context, anyhow};
use serde_json::{Value, json};

use super::args::{Cli, RunbookAction};
use super::client::ApplianceClient;
use super::data_dir::endpoint;
use super::exit::CommandError;

pub(super) fn run(cli: &Cli, action: Option<&RunbookAction>) -> Result<(), CommandError> {
    let config = cli.load_config()?;
    if endpoint(&config)?.is_none() {
        return Err(CommandError::temporary(format!(
            "no server runs on {}; start it with systemctl start unoc",
            config.data_dir.display()
        )));
    }
    let server = ApplianceClient::connect(&config)?;
    match action {
        None => show(&server, cli.json),
        Some(RunbookAction::Record { duty, name, note }) => {
            let path = format!("/api/runbook/{duty}/records");
            let record = read(server.post_json(&path, &json!({"name": name, "note": note}))?)?;
            if cli.json {
                print_line!("{record:#}");
            } else {
                print_line!("Recorded: {duty} was done by {name}.");
            }
            Ok(())
        }
    }
}

/// Prints every duty; an error if one failed or is late.
fn show(server: &ApplianceClient, is_json: bool) -> Result<(), CommandError> {
    let runbook = read(server.get("/api/runbook")?)?;
    let duties = runbook["duties"].as_array().context("the server is older than this command")?;
    if is_json {
        print_line!("{runbook:#}");
    } else {
        duties.iter().for_each(print);
    }
    let is_bad = |duty: &&Value| duty["state"] == "warning" || duty["state"] == "error";
    let bad: Vec<&str> = duties.iter().filter(is_bad).filter_map(|it| it["key"].as_str()).collect();
    if bad.is_empty() {
        Ok(())
    } else {
        Err(anyhow!("not as it should be: {}", bad.join(", ")).into())
    }
}

/// Prints a duty in one line, and the command that helps in another one where it is not done.
fn print(duty: &Value) {
    let text = |key: &str| duty[key].as_str().unwrap_or("-");
    let done = duty["last_done_at"].as_str().unwrap_or("never");
    let done =
        done.get(.."2026-11-29T02:15".len()).map_or(done.to_owned(), |time| format!("{time}Z"));
    let (state, key, done_by) = (text("state"), text("key"), text("done_by"));
    print_line!(
        "{state:7}  {key:22}  {:10}  {done_by:9}  {done:17}  {}",
        text("frequency"),
        text("evidence")
    );
    if state == "ok" {
        return;
    }
    if let Some(command) = duty["command"].as_str() {
        print_line!("         {command}");
    }
    if done_by == "operator" {
        print_line!("         unoc runbook record {key} --name NAME --note NOTE");
    }
}

fn read(mut body: impl Read) -> Result<Value, CommandError> {
    let mut text = String::new();
    body.read_to_string(&mut text)?;
    Ok(serde_json::from_str(&text).context("the server's answer is not JSON")?)
}
