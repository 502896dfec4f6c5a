//! One row of the table of keys.

use super::rules::ValueError;
use super::settings::Config;

/// One setting.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Name in the configuration file, with the unit as its last part.
    pub name: &'static str,
    /// Environment variables, v2's name first; a later one overrides an earlier one.
    pub environment: &'static [&'static str],
    /// Flag, with its dashes; `None` for a secret, because other users can list the arguments of a
    /// process.
    pub flag: Option<&'static str>,
    /// The default value; for a path, the rule that finds it.
    pub default: &'static str,
    /// The allowed values, as text.
    pub allowed: &'static str,
    /// What the key sets, one sentence.
    pub help: &'static str,
    /// Whether the value is shown as `***` (the database address: with its password so replaced).
    pub secret: bool,
    /// Checks a text and writes it into its field.
    pub(super) set: fn(&mut Config, &str) -> Result<(), ValueError>,
    /// The field as text, masked if secret; the same text is allowed for a key that is not secret.
    pub(super) shown: fn(&Config) -> String,
}

impl Key {
    /// Returns whether an empty text is a value ("off", "none") rather than an unset one.
    pub(super) fn takes_empty(&self) -> bool {
        self.default.is_empty()
    }
}
