//! Opening the store, and bringing one of an older version up to this program.

use anyhow::Result;
use tracing::info;

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
        // The backup before an upgrade belongs here: the store is open, whole and untouched.
        store.upgrade()?;
        info!(from, to = store.schema_version()?, "Upgraded the store; all data stay");
    }
    Ok(store)
}
