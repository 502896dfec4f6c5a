//! `unoc reports`

use std::io::Read;

use anyhow::Context;
use serde_json::Value;

use super::args::{Cli, ReportsArgs};
use super::client::ApplianceClient;
use super::data_dir::endpoint;
use super::exit::CommandError;

pub(super) fn run(cli: &Cli, args: &ReportsArgs) -> Result<(), CommandError> {
    let config = cli.load_config()?;
    if endpoint(&config)?.is_none() {
        return Err(CommandError::temporary(format!(
            "no server runs on {}; start it with systemctl start unoc",
            config.data_dir.display()
        )));
    }
    let server = ApplianceClient::connect(&config)?;
    let path = match (args.id, &args.kind) {
        (Some(id), _) if cli.json => format!("/api/reports/{id}"),
        (Some(id), _) => format!("/api/reports/{id}/text"),
        (None, Some(kind)) => format!("/api/reports?kind={}", kind.as_str()),
        (None, None) => "/api/reports".to_owned(),
    };
    let mut text = String::new();
    server.get(&path)?.read_to_string(&mut text)?;
    if args.id.is_some() && !cli.json {
        print_line!("{}", text.trim_end());
        return Ok(());
    }
    let answer: Value = serde_json::from_str(&text).context("the server's answer is not JSON")?;
    if cli.json {
        print_line!("{answer:#}");
    } else {
        print_list(&answer);
    }
    Ok(())
}

/// Prints one line for each report.
fn print_list(answer: &Value) {
    let reports = answer.as_array().map_or(&[][..], Vec::as_slice);
    if reports.is_empty() {
        print_line!("There are no reports yet.");
    }
    for report in reports {
        let text = |key: &str| report[key].as_str().unwrap_or("-");
        let ended = text("ended_at");
        let ended = ended.get(.."2026-11-29T02:15".len()).unwrap_or(ended);
        print_line!(
            "{:>5}  {:17}  {ended}Z  {:7}  {}",
            report["id"].as_u64().unwrap_or_default(),
            text("kind"),
            text("result"),
            text("summary").replace(char::is_control, " ")
        );
    }
}
