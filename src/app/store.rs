//! Opens the store and upgrades one of an older version.

use anyhow::{Context, Result};
use tracing::info;

use super::backup::backup_options;
use super::systemd::show_status;
use crate::backup::save_before_upgrade;
use crate::config::Config;
use crate::engine::Clock;
use crate::store::{OpenOptions, Store};

/// Opens the store in the configured data directory and upgrades it to this program's layout if
/// needed.
///
/// # Errors
/// [`crate::store::StoreError`] if the store cannot be opened; nothing is changed then.
pub fn open_store(config: &Config, clock: &Clock) -> Result<Store> {
    let options =
        OpenOptions { cache_bytes: config.cache_bytes, now: clock.now(), site_id: config.site_id };
    show_status("Opening the store");
    let store = Store::open_observed(&config.data_dir, options, show_repair)?;
    if store.needs_upgrade()? {
        let from = store.schema_version()?;
        show_status("Upgrading the store: making a backup first");
        back_up_first(config, clock, &store)?;
        show_status("Upgrading the store");
        store.upgrade()?;
        info!(from, to = store.schema_version()?, "Upgraded the store; all data was kept");
    }
    let bytes = store.prune_audit()?;
    if bytes > 0 {
        info!(bytes, "Removed the oldest rows of the audit trail, which was too large");
    }
    Ok(store)
}

fn show_repair(percent: f64) {
    show_status(&format!("Repairing the store after an unclean shutdown: {percent:.0} %"));
}

/// Returns whether a process has the store in the configured data directory open. Changes nothing.
pub fn is_store_in_use(config: &Config) -> bool {
    Store::is_in_use(&config.data_dir, config.cache_bytes)
}

/// Opens the store for a look, as this program's layout has it. Nothing in the data directory is created or
/// changed: what is written is lost when it is closed.
///
/// # Errors
/// [`crate::store::StoreError`] if the store cannot be read.
pub fn open_detached_store(config: &Config, clock: &Clock) -> Result<Store> {
    let options =
        OpenOptions { cache_bytes: config.cache_bytes, now: clock.now(), site_id: config.site_id };
    let store = Store::open_detached(&config.data_dir, options)?;
    if store.needs_upgrade()? {
        store.upgrade()?;
    }
    Ok(store)
}

/// Makes a backup before the upgrade, unless nothing was ever written to the site.
fn back_up_first(config: &Config, clock: &Clock, store: &Store) -> Result<()> {
    if store.read()?.seq() == 0 {
        return Ok(());
    }
    let options = backup_options(config, &[])?;
    let saved = save_before_upgrade(store, options, clock.clone());
    saved.map(|_| ()).context(
        "the backup before the upgrade of the store failed; the store is unchanged and can still be used with \
         the previous version",
    )
}
