//! The checks that make sense without a server, for `unoc doctor`.

use std::sync::Arc;

use anyhow::Result;
use tracing::debug;

use super::backup::backups_to_read;
use super::checks::offline_probes;
use super::mirror::database;
use super::tls::kept_identity;
use crate::backup::Backups;
use crate::config::Config;
use crate::engine::EngineHandle;
use crate::health::{CheckBounds, CheckSpec, CheckStatus, check_table, run_once};
use crate::util::run_blocking;

/// Runs the checks of the store, the host, the backups and PostgreSQL once, but those with an id in
/// `left_out`. Nothing is reported or recorded.
///
/// # Errors
/// When the configuration cannot be used.
pub async fn offline_checks(
    config: &Config,
    engine: &EngineHandle,
    left_out: &[&str],
) -> Result<Vec<CheckStatus>> {
    let backups = backups_to_read(config, engine)?;
    // The age of the newest backup is known once the directory was read; the checks say it if it cannot be.
    if let Err(error) = backups.observe().await {
        debug!(%error, "The backups cannot be listed");
    }
    let mut table = checks_of(config, engine, &backups);
    table.retain(|spec| !left_out.contains(&spec.id));
    let database = database(config)?.map(|database| database.config);
    // One that cannot be used keeps the service from starting; that is told by the check of the configuration.
    let own = config.clone();
    let certificate = run_blocking(move || kept_identity(&own)).await.unwrap_or_default();
    let probes = offline_probes(engine, &backups, database, certificate.map(Arc::new));
    Ok(run_once(table, probes).await)
}

/// The table of checks with the limits that follow from the configuration.
pub(super) fn checks_of(
    config: &Config,
    engine: &EngineHandle,
    backups: &Backups,
) -> Vec<CheckSpec> {
    check_table(CheckBounds {
        min_free_bytes: config.min_free_bytes,
        backup_stale_after_s: backups.options().stale_after_s,
        engine_queue_max: engine.queue().max,
    })
}
