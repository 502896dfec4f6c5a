//! Loading the configuration from all layers.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::error::ConfigErrors;
use super::layers::{self, apply};
use super::settings::Config;
use super::sources::{DEFAULT_FILE, Sources};
use super::{database_url, file, secret_file};

/// Loads the configuration from `sources`.
///
/// # Errors
/// Every error of every layer: invalid values, unknown keys, unknown `UNOC_` variables, TOML syntax
/// errors, files that cannot be read.
pub fn load(sources: &Sources) -> Result<Config, ConfigErrors> {
    load_with_default_file(sources, Path::new(DEFAULT_FILE))
}

pub(super) fn load_with_default_file(
    sources: &Sources,
    default_file: &Path,
) -> Result<Config, ConfigErrors> {
    let mut config = Config::unset();
    let mut errors = Vec::new();

    let mut settings = layers::defaults(&sources.environment);
    match file::read(&file::locate(sources, default_file)) {
        Ok(Some(read)) => {
            errors.extend(layers::exposed_secrets(&read.path, &read.settings));
            settings.extend(read.settings);
            errors.extend(read.errors);
            config.file = Some(read.path);
        }
        Ok(None) => {}
        Err(error) => errors.push(error),
    }
    let (environment, unknown) = layers::environment(&sources.environment);
    settings.extend(environment);
    errors.extend(unknown);
    let (flags, unknown) = layers::flags(&sources.flags);
    settings.extend(flags);
    errors.extend(unknown);

    errors.extend(settings.iter().filter_map(|setting| apply(&mut config, setting).err()));
    errors.extend(layers::secret_files(&mut config));
    errors.extend(layers::exposed_keys(&config));
    errors.extend(layers::missing(&config, &errors));
    errors.extend(layers::contact_errors(&config, &errors));
    errors.extend(layers::oidc_errors(&config, &errors));
    let credentials = sources.environment.get("CREDENTIALS_DIRECTORY");
    config.credentials_dir = credentials.filter(|path| !path.is_empty()).map(PathBuf::from);
    config.runtime_dir = layers::runtime_dir(&sources.environment);
    config.passfile = layers::passfile(&sources.environment);
    if errors.is_empty() { Ok(config) } else { Err(ConfigErrors(errors)) }
}

impl Config {
    /// Returns the defaults with the data directory `path`, an absolute path, and any free port:
    /// the configuration of tests and of temporary appliances.
    pub fn for_data_dir(path: impl Into<PathBuf>) -> Self {
        let mut config = Self::unset();
        for setting in layers::defaults(&BTreeMap::new()) {
            apply(&mut config, &setting).expect("a test checks that every default is valid");
        }
        Self { data_dir: path.into(), port: 0, ..config }
    }

    /// Returns a copy of the configuration with the address of the database read from its file
    /// again, if it comes from a file.
    ///
    /// # Errors
    /// The file cannot be read or is invalid. The message has the path, but quotes nothing from the
    /// file.
    pub fn with_database_url_read_again(&self) -> Result<Self, String> {
        let mut config = self.clone();
        let Some(path) = self.secret_files.get("database_url") else { return Ok(config) };
        let in_file = |what: &dyn fmt::Display| format!("{}: {what}", path.display());
        let text = secret_file::read_secret(path).map_err(|what| in_file(&what))?;
        config.database_url =
            database_url::check(&text).map_err(|error| in_file(&error.hint.unwrap_or_default()))?;
        Ok(config)
    }
}
