//! The first steps of a start: the store, the engine, the mirror, the demo network.

use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tracing::{info, warn};

use super::mirror::{self, start_sync};
use super::shutdown::stop_requested;
use super::store::open_store;
use super::systemd;
use crate::backup::Backups;
use crate::config::Config;
use crate::domain::{Blueprint, ReseedSite};
use crate::engine::{Clock, Engine, EngineExit, EngineHandle, EngineOptions};
use crate::store::AuditOrigin;
use crate::sync::SyncHandle;

/// How long a start waits for the clean-up of the backup directory.
const TIDY_WAIT: Duration = Duration::from_secs(2);
/// How long a stop waits for a store that is being loaded. A load that takes longer is cut off,
/// which leaves the store as a power cut would: no commit is lost.
const LOAD_WAIT: Duration = Duration::from_secs(3);

/// How the engine's thread ended.
pub(super) type EngineEnd =
    std::result::Result<std::thread::Result<EngineExit>, tokio::task::JoinError>;

/// A site that is loaded, and whose mirror has decided whose state is used.
pub(super) struct StartedSite {
    pub(super) handle: EngineHandle,
    /// Ends with the engine's thread.
    pub(super) engine: JoinHandle<std::thread::Result<EngineExit>>,
    pub(super) sync: SyncHandle,
    /// Ends with the mirror's thread; `None` without a mirror.
    pub(super) mirror: Option<JoinHandle<std::thread::Result<()>>>,
}

impl StartedSite {
    /// Returns `None` if the service has to stop, after everything that was started has ended.
    ///
    /// # Errors
    /// The store cannot be opened, the site is inconsistent, or a setting of the mirror cannot be used.
    pub(super) async fn start(
        config: &Config,
        clock: Clock,
        stopping: &watch::Receiver<bool>,
    ) -> Result<Option<Self>> {
        let engine = systemd::extend_start(start_engine(config, clock, stopping)).await?;
        let Some((handle, thread)) = engine else { return Ok(None) };
        let engine = tokio::task::spawn_blocking(move || thread.join());
        let (sync, mirror_thread) = start_sync(config, &handle)?;
        let mirror = mirror_thread.map(|thread| tokio::task::spawn_blocking(|| thread.join()));
        if wait_for_mirror(&sync, &handle, mirror.is_some(), stopping).await? {
            return Ok(Some(Self { handle, engine, sync, mirror }));
        }
        systemd::stopping();
        mirror::stop(&sync, mirror).await;
        engine_result(end_engine(&handle, engine).await).map(|()| None)
    }
}

/// Opens the store, which may have to be repaired or upgraded, and loads the site. Returns `None`
/// if the service has to stop; a load that then takes longer than [`LOAD_WAIT`] is abandoned.
async fn start_engine(
    config: &Config,
    clock: Clock,
    stopping: &watch::Receiver<bool>,
) -> Result<Option<(EngineHandle, std::thread::JoinHandle<EngineExit>)>> {
    let config = config.clone();
    let mut starting = tokio::task::spawn_blocking(move || -> Result<_> {
        let store = open_store(&config, &clock)?;
        systemd::show_status("Loading the site");
        let options = EngineOptions { min_free_bytes: config.min_free_bytes, clock };
        Ok(Engine::start(store, options)?)
    });
    let started = tokio::select! {
        started = &mut starting => started,
        () = stop_requested(stopping.clone()) => {
            systemd::stopping();
            match tokio::time::timeout(LOAD_WAIT, starting).await {
                Ok(started) => started,
                Err(_) => {
                    info!("Stopped while the store was being loaded; nothing in it is lost");
                    return Ok(None);
                }
            }
        }
    };
    let (handle, thread) = match started {
        Ok(started) => started?,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => return Err(anyhow!("the service was stopped during the start")),
    };
    if !*stopping.borrow() {
        return Ok(Some((handle, thread)));
    }
    engine_result(end_engine(&handle, tokio::task::spawn_blocking(move || thread.join())).await)?;
    Ok(None)
}

/// Waits until the mirror has decided whose state is used; without a mirror, removes the records of
/// a former one. Returns false if the service has to stop.
async fn wait_for_mirror(
    sync: &SyncHandle,
    handle: &EngineHandle,
    has_mirror: bool,
    stopping: &watch::Receiver<bool>,
) -> Result<bool> {
    if !has_mirror {
        mirror::forget(handle).await?;
        return Ok(true);
    }
    systemd::show_status("Waiting for PostgreSQL");
    let contact = systemd::extend_start(mirror::wait_for_handshake(sync, handle));
    tokio::select! {
        () = contact => Ok(true),
        () = stop_requested(stopping.clone()) => Ok(false),
    }
}

/// Stops the engine, which commits queued commands and closes the store.
pub(super) async fn end_engine(
    handle: &EngineHandle,
    engine: JoinHandle<std::thread::Result<EngineExit>>,
) -> EngineEnd {
    handle.stop().await;
    engine.await
}

/// Turns the end of the engine into a result.
pub(super) fn engine_result(exit: EngineEnd) -> Result<()> {
    match exit {
        Ok(Ok(EngineExit::Stopped)) => {
            info!("Stopped");
            Ok(())
        }
        Ok(Ok(EngineExit::Failed(failure))) => {
            Err(failure).context("the store failed; every acknowledged change is on disk")
        }
        Ok(Err(_)) | Err(_) => Err(anyhow!("the engine panicked; see the log above")),
    }
}

/// Cleans the backup directory up. A directory that hangs must not keep the service from starting.
pub(super) async fn tidy(backups: &Backups) {
    let backups = backups.clone();
    let tidied = tokio::task::spawn_blocking(move || backups.remove_leftovers());
    if tokio::time::timeout(TIDY_WAIT, tidied).await.is_err() {
        warn!("The backup directory does not respond");
    }
}

/// Loads the demo network, as v2 does, if nothing was ever written to the store.
pub(super) async fn load_demo(config: &Config, handle: &EngineHandle) -> Result<()> {
    if !config.dev_features || handle.read().seq() > 0 {
        return Ok(());
    }
    let origin = AuditOrigin::local("start-up");
    match handle.execute(ReseedSite(Blueprint::Demo), origin).await {
        Ok(_) => {
            info!("Loaded the demo network; set UNOC_DEV_FEATURES=0 to start with an empty site")
        }
        Err(error) => warn!(%error, "The demo network could not be loaded"),
    }
    Ok(())
}
