//! The mirror's part of the composition.

use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result};
use tracing::{info, warn};

use crate::config::{Config, ConfigErrors};
use crate::engine::EngineHandle;
use crate::pg::PgConfig;
use crate::sync::{self, MirrorDatabase, SyncHandle, SyncOptions, SyncState};

/// How long a start waits for the first contact. PostgreSQL on the same network answers in
/// milliseconds; whose state counts is then settled before anyone can write.
const FIRST_CONTACT: Duration = Duration::from_secs(2);
/// The same for a store that is empty: it may be there to replace a lost one.
const FIRST_CONTACT_OF_EMPTY: Duration = Duration::from_secs(15);
/// How long a round may take to end at shutdown; PostgreSQL forgets one that is cut off.
const ROUND_WAIT: Duration = Duration::from_secs(1);
const ABORT_WAIT: Duration = Duration::from_millis(500);
/// The key that names the database.
pub(super) const DATABASE_KEY: &str = "database_url";
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Starts the mirror that the configuration asks for; without one, forgets the one there was.
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

/// The database that the configuration names, if it does.
///
/// # Errors
/// What of the address cannot be used.
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

/// The same, as the file that holds the address has it now.
pub(super) fn reload_database(config: &Config) -> Result<MirrorDatabase, String> {
    let config = config.with_database_url_read_again()?;
    let database = database(&config).map_err(|ConfigErrors(errors)| {
        errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    })?;
    database.ok_or_else(|| "the address of the database is gone".to_owned())
}

/// Lets the mirror end: after its round if that is soon, else in the middle of it.
pub(super) async fn end(
    sync: &SyncHandle,
    thread: Option<tokio::task::JoinHandle<std::thread::Result<()>>>,
) {
    let Some(mut thread) = thread else { return };
    sync.stop().await;
    if tokio::time::timeout(ROUND_WAIT, &mut thread).await.is_err() {
        sync.abort();
        if tokio::time::timeout(ABORT_WAIT, &mut thread).await.is_err() {
            warn!("The mirror did not stop in time; its unfinished round is sent again later");
        }
    }
}

/// Without a mirror nothing needs to be marked for it.
pub(super) async fn forget(engine: &EngineHandle) -> Result<()> {
    if engine.read().mirror()?.is_some() {
        engine.forget_mirror().await?;
        info!("DATABASE_URL is no longer set; the records for the mirror are removed");
    }
    Ok(())
}

/// Waits until the first contact has settled whose state counts, as long as that may take.
pub(super) async fn first_contact(sync: &SyncHandle, engine: &EngineHandle) {
    let is_empty = engine.read().seq() == 0;
    let limit = if is_empty { FIRST_CONTACT_OF_EMPTY } else { FIRST_CONTACT };
    let settled = async {
        while sync.state() == SyncState::Connecting {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    if tokio::time::timeout(limit, settled).await.is_err() {
        warn!("PostgreSQL did not answer in time; the site is served without it");
        return;
    }
    // The site is being read back: there is nothing to serve before it is there. A first copy
    // goes the other way and need not be waited for.
    while sync.state() == SyncState::Loading && sync.is_adopting() {
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
