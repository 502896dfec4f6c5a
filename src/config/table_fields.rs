//! Tables of the file as JSON, read field by field so that all errors are found. Nothing is quoted.

use std::path::Path;

use serde_json::{Map, Value};

use super::rules::ValueError;
use super::secret::Secret;
use super::secret_file::read_secret;

/// Returns the tables of a JSON text; `None` for any other text.
pub(super) fn tables(text: &str) -> Result<Option<Vec<Value>>, ValueError> {
    if !text.trim_start().starts_with('[') {
        return Ok(None);
    }
    let parsed = serde_json::from_str(text);
    parsed.map(Some).map_err(|_| ValueError::secret("it is not valid JSON"))
}

/// Reads one table; its errors name its number.
pub(super) fn in_table<T>(
    number: usize,
    table: &Value,
    faults: &mut Vec<String>,
    read: impl Fn(&mut TableFields<'_>) -> Option<T>,
) -> Option<T> {
    let Some(table) = table.as_object() else {
        faults.push(format!("number {number}: write it as a table"));
        return None;
    };
    let mut fields =
        TableFields { place: format!("number {number}"), table, known: Vec::new(), faults };
    let value = read(&mut fields);
    fields.finish();
    value
}

/// The fields of a table, read one by one, so that all errors are found.
pub(super) struct TableFields<'a> {
    pub(super) place: String,
    pub(super) table: &'a Map<String, Value>,
    pub(super) known: Vec<&'static str>,
    pub(super) faults: &'a mut Vec<String>,
}

impl TableFields<'_> {
    pub(super) fn fault(&mut self, what: &str) {
        self.faults.push(format!("{}: {what}", self.place));
    }

    pub(super) fn text(&mut self, name: &'static str) -> Option<String> {
        self.known.push(name);
        let value = self.table.get(name)?;
        let text = value.as_str().map(str::trim).filter(|text| !text.is_empty());
        if text.is_none() {
            self.fault(&format!("{name} is not a text"));
        }
        text.map(str::to_owned)
    }

    /// A text, or the content of the file that `{name}_file` names.
    pub(super) fn secret(&mut self, name: &'static str, file: &'static str) -> Option<Secret> {
        let (value, path) = (self.text(name), self.text(file));
        match (value, path) {
            (Some(_), Some(_)) => {
                self.fault(&format!("set {name} or {file}, not both"));
                None
            }
            (Some(value), None) => Some(Secret::new(&value)),
            (None, Some(path)) => match read_secret(Path::new(&path)) {
                Ok(secret) => Some(Secret::new(secret.trim())),
                Err(error) => {
                    self.fault(&format!("{file}: {error}"));
                    None
                }
            },
            (None, None) => None,
        }
    }

    pub(super) fn texts(&mut self, name: &'static str) -> Option<Vec<String>> {
        self.known.push(name);
        let value = self.table.get(name)?;
        let items = value.as_array().map(|items| {
            items.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
        });
        let texts = items.flatten();
        if texts.is_none() {
            self.fault(&format!("{name} is not a list of texts"));
        }
        texts
    }

    pub(super) fn words(
        &mut self,
        name: &'static str,
        all: &[&'static str],
    ) -> Option<Vec<&'static str>> {
        let texts = self.texts(name)?;
        let word = |text: &String| all.iter().copied().find(|word| *word == text);
        let words: Option<Vec<_>> = texts.iter().map(word).collect();
        if words.is_none() {
            self.fault(&format!("{name} takes {}", all.join(", ")));
        }
        words
    }

    pub(super) fn finish(mut self) {
        let unknown = self.table.keys().filter(|name| !self.known.contains(&name.as_str())).count();
        if unknown > 0 {
            let known = self.known.join(", ");
            self.fault(&format!("it has an unknown key; known are {known}"));
        }
    }
}
