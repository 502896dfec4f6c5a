//! The log: for people on a terminal, JSON for collectors.

use anyhow::{Result, anyhow};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{Config, LogFormat};

/// Libraries that would drown our own lines below WARN.
const QUIET_LIBRARIES: [&str; 11] = [
    "hyper",
    "hyper_util",
    "tower_http",
    "socketioxide",
    "engineioxide",
    "tungstenite",
    "refinery_core",
    "postgres",
    "tokio_postgres",
    "rustls",
    "tokio_cron_scheduler",
];

/// Starts logging to standard error, where systemd and shells expect it.
///
/// # Errors
/// When logging was started before.
pub fn init_logging(config: &Config) -> Result<()> {
    let level = config.log_level.as_str();
    let quiet = QUIET_LIBRARIES.map(|library| format!("{library}=warn"));
    let filter = EnvFilter::try_new(format!("{level},{}", quiet.join(",")))?;
    let registry = tracing_subscriber::registry().with(filter);
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let started = match config.log_format {
        LogFormat::Json => registry.with(layer.json().flatten_event(true)).try_init(),
        LogFormat::Auto | LogFormat::Text => {
            use std::io::IsTerminal;
            let is_terminal = std::io::stderr().is_terminal();
            registry.with(layer.with_ansi(is_terminal).with_target(false)).try_init()
        }
    };
    started.map_err(|error| anyhow!("the log cannot be started: {error}"))
}
