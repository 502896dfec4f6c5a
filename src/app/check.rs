//! What of a valid configuration cannot be used, as far as the files and addresses that it names tell.

use super::backup::targets;
use super::mirror::{DATABASE_KEY, database};
use crate::backup::Keyring;
use crate::config::{Config, Faults};

/// Reads every file and every address of the configuration as the start and what runs after it do. Nothing
/// is made, and nothing is connected to.
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
