//! The configuration: what the operator decided, read once at the start.
//!
//! Four layers, each overriding the one before it: the defaults of [`keys`], the file
//! [`DEFAULT_FILE`] (or the one named by `--config` or `UNOC_CONFIG`), the environment, the flags.
//! One table, [`keys`], says for every key its names, default, rule and meaning; reading, faults,
//! [`Config::show`] and [`markdown_table`] are derived from it.
//!
//! Every value of every layer is checked, also one that a later layer overrides, and all
//! [`Faults`] are reported together.
//!
//! Invariant: no value of a secret, of an unknown key or of a line with a syntax fault leaves this
//! module except through [`Secret::expose`].
//!
//! In reading order: `keys` (the table), `settings` (the typed result), `rules`, `database_url`,
//! `access` and `backup` (what a value may be), `layers` and `file` (where values come from), `error`, `secret`, `log`.

mod access;
mod backup;
mod database_url;
mod error;
mod file;
mod keys;
mod layers;
mod log;
mod rules;
mod secret;
mod settings;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

pub use error::{Fault, Faults};
pub use keys::{Key, keys, markdown_table};
pub use log::{LogFormat, LogLevel};
pub use secret::Secret;
pub use settings::{Config, ShownKey};

/// The file read when neither `--config` nor `UNOC_CONFIG` names one; it need not exist.
pub const DEFAULT_FILE: &str = "/etc/unoc/unoc.toml";

/// The environment variable that names the configuration file; it has no key in the file.
pub const CONFIG_ENVIRONMENT: &str = "UNOC_CONFIG";

/// Where [`load`] takes values from. The process environment is a field, so that loading is a
/// function of its argument and of the files it names.
#[derive(Clone, Default)]
pub struct Sources {
    /// Values of the flags given on the command line, by [`Key::name`].
    pub flags: BTreeMap<&'static str, String>,
    /// The file named by `--config`, which must exist.
    pub config_file: Option<PathBuf>,
    /// The environment, usually [`environment()`].
    pub environment: BTreeMap<String, String>,
}

impl fmt::Debug for Sources {
    /// Names only: a value of the environment may be a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources")
            .field("flags", &self.flags.keys())
            .field("config_file", &self.config_file)
            .field("environment", &self.environment.keys())
            .finish()
    }
}

/// Returns the environment of the process. Bytes that are not UTF-8 become U+FFFD, which no key
/// but a path or a name lets through.
#[expect(clippy::disallowed_methods, reason = "the one reader of the process environment")]
pub fn environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .map(|(name, value)| {
            (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned())
        })
        .collect()
}

/// Returns the configuration that `sources` describe.
///
/// # Errors
/// All faults of all layers: values that break their key's rule, unknown keys, unknown `UNOC_`
/// variables, faults of TOML syntax, files that cannot be read.
pub fn load(sources: &Sources) -> Result<Config, Faults> {
    load_with_default_file(sources, Path::new(DEFAULT_FILE))
}

fn load_with_default_file(sources: &Sources, default_file: &Path) -> Result<Config, Faults> {
    let mut config = Config::unset();
    let mut faults = Vec::new();

    let mut settings = layers::defaults(&sources.environment);
    match file::read(&file::locate(sources, default_file)) {
        Ok(Some(read)) => {
            settings.extend(read.settings);
            faults.extend(read.faults);
            config.file = Some(read.path);
        }
        Ok(None) => {}
        Err(fault) => faults.push(fault),
    }
    let (environment, unknown) = layers::environment(&sources.environment);
    settings.extend(environment);
    faults.extend(unknown);
    let (flags, unknown) = layers::flags(&sources.flags);
    settings.extend(flags);
    faults.extend(unknown);

    faults.extend(settings.iter().filter_map(|setting| config.apply(setting).err()));
    faults.extend(layers::secret_files(&mut config));
    faults.extend(layers::missing(&config, &faults));
    let credentials = sources.environment.get("CREDENTIALS_DIRECTORY");
    config.credentials_dir = credentials.filter(|path| !path.is_empty()).map(PathBuf::from);
    config.passfile = layers::passfile(&sources.environment);
    if faults.is_empty() { Ok(config) } else { Err(Faults(faults)) }
}
