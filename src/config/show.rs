//! The settings as `unoc config show` prints them.

use serde::Serialize;

use super::key::Key;
use super::keys::keys;
use super::settings::Config;

/// One line of `unoc config show`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShownKey {
    /// [`Key::name`].
    pub key: &'static str,
    /// The value in effect; a secret is `***`, the password in a database address too.
    pub value: String,
    /// Where the value came from: `default`, the path of the configuration file,
    /// `environment UNOC_PORT`, `flag --port`, or `file /run/secrets/token` for a secret.
    pub source: String,
}

impl Config {
    /// Returns every key with the value in effect and its source, in the order of [`keys`].
    pub fn show(&self) -> Vec<ShownKey> {
        let shown = |key: &Key| ShownKey {
            key: key.name,
            value: (key.shown)(self),
            source: self.source(key.name).to_owned(),
        };
        keys().iter().map(shown).collect()
    }
}
