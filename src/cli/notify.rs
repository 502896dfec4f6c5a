//! `unoc notify`

use std::io::Read;

use anyhow::{Context, anyhow};
use serde_json::{Value, json};

use super::args::{Cli, NotifyAction};
use super::client::ApplianceClient;
use super::data_dir::endpoint;
use super::exit::CommandError;

pub(super) fn run(cli: &Cli, action: &NotifyAction) -> Result<(), CommandError> {
    let NotifyAction::Test { contact } = action;
    let config = cli.load_config()?;
    // A test is worth something only from where the service sends: with its rights, its files and its proxy.
    if endpoint(&config)?.is_none() {
        return Err(CommandError::temporary(format!(
            "no server runs on {}; start it, then send the test",
            config.data_dir.display()
        )));
    }
    let server = ApplianceClient::connect(&config)?;
    let mut text = String::new();
    server
        .post_json("/api/notices/test", &json!({"contact": contact}))?
        .read_to_string(&mut text)
        .context("the server's answer was cut off")?;
    let tests: Value = serde_json::from_str(&text).context("the server's answer is not JSON")?;
    let tests = tests.as_array().map(Vec::as_slice).unwrap_or_default();
    if cli.json {
        print_line!("{:#}", json!(tests));
    } else {
        tests.iter().for_each(print);
    }
    let failed = tests.iter().filter(|test| test["is_ok"] != true).count();
    match (tests.len(), failed) {
        (0, _) => {
            Err(CommandError::refused("there are no contacts; see contacts in unoc config show"))
        }
        (_, 0) => Ok(()),
        (all, failed) => Err(anyhow!("{failed} of {all} tests failed").into()),
    }
}

fn print(test: &Value) {
    let text = |key: &str| test[key].as_str().unwrap_or_default().to_owned();
    match test["is_ok"] == true {
        true => print_line!("{}: ok, {}", text("contact"), text("answer")),
        false => print_line!("{}: failed, {}", text("contact"), text("error")),
    }
}
