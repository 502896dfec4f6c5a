//! Reading the fields of an object and collecting what is wrong with them.

use serde_json::{Map, Value};

use super::error::{FAULTS_MAX, Fault};
use super::parse::{Parsed, Problem};

/// A request body, or part of one, that can be read field by field.
pub(crate) trait FromFields: Sized {
    /// Largest accepted body in bytes: more than any honest one of this kind.
    const BODY_BYTES_MAX: usize = 64 * 1024;

    /// Reads all fields. `None` only after a fault was recorded.
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self>;
}

/// The fields of one object and its place in the request.
pub(crate) struct Fields<'a> {
    object: &'a Map<String, Value>,
    place: Vec<Value>,
    faults: &'a mut Vec<Fault>,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(
        object: &'a Map<String, Value>,
        place: Vec<Value>,
        faults: &'a mut Vec<Fault>,
    ) -> Self {
        Self { object, place, faults }
    }

    /// A field that must be there.
    pub(crate) fn required<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&Value) -> Parsed<T>,
    ) -> Option<T> {
        match self.object.get(key) {
            Some(value) => self.parsed(key, value, parse),
            None => {
                self.missing(key);
                None
            }
        }
    }

    /// A field that may be absent or null.
    pub(crate) fn optional<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&Value) -> Parsed<T>,
    ) -> Option<T> {
        self.nullable(key, parse).flatten()
    }

    /// A field that may be absent (`None`) or null (`Some(None)`).
    pub(crate) fn nullable<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&Value) -> Parsed<T>,
    ) -> Option<Option<T>> {
        match self.object.get(key)? {
            Value::Null => Some(None),
            value => self.parsed(key, value, parse).map(Some),
        }
    }

    /// A field that may be absent but not null.
    pub(crate) fn present<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&Value) -> Parsed<T>,
    ) -> Option<T> {
        let value = self.object.get(key)?;
        self.parsed(key, value, parse)
    }

    /// A list of objects, each read on its own; all their faults are recorded.
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
            self.fault(key, value, problem("list_type", "Input should be a valid list".to_owned()));
            return None;
        };
        if rows.len() > max {
            let msg = format!("List should have at most {max} items, not {}", rows.len());
            self.fault(key, &Value::from(rows.len()), problem("too_long", msg));
            return None;
        }
        let mut read = Vec::with_capacity(rows.len());
        for (index, row) in rows.iter().enumerate() {
            let mut place = self.place.clone();
            place.extend([Value::from(key), Value::from(index)]);
            let Value::Object(object) = row else {
                let Problem { kind, msg, .. } = not_an_object();
                push(self.faults, Fault { kind, loc: place, msg, input: row.clone(), ctx: None });
                continue;
            };
            read.extend(T::from_fields(&mut Fields { object, place, faults: self.faults }));
        }
        Some(read)
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.object.contains_key(key)
    }

    fn missing(&mut self, key: &'static str) {
        let input = Value::Object(self.object.clone());
        self.fault(key, &input, problem("missing", "Field required".to_owned()));
    }

    fn parsed<T>(
        &mut self,
        key: &'static str,
        value: &Value,
        parse: impl Fn(&Value) -> Parsed<T>,
    ) -> Option<T> {
        match parse(value) {
            Ok(parsed) => Some(parsed),
            Err(problem) => {
                self.fault(key, value, problem);
                None
            }
        }
    }

    fn fault(&mut self, key: &'static str, input: &Value, problem: Problem) {
        let mut loc = self.place.clone();
        loc.push(key.into());
        let Problem { kind, msg, ctx } = problem;
        push(self.faults, Fault { kind, loc, msg, input: input.clone(), ctx });
    }
}

pub(crate) fn not_an_object() -> Problem {
    let msg = "Input should be a valid dictionary or object to extract fields from".to_owned();
    problem("model_attributes_type", msg)
}

fn problem(kind: &'static str, msg: String) -> Problem {
    Problem { kind, msg, ctx: None }
}

fn push(faults: &mut Vec<Fault>, fault: Fault) {
    if faults.len() < FAULTS_MAX {
        faults.push(fault.bounded());
    }
}
