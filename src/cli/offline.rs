//! Commands that work on the store directly, while no server uses it.

use std::thread::JoinHandle;

use anyhow::{Context, anyhow};
use tokio::runtime::Runtime;

use super::data_dir::{StoreUse, check_has_site, is_new_data_dir, store_use};
use super::exit::CommandError;
use super::invoker;
use crate::app;
use crate::config::Config;
use crate::domain::{Command, EntityKind, ReplaceSite, Site, World};
use crate::engine::{Clock, Engine, EngineError, EngineExit, EngineHandle, EngineOptions};
use crate::store::{Store, StoreError};
use crate::util::counted;

/// The command that stops the service, for messages.
pub(super) const STOP_COMMAND: &str = "systemctl stop unoc";

/// Opens the store, or creates the first one. Returns `None` if a server uses it.
pub(super) fn open_store(config: &Config) -> Result<Option<Store>, CommandError> {
    if let StoreUse::Server = store_use(config)? {
        return Ok(None);
    }
    unless_locked(app::open_store(config, &Clock::system()))
}

fn unless_locked(opened: anyhow::Result<Store>) -> Result<Option<Store>, CommandError> {
    match opened {
        Ok(store) => Ok(Some(store)),
        Err(error) => match error.downcast_ref() {
            Some(StoreError::Locked { .. }) => Ok(None),
            _ => Err(error.into()),
        },
    }
}

/// Opens the store of a site that is there already. Returns `None` if a server uses it.
pub(super) fn open_existing(config: &Config) -> Result<Option<Store>, CommandError> {
    check_has_site(config)?;
    open_store(config)
}

/// Opens the store for a look that changes nothing, which root may take at the store of any user. Returns
/// `None` if a server uses it.
pub(super) fn open_detached(config: &Config) -> Result<Option<Store>, CommandError> {
    unless_locked(app::open_detached_store(config, &Clock::system()))
}

/// Opens the store for a command that needs exclusive access.
pub(super) fn open_alone(config: &Config, what: &str) -> Result<Store, CommandError> {
    open_store(config)?.ok_or_else(|| store_in_use(config, what))
}

/// Returns the error of a command that needs exclusive access to a store that a server uses.
pub(super) fn store_in_use(config: &Config, what: &str) -> CommandError {
    CommandError::temporary(format!(
        "{what} needs exclusive access to the store, but a running unoc uses {}; stop it first: \
         {STOP_COMMAND}",
        config.data_dir.display()
    ))
}

/// Refuses a store that holds devices, unless `replace` is true.
pub(super) fn check_replace(store: &Store, replace: bool) -> Result<(), CommandError> {
    let devices = store.read()?.count(EntityKind::Device)?;
    if devices > 0 && !replace {
        return Err(CommandError::refused(format!(
            "the store holds a site with {}; add --replace to replace it (unoc export FILE saves a \
             copy first)",
            counted(devices, "device")
        )));
    }
    Ok(())
}

/// Reads a site with `read` and opens the store. An existing store is opened first, so that a
/// refusal does not wait for gigabytes to be read. A new store is created last, so that a file that
/// cannot be loaded leaves none behind. Returns the store and both results of `read`.
pub(super) fn read_and_open<T>(
    config: &Config,
    replace: bool,
    read: impl FnOnce() -> Result<(Site, T), CommandError>,
) -> Result<(Store, Site, T), CommandError> {
    let open = || -> Result<Store, CommandError> {
        let store = open_alone(config, "unoc import")?;
        check_replace(&store, replace)?;
        Ok(store)
    };
    if is_new_data_dir(config) {
        let (site, beside) = read()?;
        World::default()
            .execute(ReplaceSite(site.clone()), Clock::system().now())
            .map_err(|refusal| anyhow::Error::from(EngineError::from(refusal)))?;
        return Ok((open()?, site, beside));
    }
    let store = open()?;
    let (site, beside) = read()?;
    Ok((store, site, beside))
}

/// Carries out one command with an engine in this process. Returns the handle, to read the result.
pub(super) fn execute(
    config: &Config,
    store: Store,
    command: impl Command,
) -> Result<EngineHandle, CommandError> {
    let (handle, thread) = start_engine(config, store)?;
    let runtime = runtime()?;
    let origin = invoker::origin();
    let result = runtime.block_on(async {
        let result = handle.execute(command, origin).await;
        handle.stop().await;
        result
    });
    join(thread)?;
    result.map_err(anyhow::Error::from)?;
    Ok(handle)
}

/// Starts an engine in this process.
pub(super) fn start_engine(
    config: &Config,
    store: Store,
) -> Result<(EngineHandle, JoinHandle<EngineExit>), CommandError> {
    let options = EngineOptions { min_free_bytes: config.min_free_bytes, clock: Clock::system() };
    Ok(Engine::start(store, options)?)
}

/// Runs `work` with an engine in this process on a store that no server uses.
pub(super) fn with_engine<T>(
    config: &Config,
    store: Store,
    work: impl AsyncFnOnce(EngineHandle) -> T,
) -> Result<T, CommandError> {
    let (engine, thread) = start_engine(config, store)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let done = runtime.block_on(async {
        let done = work(engine.clone()).await;
        engine.stop().await;
        done
    });
    // What hangs, such as a probe, must not keep the command from ending.
    runtime.shutdown_background();
    join(thread)?;
    Ok(done)
}

pub(super) fn runtime() -> Result<Runtime, CommandError> {
    let built = tokio::runtime::Builder::new_current_thread().enable_time().build();
    Ok(built.context("cannot start the runtime")?)
}

pub(super) fn join(thread: JoinHandle<EngineExit>) -> Result<(), CommandError> {
    match thread.join() {
        Ok(EngineExit::Stopped) => Ok(()),
        Ok(EngineExit::Failed(error)) => Err(error.into()),
        Err(_) => Err(anyhow!("the engine panicked").into()),
    }
}
