//! The configuration, read once at the start.
//!
//! Four layers, each overriding the one before it: the defaults of [`keys`], the file
//! [`DEFAULT_FILE`] (or the one named by `--config` or `UNOC_CONFIG`), the environment, the flags.
//! One table, [`keys`], has the names, the default, the rule and the meaning of every key; loading,
//! errors, [`Config::show`] and [`markdown_table`] are derived from it.
//!
//! Every value of every layer is checked, even if a later layer overrides it, and all errors are
//! reported together as [`ConfigErrors`].
//!
//! Invariant: no value of a secret, of an unknown key or of a line with a syntax error leaves this
//! module except through [`Secret::expose`].
//!
//! In reading order: `key` and `key_table` (the table of keys), `settings` (the typed result),
//! `rules`, `database_url`, `access`, `backup`, `contacts`, `notices`, `oidc`, `tls`, `log` and `secret` (the types of values and their
//! rules), `sources`, `file` and `layers` (where values come from), `load`, `error` and `hints`,
//! `show`, `changes`, `secret_values`, `template`.

mod access;
mod backup;
mod changes;
mod contacts;
mod database_url;
mod error;
mod file;
mod hints;
mod key;
mod key_table;
mod keys;
mod layers;
mod load;
mod log;
mod notices;
mod oidc;
mod rules;
mod secret;
mod secret_file;
mod secret_values;
mod setting;
mod settings;
mod show;
mod sources;
mod table_fields;
mod template;
#[cfg(test)]
mod tests;
mod tls;

pub use contacts::{ChannelSettings, ContactSettings, EscalationSettings};
pub use error::{ConfigError, ConfigErrors};
pub use key::Key;
pub use keys::{keys, markdown_table};
pub use load::load;
pub use log::{LogFormat, LogLevel};
pub use oidc::OidcSettings;
pub use secret::Secret;
pub use secret_values::secrets_of_environment;
pub use settings::Config;
pub use show::ShownKey;
pub use sources::{CONFIG_ENVIRONMENT, DEFAULT_FILE, Sources, environment};
pub use template::commented_file;
pub use tls::AcmeChallengeType;
