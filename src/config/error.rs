//! Errors of the configuration.

use std::fmt;
use std::path::Path;

use serde::Serialize;

use super::hints::service_link_hint;
use super::key::Key;
use super::keys::{find, secret_of};
use super::rules::ValueError;
use super::secret::MASK;
use super::setting::Setting;
use super::settings::Config;

/// Longest part of a value that an error quotes.
const QUOTED_CHARS_MAX: usize = 80;

/// All errors of a configuration, at least one.
#[derive(Debug, Serialize, thiserror::Error)]
#[error("{}", lines(.0))]
pub struct ConfigErrors(pub Vec<ConfigError>);

/// An error in one setting, or in the configuration file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConfigError {
    /// [`Key::name`], an unknown name as it was written, or `config` for the file itself.
    pub key: String,
    /// The value, shortened and without control characters; `***` if it is or may be a secret.
    pub value: String,
    /// Where the value was set; in a file with the line, `/etc/unoc/unoc.toml:3`.
    pub source: String,
    /// The allowed values.
    pub allowed: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl fmt::Display for ConfigError {
    /// One line: `port = "x" (flag --port): expected 0-65535, 0 = any free port; hint`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, value, source, allowed, hint } = self;
        write!(f, "{key} = \"{value}\" ({source}): expected {allowed}")?;
        hint.as_ref().map_or(Ok(()), |hint| write!(f, "; {hint}"))
    }
}

impl ConfigError {
    /// The value of `setting` breaks its key's rule.
    pub(super) fn value(setting: &Setting, error: ValueError) -> Self {
        let Setting { key, text, source, line } = setting;
        let variable = source.strip_prefix("environment ").unwrap_or_default();
        let link = (!variable.is_empty()).then(|| service_link_hint(variable, text));
        Self {
            key: key.name.to_owned(),
            value: if error.is_secret { MASK.to_owned() } else { shown_value(key, text) },
            source: line.map_or_else(|| source.clone(), |line| format!("{source}:{line}")),
            allowed: key.allowed.to_owned(),
            hint: link.flatten().or(error.hint),
        }
    }

    /// No key has this name. The value is not quoted, because it may be a secret under a misspelt
    /// name.
    pub(super) fn unknown(name: &str, source: &str, hint: Option<String>) -> Self {
        Self {
            key: quoted(name),
            value: MASK.to_owned(),
            source: source.to_owned(),
            allowed: "a known name, see `unoc config show`".to_owned(),
            hint,
        }
    }

    /// A secret is set both by value and by file.
    pub(super) fn set_twice(secret: &Key, source: &str, file_key: &Key) -> Self {
        Self {
            key: secret.name.to_owned(),
            value: MASK.to_owned(),
            source: source.to_owned(),
            allowed: secret.allowed.to_owned(),
            hint: Some(format!("set {} or {}, not both", secret.name, file_key.name)),
        }
    }

    /// The configuration file named by `source` cannot be read.
    pub(super) fn config_file(path: &Path, source: &str, error: &std::io::Error) -> Self {
        Self {
            key: "config".to_owned(),
            value: quoted(&path.to_string_lossy()),
            source: source.to_owned(),
            allowed: "a readable TOML file".to_owned(),
            hint: Some(error.to_string()),
        }
    }

    /// The configuration file is not valid TOML. `message` must not quote the file.
    pub(super) fn syntax(path: &Path, line: usize, column: usize, message: &str) -> Self {
        Self {
            key: "config".to_owned(),
            value: quoted(&path.to_string_lossy()),
            source: format!("{}:{line}:{column}", path.display()),
            allowed: "TOML, one `key = value` per line".to_owned(),
            hint: Some(format!("line {line}, column {column}: {message}")),
        }
    }
}

impl Config {
    /// Returns the error of the key `name` whose value is valid, but cannot be used. `value` must
    /// not contain a secret; `why` is the hint.
    pub fn error(&self, name: &str, value: String, why: String) -> ConfigError {
        ConfigError {
            key: name.to_owned(),
            value,
            source: self.source(name).to_owned(),
            allowed: find(name).map(|key| key.allowed.to_owned()).unwrap_or_default(),
            hint: Some(why),
        }
    }
}

/// Returns a value as an error quotes it. In place of the path of a secret's file, any other text
/// is taken for the secret itself.
fn shown_value(key: &Key, text: &str) -> String {
    let is_misplaced_secret = secret_of(key).is_some() && !text.starts_with('/');
    if key.secret || is_misplaced_secret { MASK.to_owned() } else { quoted(text) }
}

/// Returns `text` short enough for a line and free of control characters.
fn quoted(text: &str) -> String {
    let mut chars = text.chars();
    let start: String = chars.by_ref().take(QUOTED_CHARS_MAX).collect();
    let rest = if chars.next().is_some() { "…" } else { "" };
    format!("{}{rest}", start.escape_debug())
}

fn lines(errors: &[ConfigError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Case, only};

    #[test]
    fn unknown_names_get_a_hint() {
        let check = |case: Case, expected: Option<&str>| {
            let error = only(case.errors());
            assert_eq!(error.value, "***");
            assert_eq!(error.hint.as_deref(), expected, "{error}");
        };
        let file = |text: &str| Case::new().file(text);
        check(file("data-dir = '/x'"), Some("did you mean data_dir?"));
        check(file("dev_feature = 1"), Some("did you mean dev_features?"));
        check(file("DATABASE_URL = ''"), Some("did you mean database_url?"));
        check(file("UNOC_PORT = 1"), Some("did you mean port?"));
        check(file("zzzzzz = 1"), None);
        check(
            file("[server]\nport = 1"),
            Some("the file has only keys, no [table] but [[contacts]] and [[escalation]]"),
        );
        check(file(&format!("{} = 1", "a".repeat(100_000))), None);
        let variable = |name| Case::new().variable(name, "1");
        check(variable("UNOC_HOTS"), Some("did you mean UNOC_HOST?"));
        check(variable("UNOC_CONFG"), Some("did you mean UNOC_CONFIG?"));
        check(variable("UNOC_DATADIR"), Some("did you mean UNOC_DATA_DIR?"));
        check(variable("UNOC_SOMETHING_ELSE"), None);
        for name in ["UNOC_TEST_X", "UNOC_BENCH_X", "PORT", "XUNOC_PORT"] {
            assert!(variable(name).load().is_ok(), "{name}");
        }
    }
}
