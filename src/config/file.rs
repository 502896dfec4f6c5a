//! The configuration file, a flat table of TOML but for the contacts and the escalation.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;
use toml::de::{DeTable, DeValue};

use super::error::ConfigError;
use super::hints::{did_you_mean, nearest};
use super::key::Key;
use super::keys::{find, keys};
use super::rules::ValueError;
use super::secret_file::read_limited;
use super::setting::Setting;
use super::settings::DEFAULT_SOURCE;
use super::sources::{CONFIG_ENVIRONMENT, Sources};

/// Largest configuration file; one with every key and a comment for each is below 16 KiB.
const CONFIG_BYTES_MAX: u64 = 256 * 1024;

/// Keys whose value may be an array of tables.
const TABLE_KEYS: [&str; 2] = ["contacts", "escalation"];

/// Which file to read.
pub(super) struct Location {
    path: PathBuf,
    /// The source that names the file; `None` for the default file, which need not exist.
    named_by: Option<String>,
}

/// The settings and the errors of a configuration file.
pub(super) struct FileContent {
    pub(super) path: PathBuf,
    pub(super) settings: Vec<Setting>,
    pub(super) errors: Vec<ConfigError>,
}

/// Returns the file that the flag names, else the environment, else the default file.
pub(super) fn locate(sources: &Sources, default_file: &Path) -> Location {
    if let Some(path) = &sources.config_file {
        let named_by = Some("flag --config".to_owned());
        return Location { path: path.clone(), named_by };
    }
    let named = sources.environment.get(CONFIG_ENVIRONMENT).filter(|path| !path.is_empty());
    match named {
        Some(path) => Location {
            path: path.into(),
            named_by: Some(format!("environment {CONFIG_ENVIRONMENT}")),
        },
        None => Location { path: default_file.to_owned(), named_by: None },
    }
}

/// Reads the configuration file. Returns `None` if it is the default file and does not exist.
///
/// After a syntax error the parser continues, and the values on other lines are used.
///
/// # Errors
/// The file cannot be read, is too large, or is not UTF-8.
pub(super) fn read(location: &Location) -> Result<Option<FileContent>, ConfigError> {
    let Location { path, named_by } = location;
    let config_error = |error: &io::Error| {
        let source = named_by.as_deref().unwrap_or(DEFAULT_SOURCE);
        ConfigError::config_file(path, source, error)
    };
    let bytes = match read_limited(path, CONFIG_BYTES_MAX) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound && named_by.is_none() => {
            return Ok(None);
        }
        Err(error) => return Err(config_error(&error)),
    };
    let text = match str::from_utf8(&bytes) {
        Ok(text) => text,
        Err(error) => {
            let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
            let position = LinePosition::of(&before, before.len());
            return Err(ConfigError::syntax(
                path,
                position.line,
                position.column,
                "it is not UTF-8",
            ));
        }
    };
    Ok(Some(parse(path, text)))
}

fn parse(path: &Path, text: &str) -> FileContent {
    let (table, syntax_errors) = DeTable::parse_recoverable(text);
    let mut errors = Vec::new();
    let mut error_lines = BTreeSet::new();
    for error in &syntax_errors {
        let start = error.span().map_or(0, |span| span.start);
        let position = LinePosition::of(text, start);
        error_lines.insert(position.line);
        // The message alone: the error's own text quotes the line, which may hold a secret.
        errors.push(ConfigError::syntax(path, position.line, position.column, error.message()));
    }
    let mut entries: Vec<_> = table.get_ref().iter().collect();
    entries.sort_by_key(|(name, _)| name.span().start);

    let mut settings = Vec::new();
    for (name, value) in entries {
        let line = LinePosition::of(text, name.span().start).line;
        // The value of a table whose heading has an error may end before its name.
        let last_line = LinePosition::of(text, value.span().end).line.max(line);
        if error_lines.range(line..=last_line).next().is_some() {
            continue;
        }
        let source = path.display().to_string();
        let value_text = |key: &Key| match TABLE_KEYS.contains(&key.name) {
            true => scalar(value.get_ref()).or_else(|| tables(value.get_ref())),
            false => scalar(value.get_ref()),
        };
        let key = find(name.get_ref());
        match (key, key.and_then(value_text)) {
            (Some(key), Some(text)) => {
                settings.push(Setting { key, text, source, line: Some(line) });
            }
            (Some(key), None) => {
                let text = value.get_ref().type_str().to_owned();
                let setting = Setting { key, text, source, line: Some(line) };
                let error = ValueError::because("write one value, in quotes");
                errors.push(ConfigError::value(&setting, error));
            }
            (None, _) => {
                let hint = hint_for_unknown(name.get_ref(), value.get_ref());
                errors.push(ConfigError::unknown(
                    name.get_ref(),
                    &format!("{source}:{line}"),
                    hint,
                ));
            }
        }
    }
    FileContent { path: path.to_owned(), settings, errors }
}

/// Returns a value as the text of an environment variable, or `None` for an array, a table or a
/// date.
fn scalar(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.clone().into_owned()),
        DeValue::Boolean(on) => Some(on.to_string()),
        DeValue::Integer(number) => i128::from_str_radix(number.as_str(), number.radix())
            .map_or_else(|_| Some(number.to_string()), |number| Some(number.to_string())),
        DeValue::Float(number) => Some(number.to_string()),
        DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

