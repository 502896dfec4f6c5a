//! What is wrong with a configuration, in words for the operator.

use std::fmt;
use std::path::Path;

use serde::Serialize;

use super::keys::Key;
use super::layers::{self, Setting};
use super::rules::Refused;
use super::secret::MASK;

/// Longest piece of a value that a fault quotes.
const QUOTED_CHARS_MAX: usize = 80;

/// Longest unknown name that is compared with the known ones; the longest known one has 20
/// characters, and the comparison takes the product of both lengths.
const COMPARED_CHARS_MAX: usize = 64;

/// All faults of a configuration, at least one.
#[derive(Debug, Serialize, thiserror::Error)]
#[error("{}", lines(.0))]
pub struct Faults(pub Vec<Fault>);

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// [`Key::name`], an unknown name as it was written, or `config` for the file itself.
    pub key: String,
    /// The value, shortened and without control characters; `***` if it is or may be a secret.
    pub value: String,
    /// Where it was given; in a file with the line, `/etc/unoc/unoc.toml:3`.
    pub source: String,
    /// What a value may be.
    pub allowed: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl fmt::Display for Fault {
    /// One line: `port = "x" (flag --port): expected 0-65535, 0 = any free port; hint`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, value, source, allowed, hint } = self;
        write!(f, "{key} = \"{value}\" ({source}): expected {allowed}")?;
        hint.as_ref().map_or(Ok(()), |hint| write!(f, "; {hint}"))
    }
}

impl Fault {
    /// The value of `setting` breaks its key's rule.
    pub(super) fn refused(setting: &Setting, refused: Refused) -> Self {
        let Setting { key, text, source, line } = setting;
        let variable = source.strip_prefix("environment ").unwrap_or_default();
        let link = (!variable.is_empty()).then(|| layers::service_link_hint(variable, text));
        Self {
            key: key.name.to_owned(),
            value: if refused.is_secret { MASK.to_owned() } else { shown_value(key, text) },
            source: line.map_or_else(|| source.clone(), |line| format!("{source}:{line}")),
            allowed: key.allowed.to_owned(),
            hint: link.flatten().or(refused.hint),
        }
    }

    /// No key is called `name`. Its value is not quoted: it may be a secret under a misspelt name.
    pub(super) fn unknown(name: &str, source: &str, hint: Option<String>) -> Self {
        Self {
            key: quoted(name),
            value: MASK.to_owned(),
            source: source.to_owned(),
            allowed: "a known name, see `unoc config show`".to_owned(),
            hint,
        }
    }

    /// A secret is given both by value and by file.
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
    pub(super) fn config_file(path: &Path, source: &str, problem: &std::io::Error) -> Self {
        Self {
            key: "config".to_owned(),
            value: quoted(&path.to_string_lossy()),
            source: source.to_owned(),
            allowed: "a readable TOML file".to_owned(),
            hint: Some(problem.to_string()),
        }
    }

    /// The configuration file is no TOML; `problem` must not quote it.
    pub(super) fn syntax(path: &Path, line: usize, column: usize, problem: &str) -> Self {
        Self {
            key: "config".to_owned(),
            value: quoted(&path.to_string_lossy()),
            source: format!("{}:{line}:{column}", path.display()),
            allowed: "TOML, one `key = value` a line".to_owned(),
            hint: Some(format!("line {line}, column {column}: {problem}")),
        }
    }
}

/// Returns what a fault quotes of a key's value. Where the path of a secret's file belongs,
/// anything else is taken for the secret itself.
fn shown_value(key: &Key, text: &str) -> String {
    let is_misplaced_secret = layers::secret_of(key).is_some() && !text.starts_with('/');
    if key.secret || is_misplaced_secret { MASK.to_owned() } else { quoted(text) }
}

/// Returns `text` short enough for a line and free of control characters.
fn quoted(text: &str) -> String {
    let mut chars = text.chars();
    let start: String = chars.by_ref().take(QUOTED_CHARS_MAX).collect();
    let rest = if chars.next().is_some() { "…" } else { "" };
    format!("{}{rest}", start.escape_debug())
}

fn lines(faults: &[Fault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

pub(super) fn did_you_mean(name: &str) -> String {
    format!("did you mean {name}?")
}

/// Returns the known name nearest to `unknown`, if it is near enough to be meant: apart by at most
/// a third of the letters, and two are always forgiven. Case and dashes do not count.
pub(super) fn nearest<'a>(unknown: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let letters = |name: &str| name.to_lowercase().replace('-', "_").chars().collect::<Vec<_>>();
    let unknown = letters(unknown);
    if unknown.len() > COMPARED_CHARS_MAX {
        return None;
    }
    let distance_max = (unknown.len() / 3).max(2);
    known
        .map(|name| (edit_distance(&unknown, &letters(name)), name))
        .filter(|(distance, _)| *distance <= distance_max)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// Returns how many insertions, removals, replacements and swaps of neighbours make `a` into `b`
/// (the optimal string alignment distance).
fn edit_distance(a: &[char], b: &[char]) -> usize {
    // Three rows of the table: for two, one and no letters of `a` before the present one.
    let mut older = vec![0; b.len() + 1];
    let mut old: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut new = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let replaced = old[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            new[j] = replaced.min(old[j] + 1).min(new[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                new[j] = new[j].min(older[j - 2] + 1);
            }
        }
        older = std::mem::replace(&mut old, new);
    }
    old[b.len()]
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Case, only};

    #[test]
    fn unknown_names_get_a_hint() {
        let check = |case: Case, expected: Option<&str>| {
            let fault = only(case.faults());
            assert_eq!(fault.value, "***");
            assert_eq!(fault.hint.as_deref(), expected, "{fault}");
        };
        let file = |text: &str| Case::new().file(text);
        check(file("data-dir = '/x'"), Some("did you mean data_dir?"));
        check(file("dev_feature = 1"), Some("did you mean dev_features?"));
        check(file("DATABASE_URL = ''"), Some("did you mean database_url?"));
        check(file("UNOC_PORT = 1"), Some("did you mean port?"));
        check(file("zzzzzz = 1"), None);
        check(file("[server]\nport = 1"), Some("the file is flat: it has keys, no [table]"));
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
