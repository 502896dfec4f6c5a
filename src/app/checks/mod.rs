//! The probes of the health checks: one file for each group. What their values mean is in `health`.

mod backups;
mod clock;
mod events;
mod host;
mod jobs;
mod loopback;
mod measure;
mod mirror;
mod parts;
mod service;
mod store;

use anyhow::{Context, Result};
use tokio::sync::watch;
use tokio::task::JoinSet;

pub(super) use parts::CheckedParts;

use super::shutdown::run_until_stopped;
use crate::health::{self, CheckBounds, HealthHandle, ProbeTable, check_table};
use crate::sync::SyncState;

/// Starts the checks.
///
/// # Errors
/// When the incidents of an earlier run cannot be read.
pub(super) fn start_checks(
    parts: &CheckedParts,
    tasks: &mut JoinSet<()>,
    stopping: &watch::Receiver<bool>,
) -> Result<HealthHandle> {
    let bounds = CheckBounds {
        min_free_bytes: parts.min_free_bytes,
        backup_stale_after_s: parts.backups.options().stale_after_s,
        engine_queue_max: parts.engine.queue().max,
    };
    let (engine, incidents) = (parts.engine.clone(), parts.incidents.clone());
    let (handle, service) = health::start(engine, incidents, check_table(bounds), probes(parts))
        .context("cannot load the incidents of checks")?;
    tasks.spawn(run_until_stopped(service.run(), stopping.clone()));
    Ok(handle)
}

fn probes(parts: &CheckedParts) -> ProbeTable {
    let mut probes = ProbeTable::default();
    store::add(&mut probes, &parts.engine);
    host::add(&mut probes, &parts.engine);
    clock::add(&mut probes, &parts.engine);
    if parts.sync.state() != SyncState::Off {
        mirror::add(&mut probes, &parts.engine, &parts.sync);
    }
    backups::add(&mut probes, &parts.engine, &parts.backups);
    jobs::add(&mut probes, &parts.jobs);
    service::add(&mut probes, parts);
    probes
}