/// Returns an array of tables as JSON.
fn tables(value: &DeValue<'_>) -> Option<String> {
    let DeValue::Array(items) = value else { return None };
    items.iter().all(|item| item.get_ref().is_table()).then(|| json(value).to_string())
}

/// Returns a value as JSON; a date is a text.
fn json(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::Array(items) => items.iter().map(|item| json(item.get_ref())).collect(),
        DeValue::Table(table) => {
            let fields = table.iter();
            fields
                .map(|(name, value)| (name.get_ref().to_string(), json(value.get_ref())))
                .collect()
        }
        DeValue::Boolean(on) => Value::Bool(*on),
        DeValue::String(text) => Value::String(text.to_string()),
        // No table of ours has a number; it is refused as what is no text.
        DeValue::Integer(_) | DeValue::Float(_) => Value::Null,
        DeValue::Datetime(date) => Value::String(date.to_string()),
    }
}

fn hint_for_unknown(name: &str, value: &DeValue<'_>) -> Option<String> {
    if value.is_table() {
        return Some(
            "the file has only keys, no [table] but [[contacts]] and [[escalation]]".to_owned(),
        );
    }
    let by_variable = keys().iter().find(|key| key.environment.contains(&name));
    let known = keys().iter().map(|key| key.name);
    let nearest = by_variable.map(|key| key.name).or_else(|| nearest(name, known))?;
    Some(did_you_mean(nearest))
}

/// A place in a text, line and column counted from 1, the column in characters.
struct LinePosition {
    line: usize,
    column: usize,
}

impl LinePosition {
    /// Returns the place of the byte `offset`, which may be the end of `text`.
    fn of(text: &str, offset: usize) -> Self {
        let before = &text.as_bytes()[..offset.min(text.len())];
        let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        Self {
            line: before.iter().filter(|byte| **byte == b'\n').count() + 1,
            column: String::from_utf8_lossy(&before[line_start..]).chars().count() + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::tests::{Case, PASSWORD, only};
    use super::*;

    #[test]
    fn the_file_takes_numbers_switches_and_texts() {
        let text = "port = 0x10\ncache_mib = \"8\"\ndev_features = false\nuse_go_traffic = 1\n\
                shutdown_token = 1234567890\nsite_name = 7\n";
        let config = Case::new().file(text).load().unwrap();
        assert_eq!((config.port, config.cache_bytes), (16, 8 << 20));
        assert!(!config.dev_features && config.use_go_traffic);
        assert_eq!(config.shutdown_token.unwrap().expose(), "1234567890");
        assert_eq!(config.site_name, "7");
        assert!(config.file.is_some());
    }

    #[test]
    fn a_named_file_must_exist_and_the_default_one_need_not() {
        let mut case = Case::new().variable(CONFIG_ENVIRONMENT, "/nonexistent/a.toml");
        let error = only(case.errors());
        assert_eq!(error.source, "environment UNOC_CONFIG");
        assert_eq!((error.key.as_str(), error.value.as_str()), ("config", "/nonexistent/a.toml"));

        case.sources.config_file = Some(case.path("b.toml"));
        assert_eq!(only(case.errors()).source, "flag --config");
        fs::write(case.path("b.toml"), "port = 7").unwrap();
        assert_eq!(case.shown("port"), ("7".into(), "b.toml".into()));

        case.sources.config_file = Some(case.directory.path().to_owned());
        assert_eq!(only(case.errors()).key, "config");
        fs::write(case.path("b.toml"), vec![b'#'; 256 * 1024]).unwrap();
        case.sources.config_file = Some(case.path("b.toml"));
        assert!(only(case.errors()).hint.unwrap().contains("262144 bytes"));
        case.sources.config_file = Some(PathBuf::new());
        assert_eq!(only(case.errors()).source, "flag --config");
    }

    #[test]
    fn errors_of_syntax_have_a_place_and_quote_nothing() {
        let check = |text: &[u8], places: &[&str]| {
            let case = Case::new();
            fs::write(case.path("unoc.toml"), text).unwrap();
            let errors = case.errors();
            let file = case.path("unoc.toml").display().to_string();
            let found: Vec<_> =
                errors.iter().map(|error| error.source.strip_prefix(&file).unwrap()).collect();
            assert_eq!(found, places, "{errors:#?}");
            assert!(!format!("{errors:?}").contains(PASSWORD), "{errors:#?}");
        };
        let line = |text: &str| text.replace("PW", PASSWORD).into_bytes();
        check(b"port = 1\nhost = \n", &[":2:8"]);
        check(b"port = 1\nsite_name = \"\xFF\"\n", &[":2:14"]);
        check(b"port = 1\nport = 2\n", &[":2:1"]);
        check(&line("shutdown_token = PW\n"), &[":1:18"]);
        check(&line("shutdown_token = \"PW\n"), &[":1:34"]);
        check(&line("\nshutdown_token PW\n"), &[":2:16"]);
        check(&line("\u{e4} = 'PW'\nhost = 'x'\n"), &[":1:1", ":2"]);
        check(&line("shutdown_token = 'PW' 'PW'\nport = 'x'\n"), &[":1:36", ":2"]);
    }
}
