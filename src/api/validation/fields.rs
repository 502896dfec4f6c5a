//! Reading the fields of an object and collecting their errors.

use serde_json::{Map, Value};

use super::error::{ERRORS_MAX, FieldError};
use super::parse::ParseError;

/// A request body, or part of one, that can be read field by field.
pub(crate) trait FromFields: Sized {
    /// Largest accepted body in bytes, more than any valid body of this kind.
    const BODY_BYTES_MAX: usize = 64 * 1024;
    /// Whether it has a password or a code, which no error may quote.
    const HAS_SECRETS: bool = false;

    /// Reads all fields. Returns `None` only after an error was recorded.
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self>;
}

/// The fields of one object and its place in the request.
pub(crate) struct Fields<'a> {
    object: &'a Map<String, Value>,
    place: Vec<Value>,
    errors: &'a mut Vec<FieldError>,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(
        object: &'a Map<String, Value>,
        place: Vec<Value>,
        errors: &'a mut Vec<FieldError>,
    ) -> Self {
        Self { object, place, errors }
    }

    /// Reads a field that must be present.
    pub(crate) fn required<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&Value) -> Result<T, ParseError>,
    ) -> Option<T> {
        match self.object.get(key) {
            Some(value) => self.parsed(key, value, parse),
            None => {
                self.missing(key);
                None
            }
        }
    }

    /// Reads a field that may be absent or null.
    pub(crate) fn optional<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&Value) -> Result<T, ParseError>,
    ) -> Option<T> {
        self.nullable(key, parse).flatten()
    }

    /// Reads a field that may be absent (`None`) or null (`Some(None)`).
    pub(crate) fn nullable<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&Value) -> Result<T, ParseError>,
    ) -> Option<Option<T>> {
        match self.object.get(key)? {
            Value::Null => Some(None),
            value => self.parsed(key, value, parse).map(Some),
        }
    }

    /// Reads a field that may be absent but not null.
    pub(crate) fn present<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&Value) -> Result<T, ParseError>,
    ) -> Option<T> {
        let value = self.object.get(key)?;
        self.parsed(key, value, parse)
    }

    /// Reads an object that may be absent (`None`) or null (`Some(None)`).
    pub(crate) fn nullable_object<T: FromFields>(
        &mut self,
        key: &'static str,
    ) -> Option<Option<T>> {
        let object = match self.object.get(key)? {
            Value::Null => return Some(None),
            Value::Object(object) => object,
            value => {
                self.error(key, value, not_an_object());
                return None;
            }
        };
        let mut place = self.place.clone();
        place.push(Value::from(key));
        T::from_fields(&mut Fields { object, place, errors: self.errors }).map(Some)
    }

    /// Reads a list of objects and records the errors of each.
    pub(crate) fn objects<T: FromFields>(
        &mut self,
        key: &'static str,
        max: usize,
    ) -> Option<Vec<T>> {
        let Some(value) = self.object.get(key) else {
            self.missing(key);
            return None;
        };
        let Value::Array(rows) = value else {
            self.error(
                key,
                value,
                parse_error("list_type", "Input should be a valid list".to_owned()),
            );
            return None;
        };
        if rows.len() > max {
            let msg = format!("List should have at most {max} items, not {}", rows.len());
            self.error(key, &Value::from(rows.len()), parse_error("too_long", msg));
            return None;
        }
        let mut read = Vec::with_capacity(rows.len());
        for (index, row) in rows.iter().enumerate() {
            let mut place = self.place.clone();
            place.extend([Value::from(key), Value::from(index)]);
            let Value::Object(object) = row else {
                let ParseError { kind, msg, .. } = not_an_object();
                push(
                    self.errors,
                    FieldError { kind, loc: place, msg, input: row.clone(), ctx: None },
                );
                continue;
            };
            read.extend(T::from_fields(&mut Fields { object, place, errors: self.errors }));
        }
        Some(read)
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.object.contains_key(key)
    }

    /// Records an error for each field that is none of these.
    pub(crate) fn refuse_others(&mut self, known: &[&str]) {
        let object = self.object;
        for (key, value) in object.iter().filter(|(key, _)| !known.contains(&key.as_str())) {
            let msg = "Extra inputs are not permitted".to_owned();
            self.error(key, value, parse_error("extra_forbidden", msg));
        }
    }

    /// Whether the field is present and not null.
    pub(crate) fn has_value(&self, key: &str) -> bool {
        self.object.get(key).is_some_and(|value| !value.is_null())
    }

    pub(crate) fn missing(&mut self, key: &'static str) {
        let input = Value::Object(self.object.clone());
        self.error(key, &input, parse_error("missing", "Field required".to_owned()));
    }

    fn parsed<T>(
        &mut self,
        key: &'static str,
        value: &Value,
        parse: impl Fn(&Value) -> Result<T, ParseError>,
    ) -> Option<T> {
        match parse(value) {
            Ok(parsed) => Some(parsed),
            Err(error) => {
                self.error(key, value, error);
                None
            }
        }
    }

    fn error(&mut self, key: &str, input: &Value, error: ParseError) {
        let mut loc = self.place.clone();
        loc.push(key.into());
        let ParseError { kind, msg, ctx } = error;
        push(self.errors, FieldError { kind, loc, msg, input: input.clone(), ctx });
    }
}

pub(crate) fn not_an_object() -> ParseError {
    let msg = "Input should be a valid dictionary or object to extract fields from".to_owned();
    parse_error("model_attributes_type", msg)
}

fn parse_error(kind: &'static str, msg: String) -> ParseError {
    ParseError { kind, msg, ctx: None }
}

fn push(errors: &mut Vec<FieldError>, error: FieldError) {
    if errors.len() < ERRORS_MAX {
        errors.push(error.bounded());
    }
}
