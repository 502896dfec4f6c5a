//! Checks the files and addresses that a valid configuration names.

use super::backup::targets;
use super::mirror::{DATABASE_KEY, database};
use super::notices::NoticeSettings;
use super::oidc;
use super::tls::check_certificate;
use crate::backup::Keyring;
use crate::config::{Config, ConfigErrors};

/// Reads every file and every address of the configuration as the service does at start-up and
/// later. Nothing is created and no connection is made.
///
/// # Errors
/// Every error that was found.
pub fn check(config: &Config) -> Result<(), ConfigErrors> {
    let mut errors = Vec::new();
    match database(config) {
        Ok(Some(database)) => {
            let error = database.config.check_files().err();
            errors.extend(error.map(|error| {
                config.error(DATABASE_KEY, config.shown_database_url(), error.to_string())
            }));
        }
        Ok(None) => {}
        Err(ConfigErrors(found)) => errors.extend(found),
    }
    let unusable = targets(config).unusable;
    let error = |value, why| config.error("backup_targets", value, why);
    errors.extend(unusable.into_iter().map(|target| error(target.url, target.what)));
    let identity = config.backup_identity_file.as_ref();
    let keys = Keyring::check(&config.backup_recipients, identity.as_slice(), &config.data_dir);
    if let Err(error) = keys {
        let shown = identity.map(|path| path.display().to_string());
        let key = if shown.is_some() { "backup_identity_file" } else { "backup_recipients" };
        errors.push(config.error(key, shown.unwrap_or_default(), error.to_string()));
    }
    let sign_in = oidc::sign_in(config).err();
    let found = NoticeSettings::of(config).err().into_iter();
    let found = found.chain(sign_in).chain(check_certificate(config).err());
    errors.extend(found.flat_map(|ConfigErrors(found)| found));
    if errors.is_empty() { Ok(()) } else { Err(ConfigErrors(errors)) }
}
