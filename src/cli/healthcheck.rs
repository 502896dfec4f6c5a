//! `unoc healthcheck`

use anyhow::anyhow;

use super::args::Cli;
use super::client::ApplianceClient;
use super::data_dir::endpoint;
use super::exit::{CommandError, one_line};

/// Asks the running server. Whatever is wrong, the exit code is 1: Docker reserves the others.
pub(super) fn run(cli: &Cli) -> Result<(), CommandError> {
    let ready = || -> Result<String, CommandError> {
        let config = cli.load_config()?;
        let address = endpoint(&config)?.ok_or_else(|| {
            CommandError::temporary(format!("no server runs on {}", config.data_dir.display()))
        })?;
        ApplianceClient::connect(&config)?.get("/health/ready")?;
        Ok(address.url)
    };
    let address = ready().map_err(|error| anyhow!("{}", one_line(&error.cause)))?;
    match cli.json {
        true => print_line!("{}", serde_json::json!({"is_ready": true, "address": address})),
        false => print_line!("The server at {address} is ready."),
    }
    Ok(())
}
