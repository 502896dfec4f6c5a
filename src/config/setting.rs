//! A value from one layer.

use super::key::Key;

/// One value of one layer, not yet checked.
pub(super) struct Setting {
    pub(super) key: &'static Key,
    pub(super) text: String,
    /// See [`super::show::ShownKey::source`].
    pub(super) source: String,
    /// Line in the configuration file, from 1.
    pub(super) line: Option<usize>,
}

impl Setting {
    pub(super) fn new(
        key: &'static Key,
        text: impl Into<String>,
        source: impl Into<String>,
    ) -> Self {
        Self { key, text: text.into(), source: source.into(), line: None }
    }
}
