//! One value of a row: how it travels to PostgreSQL and back, and when two are the same.

use std::borrow::Cow;
use std::error::Error;

use bytes::{BufMut, BytesMut};
use postgres::types::{FromSql, IsNull, ToSql, Type};
use uuid::Uuid;

use crate::domain::Timestamp;

/// Between PostgreSQL's epoch, 2000-01-01, and that of [`Timestamp`], 1970-01-01
/// (PostgreSQL source, `POSTGRES_EPOCH_JDATE`).
const EPOCH_US: i64 = 946_684_800_000_000;

/// A value in a type that the mirror's tables use.
#[derive(Clone, Debug)]
pub(in crate::sync) enum Value<'a> {
    Null,
    Int(i64),
    Float(f64),
    Text(Cow<'a, str>),
    Time(Timestamp),
    Ints(Vec<i64>),
    Texts(Vec<Cow<'a, str>>),
    Uuid(Uuid),
    /// Text of a JSON document.
    Json(String),
}

impl<'a> Value<'a> {
    pub(in crate::sync) fn text(text: &'a str) -> Self {
        Self::Text(without_nul(text))
    }

    pub(in crate::sync) fn opt_text(text: Option<&'a str>) -> Self {
        text.map_or(Self::Null, Self::text)
    }

    /// An id or a count.
    ///
    /// PostgreSQL has no unsigned type. Ids grow by one; none comes near the end of this one, and
    /// what an import brought beyond it is kept in order at the end.
    pub(in crate::sync) fn id(id: u64) -> Self {
        Self::Int(id_of(id))
    }

    pub(in crate::sync) fn opt_id(id: Option<u64>) -> Self {
        id.map_or(Self::Null, Self::id)
    }

    pub(in crate::sync) fn opt_float(number: Option<f64>) -> Self {
        number.map_or(Self::Null, Self::Float)
    }
}

/// An id as PostgreSQL's `bigint`.
pub(in crate::sync) fn id_of(id: u64) -> i64 {
    i64::try_from(id).unwrap_or(i64::MAX)
}

/// PostgreSQL's text cannot hold U+0000: its visible stand-in is written instead.
fn without_nul(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "\u{2400}").into() } else { text.into() }
}

/// Bit for bit for floats: what left must be what came back.
impl PartialEq<Value<'_>> for Value<'_> {
    fn eq(&self, other: &Value<'_>) -> bool {
        match (self, other) {
            (Self::Null, Value::Null) => true,
            (Self::Int(a), Value::Int(b)) => a == b,
            (Self::Float(a), Value::Float(b)) => a.to_bits() == b.to_bits(),
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

type Failed = Box<dyn Error + Sync + Send>;

impl ToSql for Value<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Failed> {
        match self {
            Self::Null => return Ok(IsNull::Yes),
            Self::Int(number) => out.put_i64(*number),
            Self::Float(number) => out.put_f64(*number),
            Self::Text(text) => out.put_slice(text.as_bytes()),
            Self::Time(time) => out.put_i64(time.0 - EPOCH_US),
            Self::Ints(numbers) => return numbers.to_sql(ty, out),
            Self::Texts(texts) => return texts.to_sql(ty, out),
            Self::Uuid(id) => out.put_slice(id.as_bytes()),
            Self::Json(text) => {
                // Binary jsonb: a version byte, then the text (PostgreSQL source, `jsonb_recv`).
                out.put_u8(1);
                out.put_slice(text.as_bytes());
            }
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    postgres::types::to_sql_checked!();
}

impl<'a> FromSql<'a> for Value<'a> {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Failed> {
        Ok(match *ty {
            Type::INT8 => Self::Int(i64::from_sql(ty, raw)?),
            Type::FLOAT8 => Self::Float(f64::from_sql(ty, raw)?),
            Type::TEXT => Self::Text(<&str>::from_sql(ty, raw)?.into()),
            Type::TIMESTAMPTZ => {
                let since_epoch = i64::from_be_bytes(raw.try_into()?);
                Self::Time(Timestamp(since_epoch.saturating_add(EPOCH_US)))
            }
            Type::INT8_ARRAY => Self::Ints(Vec::from_sql(ty, raw)?),
            Type::TEXT_ARRAY => {
                Self::Texts(Vec::<&str>::from_sql(ty, raw)?.into_iter().map(Cow::from).collect())
            }
            Type::UUID => Self::Uuid(Uuid::from_sql(ty, raw)?),
            Type::JSONB => {
                let text = raw.strip_prefix(&[1]).ok_or("another version of jsonb")?;
                Self::Json(std::str::from_utf8(text)?.to_owned())
            }
            _ => return Err(format!("a column of the unexpected type {ty}").into()),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self, Failed> {
        Ok(Self::Null)
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}
