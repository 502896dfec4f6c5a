//! The backups' part of the composition: settings become arguments, and PostgreSQL, where there is
//! one, becomes the place where backups are tried out.

use std::io::BufRead;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use tracing::{error, warn};
use uuid::Uuid;

use crate::backup::targets::{Target, TargetError};
use crate::backup::{BackupOptions, Backups, Drill, Drilled, Keyring, Retention};
use crate::config::Config;
use crate::engine;
use crate::store::Snapshot;
use crate::sync;

const HOUR_S: u64 = 3600;

/// What the configuration says of backups.
///
/// # Errors
/// When a key cannot be used: nothing may be written unencrypted by mistake. A target that cannot
/// be used is shown as failing instead: it must not keep the appliance from starting.
pub fn backup_options(
    config: &Config,
    site_id: Uuid,
    identity_files: &[PathBuf],
) -> Result<BackupOptions> {
    let mut files = identity_files.to_vec();
    files.extend(config.backup_identity_file.clone());
    let keyring = Keyring::load(&config.backup_recipients, &files, &config.data_dir)?;
    let mut targets: Vec<Target> = Vec::new();
    let mut faulty_targets = Vec::new();
    for text in &config.backup_targets {
        let parsed = Target::parse(text, config.credentials_dir.as_deref());
        let is_taken = |target: &Target| targets.iter().any(|other| other.name() == target.name());
        match parsed {
            Ok(target) if is_taken(&target) => {
                let error = TargetError::SameName { name: target.name().to_owned() };
                faulty_targets.push((target.shown_url().to_owned(), error.to_string()));
            }
            Ok(target) => targets.push(target),
            Err(error) => {
                error!(%error, "A backup target cannot be used; no copies go there");
                faulty_targets.push((text.clone(), error.to_string()));
            }
        }
    }
    Ok(BackupOptions {
        directory: config.backup_dir(),
        data_dir: config.data_dir.clone(),
        keyring,
        targets,
        faulty_targets,
        retention: Retention {
            last: config.backup_keep_last,
            daily: config.backup_keep_daily,
            weekly: config.backup_keep_weekly,
            monthly: config.backup_keep_monthly,
        },
        stale_after_s: u64::from(config.backup_stale_hours) * HOUR_S,
        site_name: config.site_name.clone(),
        min_free_bytes: config.min_free_bytes,
        drill: drill(config, site_id)?,
    })
}

/// The way to the backups of a running engine.
///
/// # Errors
/// As [`backup_options`].
pub fn start_backups(
    config: &Config,
    engine: &engine::Handle,
    identity_files: &[PathBuf],
) -> Result<Backups> {
    let options = backup_options(config, engine.site_id(), identity_files)?;
    if !options.keyring.is_on() {
        warn!("Backups are not encrypted; unoc backup keygen prints a key for backup_recipients");
    }
    Ok(Backups::new(options, engine.clone()))
}

fn drill(config: &Config, site_id: Uuid) -> Result<Option<Drill>> {
    let Some(url) = &config.database_url else { return Ok(None) };
    let target = sync::Target::parse(url.expose())?;
    let drill = move |text: &mut dyn BufRead, restored: &Snapshot| match sync::drill(
        &target, site_id, text, restored,
    ) {
        Ok(sync::Drill::Same { version, .. }) => Drilled::Same { postgres: version },
        Ok(sync::Drill::NotPossible(why)) => Drilled::NotPossible(why),
        Ok(sync::Drill::Differs(what)) => Drilled::Differs(what),
        Err(error) => Drilled::Failed(error.to_string()),
    };
    Ok(Some(Arc::new(drill)))
}
