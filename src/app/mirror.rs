//! Starting and stopping the mirror.

use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result};
use tracing::{info, warn};

use crate::config::{Config, ConfigErrors};
use crate::engine::EngineHandle;
use crate::pg::PgConfig;
use crate::sync::{self, MirrorDatabase, SyncHandle, SyncOptions, SyncState};

/// How long a start waits for the first handshake. PostgreSQL on the same network answers in
/// milliseconds; whose state wins is then decided before anyone can write.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(2);
/// The same for an empty store, which may replace a lost one.
const HANDSHAKE_TIMEOUT_IF_EMPTY: Duration = Duration::from_secs(15);
/// How long the current round may take at shutdown; then it is aborted and PostgreSQL rolls it
/// back.
const STOP_TIMEOUT: Duration = Duration::from_secs(1);
const ABORT_TIMEOUT: Duration = Duration::from_millis(500);
/// The key that names the database.
pub(super) const DATABASE_KEY: &str = "database_url";
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// Starts the mirror if the configuration names a database.
///
/// # Errors
/// When the address cannot be used.
pub fn start_sync(
    config: &Config,
    engine: &EngineHandle,
) -> Result<(SyncHandle, Option<JoinHandle<()>>)> {
    let Some(database) = database(config)? else {
        return Ok((SyncHandle::off(engine.now()), None));
    };
    let host = rustix::system::uname();
    let own = config.clone();
    let options = SyncOptions {
        database,
        reload_database: Box::new(move || reload_database(&own)),
        site_name: config.site_name.clone(),
        holder: format!("{}:{}", host.nodename().to_string_lossy(), config.data_dir.display()),
        clock: engine.clock(),
    };
    let (handle, thread) =
        sync::start(options, engine.clone()).context("cannot start the mirror's thread")?;
    Ok((handle, Some(thread)))
}

/// The database that the configuration names, if any.
///
/// # Errors
/// Which part of the address cannot be used.
pub(super) fn database(config: &Config) -> Result<Option<MirrorDatabase>, ConfigErrors> {
    let Some(url) = &config.database_url else { return Ok(None) };
    let masked_url = config.shown_database_url();
    match PgConfig::parse(url.expose()) {
        Ok(pg_config) => {
            let pg_config = pg_config.with_passfile(config.passfile.clone());
            Ok(Some(MirrorDatabase { config: pg_config, masked_url }))
        }
        Err(error) => {
            Err(ConfigErrors(vec![config.error(DATABASE_KEY, masked_url, error.to_string())]))
        }
    }
}

/// The same, with the address read again from its file.
pub(super) fn reload_database(config: &Config) -> Result<MirrorDatabase, String> {
    let config = config.with_database_url_read_again()?;
    let database = database(&config).map_err(|ConfigErrors(errors)| {
        errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    })?;
    database.ok_or_else(|| "the address of the database was removed".to_owned())
}

/// Stops the mirror after its current round, or aborts the round if it takes too long.
pub(super) async fn stop(
    sync: &SyncHandle,
    thread: Option<tokio::task::JoinHandle<std::thread::Result<()>>>,
) {
    let Some(mut thread) = thread else { return };
    sync.stop().await;
    if tokio::time::timeout(STOP_TIMEOUT, &mut thread).await.is_err() {
        sync.abort();
        if tokio::time::timeout(ABORT_TIMEOUT, &mut thread).await.is_err() {
            warn!("The mirror did not stop in time; its unfinished round is sent again later");
        }
    }
}

/// Removes the mirror's state from the store, so that changes are no longer marked for it.
pub(super) async fn forget(engine: &EngineHandle) -> Result<()> {
    if engine.read().mirror()?.is_some() {
        engine.forget_mirror().await?;
        info!("DATABASE_URL is no longer set; the records for the mirror are removed");
    }
    Ok(())
}

/// Waits until the first handshake has decided whose state wins, or until the time-out.
pub(super) async fn wait_for_handshake(sync: &SyncHandle, engine: &EngineHandle) {
    let is_empty = engine.read().seq() == 0;
    let limit = if is_empty { HANDSHAKE_TIMEOUT_IF_EMPTY } else { HANDSHAKE_TIMEOUT };
    let handshake = async {
        while sync.state() == SyncState::Connecting {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    };
    if tokio::time::timeout(limit, handshake).await.is_err() {
        warn!("PostgreSQL did not answer in time; the site is served without it");
        return;
    }
    // During an adoption there is nothing to serve yet. An initial copy sends the local site and
    // need not be waited for.
    while sync.state() == SyncState::Loading && sync.is_adopting() {
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}
