//! Opening the store, and bringing one of an older version up to this program.

use anyhow::{Context, Result};
use tracing::info;

use super::backup::backup_options;
use crate::backup::save_before_upgrade;
use crate::config::Config;
use crate::engine::Clock;
use crate::store::{OpenOptions, Store};

/// The store of the configuration's data directory, in the layout that this program writes.
///
/// # Errors
/// [`crate::store::StoreError`] when the store refuses; nothing was changed then.
pub fn open_store(config: &Config, clock: &Clock) -> Result<Store> {
    let options =
        OpenOptions { cache_bytes: config.cache_bytes, now: clock.now(), site_id: config.site_id };
    let store = Store::open(&config.data_dir, options)?;
    if store.is_old()? {
        let from = store.schema_version()?;
        save_first(config, clock, &store)?;
        store.upgrade()?;
        info!(from, to = store.schema_version()?, "Upgraded the store; all data was kept");
    }
    let bytes = store.shrink_trail()?;
    if bytes > 0 {
        info!(bytes, "Removed the oldest rows of the audit trail: it had become too large");
    }
    Ok(store)
}

/// Nothing is changed before it is saved; a site that holds nothing has nothing to save.
fn save_first(config: &Config, clock: &Clock, store: &Store) -> Result<()> {
    if store.read()?.head().seq == 0 {
        return Ok(());
    }
    let options = backup_options(config, store.site_id(), &[])?;
    let saved = save_before_upgrade(store, &options, clock.now());
    saved.map(|_| ()).context(
        "this version changes the layout of the store and saves the site first, which failed; the \
         store is unchanged, and the previous version still runs on it",
    )
}
