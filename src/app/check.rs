//! Checks the files and addresses that a valid configuration names.

use super::backup::targets;
use super::mirror::{DATABASE_KEY, database};
use crate::backup::Keyring;
use crate::config::{Config, Faults};

/// Reads every file and every address of the configuration as the service does at start-up and later.
/// Nothing is created and no connection is made.
///
/// # Errors
/// All faults that were found.
pub fn check(config: &Config) -> Result<(), Faults> {
    let mut faults = Vec::new();
    match database(config) {
        Ok(Some(database)) => {
            let read = database.target.check_files().err();
            faults.extend(read.map(|error| {
                config.fault(DATABASE_KEY, config.shown_database_url(), error.to_string())
            }));
        }
        Ok(None) => {}
        Err(Faults(found)) => faults.extend(found),
    }
    let (_, faulty) = targets(config);
    let fault = |value, why| config.fault("backup_targets", value, why);
    faults.extend(faulty.into_iter().map(|target| fault(target.url, target.what)));
    let identity = config.backup_identity_file.as_ref();
    let keys = Keyring::check(&config.backup_recipients, identity.as_slice(), &config.data_dir);
    if let Err(error) = keys {
        let shown = identity.map(|path| path.display().to_string());
        let key = if shown.is_some() { "backup_identity_file" } else { "backup_recipients" };
        faults.push(config.fault(key, shown.unwrap_or_default(), error.to_string()));
    }
    if faults.is_empty() { Ok(()) } else { Err(Faults(faults)) }
}
