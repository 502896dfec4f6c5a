//! Turns the settings into the options of backups. Where there is a PostgreSQL, backups are
//! verified in it.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use tracing::{error, warn};

use super::mirror;
use crate::backup::targets::{BackupTarget, TargetError};
use crate::backup::{
    BackupOptions, Backups, Keyring, ReadPgConfig, Retention, SharedTargets, TargetSet,
    UnusableTarget,
};
use crate::config::Config;
use crate::engine::EngineHandle;

const HOUR_S: u64 = 3600;

/// Returns the options of the backups.
///
/// # Errors
/// A key cannot be used: nothing may be written unencrypted by mistake. A target that cannot be
/// used is shown as failing instead, because it must not keep the appliance from starting.
pub fn backup_options(config: &Config, identity_files: &[PathBuf]) -> Result<BackupOptions> {
    let mut files = identity_files.to_vec();
    files.extend(config.backup_identity_file.clone());
    let keyring = Keyring::load(&config.backup_recipients, &files, &config.data_dir)?;
    Ok(options_with(config, keyring))
}

fn options_with(config: &Config, keyring: Keyring) -> BackupOptions {
    let targets = targets(config);
    for UnusableTarget { name, what, .. } in &targets.unusable {
        error!(
            target = name,
            "Backup target {name} cannot be used, so nothing is copied to it: {what}"
        );
    }
    BackupOptions {
        directory: config.backup_dir(),
        data_dir: config.data_dir.clone(),
        keyring,
        targets: SharedTargets::new(targets),
        retention: Retention {
            last: config.backup_keep_last,
            daily: config.backup_keep_daily,
            weekly: config.backup_keep_weekly,
            monthly: config.backup_keep_monthly,
        },
        stale_after_s: u64::from(config.backup_stale_hours) * HOUR_S,
        site_name: config.site_name.clone(),
        min_free_bytes: config.min_free_bytes,
        read_pg_config: read_pg_config(config),
    }
}

/// Returns the handle to the backups of a running engine.
///
/// # Errors
/// As [`backup_options`].
pub fn start_backups(
    config: &Config,
    engine: &EngineHandle,
    identity_files: &[PathBuf],
) -> Result<Backups> {
    let options = backup_options(config, identity_files)?;
    if !options.keyring.is_on() {
        warn!("Backups are not encrypted; unoc backup keygen prints a key for backup_recipients");
    }
    Ok(Backups::new(options, engine.clone()))
}

/// Returns the handle to backups that are only looked at: no key is created for them.
///
/// # Errors
/// As [`backup_options`].
pub(super) fn backups_to_read(config: &Config, engine: &EngineHandle) -> Result<Backups> {
    let files = Vec::from_iter(config.backup_identity_file.clone());
    let keyring = Keyring::load(&[], &files, &config.data_dir)?;
    Ok(Backups::new(options_with(config, keyring), engine.clone()))
}

/// Returns the off-host targets, and those that cannot be used.
pub(super) fn targets(config: &Config) -> TargetSet {
    let mut targets: Vec<BackupTarget> = Vec::new();
    let mut unusable = Vec::new();
    for text in &config.backup_targets {
        let (name, url) =
            BackupTarget::describe(text).unwrap_or_else(|| (text.clone(), text.clone()));
        let is_taken = targets.iter().any(|other| other.name() == name)
            || unusable.iter().any(|other: &UnusableTarget| other.name == name);
        if is_taken {
            let what = TargetError::SameName { name }.to_string();
            unusable.push(UnusableTarget { name: text.clone(), url, what });
            continue;
        }
        match BackupTarget::parse(text, config.credentials_dir.as_deref()) {
            Ok(target) => targets.push(target),
            Err(error) => unusable.push(UnusableTarget { name, url, what: error.to_string() }),
        }
    }
    TargetSet { usable: targets, unusable }
}

/// The way to the mirror's database; its address is read again for each verification.
fn read_pg_config(config: &Config) -> Option<ReadPgConfig> {
    config.database_url.as_ref()?;
    let config = config.clone();
    Some(Arc::new(move || mirror::reload_database(&config).map(|database| database.config)))
}
