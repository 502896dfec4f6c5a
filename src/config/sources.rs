//! The inputs of the configuration.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// The configuration file if neither `--config` nor `UNOC_CONFIG` names one; it need not exist.
pub const DEFAULT_FILE: &str = "/etc/unoc/unoc.toml";

/// The environment variable that names the configuration file; it has no key in the file.
pub const CONFIG_ENVIRONMENT: &str = "UNOC_CONFIG";

/// Where [`super::load()`] takes values from. The process environment is a field, so that loading
/// is a function of its argument and of the files it names.
#[derive(Clone, Default)]
pub struct Sources {
    /// Values of the flags given on the command line, by [`super::Key::name`].
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
