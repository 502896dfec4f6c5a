//! The settings that are changed while the service runs, and the Socket.IO server that follows them.

use anyhow::{Context, Result};

use crate::auth::AuthHandle;
use crate::config::Config;
use crate::engine::EngineHandle;
use crate::logs::Logs;
use crate::realtime::{RealtimeLayer, Sockets};
use crate::settings::RuntimeSettings;

/// Reads the settings, and creates the Socket.IO server.
///
/// # Errors
/// When the store cannot be read.
pub(super) fn start_sockets(
    config: &Config,
    engine: &EngineHandle,
    auth: &AuthHandle,
    logs: &Logs,
) -> Result<(RealtimeLayer, Sockets)> {
    let settings = RuntimeSettings::load(&engine.read(), engine.now());
    let settings = settings.context("cannot read the settings that were changed at run time")?;
    Ok(Sockets::new(engine.clone(), auth.clone(), logs.clone(), settings, &config.base_path))
}
