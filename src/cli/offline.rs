//! Working on the store directly, while no server holds it.

use std::thread::JoinHandle;

use anyhow::{Context, anyhow};
use tokio::runtime::Runtime;

use super::data_dir::is_new_data_dir;
use super::exit::CommandError;
use crate::app;
use crate::config::Config;
use crate::domain::{Command, EntityKind, ReplaceSite, Site, World};
use crate::engine::{Clock, Engine, EngineError, EngineExit, EngineHandle, EngineOptions};
use crate::store::{AuditOrigin, Store, StoreError};
use crate::util::counted;

/// The command that stops the service, for messages.
pub(super) const STOP_COMMAND: &str = "systemctl stop unoc";

/// Opens the store; `None` while a server holds it.
pub(super) fn open_store(config: &Config) -> Result<Option<Store>, CommandError> {
    match app::open_store(config, &Clock::system()) {
        Ok(store) => Ok(Some(store)),
        Err(error) => match error.downcast_ref() {
            Some(StoreError::Locked { .. }) => Ok(None),
            _ => Err(error.into()),
        },
    }
}

/// Opens the store for a command that needs it alone.
pub(super) fn open_alone(config: &Config, what: &str) -> Result<Store, CommandError> {
    open_store(config)?.ok_or_else(|| store_in_use(config, what))
}

/// A server holds the store that a command needs alone.
pub(super) fn store_in_use(config: &Config, what: &str) -> CommandError {
    CommandError::temporary(format!(
        "{what} needs the store for itself, and a running unoc uses {}; stop it first: \
         {STOP_COMMAND}",
        config.data_dir.display()
    ))
}

/// The number of devices; refuses to go on when there are some and `replace` was not said.
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

/// Reads what is to be loaded and opens the store for it. A store that is there is opened first, so
/// that a refusal does not wait for gigabytes to be read; one that is not is made last, so that a file
/// that cannot be loaded leaves none behind. Returns also what `read` says beside the site.
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

/// Runs an engine on the store for one command, as the server would.
pub(super) fn execute(
    config: &Config,
    store: Store,
    command: impl Command,
) -> Result<EngineHandle, CommandError> {
    let (handle, thread) = start_engine(config, store)?;
    let runtime = runtime()?;
    let origin = AuditOrigin { actor: "cli".to_owned(), request_id: String::new() };
    let result = runtime.block_on(async {
        let result = handle.execute(command, origin).await;
        handle.stop().await;
        result
    });
    join(thread)?;
    result.map_err(anyhow::Error::from)?;
    Ok(handle)
}

/// An engine of a command's own.
pub(super) fn start_engine(
    config: &Config,
    store: Store,
) -> Result<(EngineHandle, JoinHandle<EngineExit>), CommandError> {
    let options = EngineOptions { min_free_bytes: config.min_free_bytes, clock: Clock::system() };
    Ok(Engine::start(store, options)?)
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
