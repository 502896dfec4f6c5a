//! Values in PostgreSQL's binary formats.

use std::borrow::Cow;
use std::error::Error;

use bytes::{BufMut, BytesMut};
use postgres::types::{FromSql, IsNull, ToSql, Type};
use uuid::Uuid;

use crate::domain::Timestamp;
use crate::sql::{ColumnType, Value};

/// Microseconds from the epoch of [`Timestamp`], 1970-01-01, to PostgreSQL's, 2000-01-01
/// (PostgreSQL source, `POSTGRES_EPOCH_JDATE`).
const EPOCH_US: i64 = 946_684_800_000_000;

/// A statement's parameter: a value with its type in PostgreSQL.
pub struct Param<'a> {
    pub(super) value: Value<'a>,
    pub(super) pg_type: Type,
}

impl<'a> Param<'a> {
    /// A value of a column of this type, or NULL.
    pub fn of_column(value: Value<'a>, column: ColumnType) -> Self {
        Self { value, pg_type: type_of(column) }
    }
}

/// The type follows from the value. NULL has none and is sent as text: see [`Param::of_column`].
impl<'a> From<Value<'a>> for Param<'a> {
    fn from(value: Value<'a>) -> Self {
        let pg_type = match &value {
            Value::Null | Value::Text(_) => Type::TEXT,
            Value::Int(_) => Type::INT8,
            Value::Float(_) => Type::FLOAT8,
            Value::Bool(_) => Type::BOOL,
            Value::Time(_) => Type::TIMESTAMPTZ,
            Value::Ints(_) => Type::INT8_ARRAY,
            Value::Texts(_) => Type::TEXT_ARRAY,
            Value::Uuid(_) => Type::UUID,
            Value::Json(_) => Type::JSONB,
        };
        Self { value, pg_type }
    }
}

/// A column's type in PostgreSQL.
pub(super) const fn type_of(column: ColumnType) -> Type {
    match column {
        ColumnType::Int => Type::INT8,
        ColumnType::Float => Type::FLOAT8,
        ColumnType::Bool => Type::BOOL,
        ColumnType::Text => Type::TEXT,
        ColumnType::Timestamptz => Type::TIMESTAMPTZ,
        ColumnType::IntArray => Type::INT8_ARRAY,
        ColumnType::TextArray => Type::TEXT_ARRAY,
        ColumnType::Jsonb => Type::JSONB,
    }
}

type BoxedError = Box<dyn Error + Sync + Send>;

impl ToSql for Value<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, BoxedError> {
        match self {
            Self::Null => return Ok(IsNull::Yes),
            Self::Int(number) => out.put_i64(*number),
            Self::Float(number) => out.put_f64(*number),
            Self::Bool(flag) => out.put_u8((*flag).into()),
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
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, BoxedError> {
        Ok(match *ty {
            Type::INT8 => Self::Int(i64::from_sql(ty, raw)?),
            Type::FLOAT8 => Self::Float(f64::from_sql(ty, raw)?),
            Type::BOOL => Self::Bool(bool::from_sql(ty, raw)?),
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
                let text = raw.strip_prefix(&[1]).ok_or("unknown version of jsonb")?;
                Self::Json(std::str::from_utf8(text)?.to_owned())
            }
            _ => return Err(format!("unexpected column type {ty}").into()),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self, BoxedError> {
        Ok(Self::Null)
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}
