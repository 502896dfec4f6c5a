//! The checks that make sense without a server, for `unoc doctor`.

use anyhow::Result;
use tracing::debug;

use super::backup::start_backups;
use super::checks::offline_probes;
use super::mirror::database;
use crate::config::Config;
use crate::engine::EngineHandle;
use crate::health::{CheckBounds, CheckStatus, check_table, run_once};
use crate::util::run_blocking;

/// Runs the checks of the store, the host, the backups and PostgreSQL once. Nothing is reported or recorded.
///
/// # Errors
/// When the configuration cannot be used.
pub async fn offline_checks(config: &Config, engine: &EngineHandle) -> Result<Vec<CheckStatus>> {
    let backups = start_backups(config, engine, &[])?;
    let listed = backups.clone();
    // The age of the newest backup is known once the directory was read; the checks say it if it cannot be.
    if let Ok(Err(error)) = run_blocking(move || listed.list()).await {
        debug!(%error, "The backups cannot be listed");
    }
    let bounds = CheckBounds {
        min_free_bytes: config.min_free_bytes,
        backup_stale_after_s: backups.options().stale_after_s,
        engine_queue_max: engine.queue().max,
    };
    let probes =
        offline_probes(engine, &backups, database(config)?.map(|database| database.config));
    Ok(run_once(check_table(bounds), probes).await)
}
