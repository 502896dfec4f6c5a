//! The probes of the health checks: one file for each group. What their values mean is in `health`.

mod backups;
mod clock;
mod events;
mod host;
mod jobs;
mod measure;
mod mirror;
mod parts;
mod service;
mod settings;
mod store;
mod tls;

use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::sync::watch;
use tokio::task::JoinSet;

pub(super) use parts::CheckedParts;

use super::shutdown::run_until_stopped;
use crate::backup::Backups;
use crate::engine::EngineHandle;
use crate::health::{self, CheckBounds, HealthHandle, ProbeTable, check_table};
use crate::pg::PgConfig;
use crate::sync::SyncState;
use crate::tls::ServerIdentity;

/// The probes that make sense without a server: of the store, the host, the backups, of PostgreSQL if there is a
/// mirror, and of the certificate that a server would show.
pub(super) fn offline_probes(
    engine: &EngineHandle,
    backups: &Backups,
    database: Option<PgConfig>,
    certificate: Option<Arc<ServerIdentity>>,
) -> ProbeTable {
    let mut probes = ProbeTable::default();
    store::add(&mut probes, engine);
    host::add_volume(&mut probes, engine);
    clock::add_synchronized(&mut probes);
    backups::add(&mut probes, engine, backups);
    if let Some(database) = database {
        mirror::add_login(&mut probes, database);
    }
    if let Some(identity) = certificate {
        tls::add_expiry(&mut probes, engine, move || Arc::clone(&identity));
    }
    probes
}

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
    if let Some(certificate) = &parts.certificate {
        tls::add(&mut probes, &parts.engine, certificate);
    }
    settings::add(&mut probes, parts.sockets.settings());
    probes
}
