//! Reading the values of a row one after another.

use super::{Table, Value};
use crate::domain::{Name, Override, OverrideReason, Status, Timestamp};

/// A row in PostgreSQL that holds what this program does not write.
#[derive(Debug, thiserror::Error)]
#[error("table {table}, id {id}: column {column} {what}")]
pub struct RowFault {
    table: &'static str,
    id: i64,
    column: &'static str,
    what: String,
}

/// Takes values in the order of the columns.
pub(super) struct Reader<'a> {
    table: &'static Table,
    row: &'a [Value<'a>],
    next: usize,
}

type Read<T> = Result<T, RowFault>;

impl<'a> Reader<'a> {
    pub(super) fn new(table: &'static Table, row: &'a [Value<'a>]) -> Self {
        Self { table, row, next: 0 }
    }

    /// A fault of the column read last.
    pub(super) fn fault(&self, what: impl Into<String>) -> RowFault {
        let id = match self.row.first() {
            Some(Value::Int(id)) => *id,
            _ => 0,
        };
        let column = self.table.columns[self.next.saturating_sub(1)].0;
        RowFault { table: self.table.name, id, column, what: what.into() }
    }

    fn take(&mut self) -> &'a Value<'a> {
        let value = self.row.get(self.next).unwrap_or(&Value::Null);
        self.next += 1;
        value
    }

    pub(super) fn opt_id(&mut self) -> Read<Option<u64>> {
        match self.take() {
            Value::Null => Ok(None),
            Value::Int(id) => u64::try_from(*id).map(Some).map_err(|_| self.fault("is negative")),
            other => Err(self.wrong(other)),
        }
    }

    pub(super) fn id(&mut self) -> Read<u64> {
        self.opt_id()?.ok_or_else(|| self.fault("is null"))
    }

    pub(super) fn opt_float(&mut self) -> Read<Option<f64>> {
        match self.take() {
            Value::Null => Ok(None),
            Value::Float(number) if number.is_finite() => Ok(Some(*number)),
            Value::Float(_) => Err(self.fault("is not a finite number")),
            other => Err(self.wrong(other)),
        }
    }

    pub(super) fn float(&mut self) -> Read<f64> {
        self.opt_float()?.ok_or_else(|| self.fault("is null"))
    }

    pub(super) fn opt_text(&mut self) -> Read<Option<&'a str>> {
        match self.take() {
            Value::Null => Ok(None),
            Value::Text(text) => Ok(Some(text)),
            other => Err(self.wrong(other)),
        }
    }

    pub(super) fn text(&mut self) -> Read<&'a str> {
        self.opt_text()?.ok_or_else(|| self.fault("is null"))
    }

    /// Text of a JSON document.
    pub(super) fn json(&mut self) -> Read<&'a str> {
        match self.take() {
            Value::Json(text) => Ok(text),
            other => Err(self.wrong(other)),
        }
    }

    pub(super) fn name(&mut self) -> Read<Name> {
        let text = self.text()?;
        Name::stored(text).map_err(|fault| self.fault(format!("is no name: {fault}")))
    }

    pub(super) fn time(&mut self) -> Read<Timestamp> {
        match self.take() {
            Value::Time(time) => Ok(*time),
            other => Err(self.wrong(other)),
        }
    }

    pub(super) fn ids(&mut self) -> Read<Vec<u64>> {
        match self.take() {
            Value::Ints(ids) => ids
                .iter()
                .map(|id| u64::try_from(*id).map_err(|_| self.fault("is negative")))
                .collect(),
            other => Err(self.wrong(other)),
        }
    }

    pub(super) fn texts(&mut self) -> Read<&'a [std::borrow::Cow<'a, str>]> {
        match self.take() {
            Value::Texts(texts) => Ok(texts),
            other => Err(self.wrong(other)),
        }
    }

    /// A word of a closed vocabulary, or null.
    pub(super) fn opt_word<T>(&mut self, parse: impl Fn(&str) -> Option<T>) -> Read<Option<T>> {
        match self.opt_text()? {
            None => Ok(None),
            Some(word) => parse(word).map(Some).ok_or_else(|| self.fault(format!("says {word:?}"))),
        }
    }

    /// A word of a closed vocabulary.
    pub(super) fn word<T>(&mut self, parse: impl Fn(&str) -> Option<T>) -> Read<T> {
        self.opt_word(parse)?.ok_or_else(|| self.fault("is null"))
    }

    /// An override from its two columns, status and reason.
    pub(super) fn status_override(&mut self) -> Read<Option<Override>> {
        let status = self.opt_word(Status::parse)?;
        let reason = self.opt_text()?.map(OverrideReason::new).transpose();
        let reason = reason.map_err(|fault| self.fault(fault.to_string()))?;
        Ok(status.map(|status| Override { status, reason }))
    }

    fn wrong(&self, value: &Value<'_>) -> RowFault {
        let what = match value {
            Value::Null => "is null",
            _ => "has another type",
        };
        self.fault(what)
    }
}
