//! The parts of systemd's unit files that say with what settings the service runs (systemd.syntax(7),
//! systemd.exec(5)).

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Where units are, the first place overriding the others (systemd.unit(5)).
const UNIT_PATHS: [&str; 5] = [
    "etc/systemd/system",
    "run/systemd/system",
    "usr/local/lib/systemd/system",
    "usr/lib/systemd/system",
    "lib/systemd/system",
];

/// The lines of the section `[Service]`, of the unit and then of its drop-ins.
pub(super) struct ServiceUnit {
    lines: Vec<(String, String)>,
}

impl ServiceUnit {
    /// Reads a unit below `root`. Returns `None` if there is none, or if it cannot be read.
    pub(super) fn read(root: &Path, name: &str) -> Option<Self> {
        let paths = || UNIT_PATHS.iter().map(|path| root.join(path));
        let unit = paths().find_map(|path| fs::read_to_string(path.join(name)).ok())?;
        let mut drop_ins: BTreeMap<String, PathBuf> = BTreeMap::new();
        for directory in paths().map(|path| path.join(format!("{name}.d"))) {
            for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
                let file = entry.file_name().to_string_lossy().into_owned();
                if file.ends_with(".conf") {
                    drop_ins.entry(file).or_insert_with(|| entry.path());
                }
            }
        }
        let mut lines = service_lines(&unit);
        for path in drop_ins.values() {
            lines.extend(service_lines(&fs::read_to_string(path).unwrap_or_default()));
        }
        Some(Self { lines })
    }

    /// Returns every value of a key; an empty one discards those before it.
    pub(super) fn values(&self, key: &str) -> Vec<&str> {
        let mut values = Vec::new();
        for (_, value) in self.lines.iter().filter(|(name, _)| name == key) {
            match value.is_empty() {
                true => values.clear(),
                false => values.push(value.as_str()),
            }
        }
        values
    }

    /// Returns the last value of a key.
    pub(super) fn value(&self, key: &str) -> Option<&str> {
        self.values(key).pop()
    }
}

/// Returns the assignments of one `Environment=`: words of `NAME=value`, with `%%` for a percent sign.
pub(super) fn environment(value: &str) -> Vec<(String, String)> {
    let assignment = |word: String| {
        let (name, value) = word.split_once('=')?;
        Some((name.to_owned(), value.replace("%%", "%")))
    };
    words(value).into_iter().filter_map(assignment).collect()
}

/// Returns the assignments of a file that `EnvironmentFile=` names.
pub(super) fn environment_file(text: &str) -> Vec<(String, String)> {
    let assignment = |line: String| {
        let line = line.trim();
        if line.starts_with(['#', ';']) {
            return None;
        }
        let (name, value) = line.split_once('=')?;
        Some((name.trim().to_owned(), unquoted(value.trim())))
    };
    joined_lines(text).into_iter().filter_map(assignment).collect()
}

fn service_lines(text: &str) -> Vec<(String, String)> {
    let mut is_service = false;
    let mut lines = Vec::new();
    for line in joined_lines(text) {
        let line = line.trim();
        if line.starts_with('[') {
            is_service = line == "[Service]";
        } else if is_service && !line.starts_with(['#', ';']) {
            let pair = line.split_once('=');
            lines.extend(pair.map(|(name, value)| (name.trim().into(), value.trim().into())));
        }
    }
    lines
}

/// Joins each line that ends in a backslash with the next one.
fn joined_lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut begun = String::new();
    for line in text.lines() {
        match line.strip_suffix('\\') {
            Some(part) => {
                begun.push_str(part);
                begun.push(' ');
            }
            None => lines.push(std::mem::take(&mut begun) + line),
        }
    }
    lines.push(begun);
    lines
}

/// Splits at blanks outside of quotes; a backslash makes the next character a plain one.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, quote) {
            ('\\', _) => word.get_or_insert_default().extend(chars.next()),
            (c, Some(open)) if c == open => quote = None,
            ('"' | '\'', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (c, None) if c.is_whitespace() => words.extend(word.take()),
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// Returns a value of an environment file without its quotes.
fn unquoted(value: &str) -> String {
    let inside = |quote| value.strip_prefix(quote).and_then(|it: &str| it.strip_suffix(quote));
    if let Some(literal) = inside('\'') {
        return literal.to_owned();
    }
    let mut plain = String::new();
    let mut chars = inside('"').unwrap_or(value).chars();
    while let Some(c) = chars.next() {
        plain.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_read_with_its_drop_ins() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        assert!(ServiceUnit::read(root.path(), "unoc.service").is_none());
        write(
            "usr/lib/systemd/system/unoc.service",
            "[Unit]\nUser=no\n[Service]\n# User=x\nUser = unoc\nEnvironment=A=1\nExecStart=/usr/bin/unoc \\\n  serve\n",
        );
        write("usr/lib/systemd/system/unoc.service.d/10.conf", "[Service]\nGroup=hidden\n");
        write("etc/systemd/system/unoc.service.d/20.conf", "[Service]\nEnvironment=B=2\n");
        write("etc/systemd/system/unoc.service.d/10.conf", "[Service]\nEnvironment=\n");
        write("etc/systemd/system/unoc.service.d/readme", "[Service]\nUser=readme\n");
        let unit = ServiceUnit::read(root.path(), "unoc.service").unwrap();
        assert_eq!(unit.value("User"), Some("unoc"));
        assert_eq!(unit.value("Group"), None);
        assert_eq!(unit.values("Environment"), ["B=2"]);
        assert_eq!(unit.value("ExecStart"), Some("/usr/bin/unoc    serve"));
    }

    #[test]
    fn assignments_are_read_as_systemd_reads_them() {
        let pairs = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
        };
        assert_eq!(
            environment(r#"A=1 "B=two words" C='x y' D=50%% E= nothing F=a\ b"#),
            pairs(&[
                ("A", "1"),
                ("B", "two words"),
                ("C", "x y"),
                ("D", "50%"),
                ("E", ""),
                ("F", "a b")
            ]),
        );
        assert_eq!(
            environment_file(
                "# A=0\n;B=0\n\nA = one two \nB=\"x \\\" y\"\nC='a\\b'\nD=1\\\n2\nE\n"
            ),
            pairs(&[("A", "one two"), ("B", "x \" y"), ("C", "a\\b"), ("D", "1 2")]),
        );
    }
}
