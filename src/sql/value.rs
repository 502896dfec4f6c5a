//! The values in rows.

use std::borrow::Cow;

use uuid::Uuid;

use crate::domain::Timestamp;

/// A value of a column type.
#[derive(Clone, Debug)]
pub enum Value<'a> {
    Null,
    Int(i64),
    Float(f64),
    Bool(bool),
    Text(Cow<'a, str>),
    Time(Timestamp),
    Ints(Vec<i64>),
    Texts(Vec<Cow<'a, str>>),
    Uuid(Uuid),
    /// Text of a JSON document.
    Json(String),
}

impl<'a> Value<'a> {
    pub fn text(text: &'a str) -> Self {
        Self::Text(without_nul(text))
    }

    pub fn opt_text(text: Option<&'a str>) -> Self {
        text.map_or(Self::Null, Self::text)
    }

    /// An id or a count.
    ///
    /// PostgreSQL has no unsigned type. Ids grow by one and stay far below the limit of `bigint`; a
    /// larger id from an import becomes the largest `bigint`.
    pub fn id(id: u64) -> Self {
        Self::Int(id_of(id))
    }

    pub fn opt_id(id: Option<u64>) -> Self {
        id.map_or(Self::Null, Self::id)
    }

    pub fn opt_time(time: Option<Timestamp>) -> Self {
        time.map_or(Self::Null, Self::Time)
    }

    pub fn texts(texts: impl Iterator<Item = &'a str>) -> Self {
        Self::Texts(texts.map(without_nul).collect())
    }

    pub fn opt_float(number: Option<f64>) -> Self {
        number.map_or(Self::Null, Self::Float)
    }
}

/// Returns an id as PostgreSQL's `bigint`.
pub fn id_of(id: u64) -> i64 {
    i64::try_from(id).unwrap_or(i64::MAX)
}

/// Replaces U+0000, which PostgreSQL's text cannot contain, with its visible symbol.
fn without_nul(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "\u{2400}").into() } else { text.into() }
}

/// Compares floats bit by bit: a value must come back exactly as it was sent.
impl PartialEq<Value<'_>> for Value<'_> {
    fn eq(&self, other: &Value<'_>) -> bool {
        match (self, other) {
            (Self::Null, Value::Null) => true,
            (Self::Int(a), Value::Int(b)) => a == b,
            (Self::Float(a), Value::Float(b)) => a.to_bits() == b.to_bits(),
            (Self::Bool(a), Value::Bool(b)) => a == b,
            (Self::Text(a), Value::Text(b)) => a == b,
            (Self::Time(a), Value::Time(b)) => a == b,
            (Self::Ints(a), Value::Ints(b)) => a == b,
            (Self::Texts(a), Value::Texts(b)) => a == b,
            (Self::Uuid(a), Value::Uuid(b)) => a == b,
            (Self::Json(a), Value::Json(b)) => a == b,
            _ => false,
        }
    }
}
