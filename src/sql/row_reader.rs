//! Reading the values of a row one after another.

use super::{Table, Value};
use crate::domain::{Lifecycle, Name, Override, OverrideReason, Status, Timestamp};

/// A row in PostgreSQL with a value that this program does not write.
#[derive(Debug, thiserror::Error)]
#[error("table {table}, id {id}: column {column} {what}")]
pub struct RowError {
    table: &'static str,
    id: i64,
    column: &'static str,
    what: String,
}

/// Reads the values of a row in the order of the columns.
pub(super) struct RowReader<'a> {
    table: &'static Table,
    row: &'a [Value<'a>],
    next: usize,
}

type RowResult<T> = Result<T, RowError>;

impl<'a> RowReader<'a> {
    pub(super) fn new(table: &'static Table, row: &'a [Value<'a>]) -> Self {
        Self { table, row, next: 0 }
    }

    /// Returns an error of the column that was read last.
    pub(super) fn error(&self, what: impl Into<String>) -> RowError {
        let id = match self.row.first() {
            Some(Value::Int(id)) => *id,
            _ => 0,
        };
        let column = self.table.columns[self.next.saturating_sub(1)].0;
        RowError { table: self.table.name, id, column, what: what.into() }
    }

    fn take(&mut self) -> &'a Value<'a> {
        let value = self.row.get(self.next).unwrap_or(&Value::Null);
        self.next += 1;
        value
    }

    pub(super) fn opt_id(&mut self) -> RowResult<Option<u64>> {
        match self.take() {
            Value::Null => Ok(None),
            Value::Int(id) => u64::try_from(*id).map(Some).map_err(|_| self.error("is negative")),
            other => Err(self.wrong(other)),
        }
    }

    pub(super) fn id(&mut self) -> RowResult<u64> {
        self.opt_id()?.ok_or_else(|| self.error("is null"))
    }

    pub(super) fn opt_float(&mut self) -> RowResult<Option<f64>> {
        match self.take() {
            Value::Null => Ok(None),
            Value::Float(number) if number.is_finite() => Ok(Some(*number)),
            Value::Float(_) => Err(self.error("is not a finite number")),
            other => Err(self.wrong(other)),
        }
    }

    pub(super) fn float(&mut self) -> RowResult<f64> {
        self.opt_float()?.ok_or_else(|| self.error("is null"))
    }

    pub(super) fn opt_text(&mut self) -> RowResult<Option<&'a str>> {
        match self.take() {
            Value::Null => Ok(None),
            Value::Text(text) => Ok(Some(text)),
            other => Err(self.wrong(other)),
        }
    }

    pub(super) fn text(&mut self) -> RowResult<&'a str> {
        self.opt_text()?.ok_or_else(|| self.error("is null"))
    }

    /// The text of a JSON document.
    pub(super) fn json(&mut self) -> RowResult<&'a str> {
        match self.take() {
            Value::Json(text) => Ok(text),
            other => Err(self.wrong(other)),
        }
    }

    pub(super) fn name(&mut self) -> RowResult<Name> {
        let text = self.text()?;
        Name::stored(text).map_err(|error| self.error(format!("is not a name: {error}")))
    }

    pub(super) fn time(&mut self) -> RowResult<Timestamp> {
        match self.take() {
            Value::Time(time) => Ok(*time),
            other => Err(self.wrong(other)),
        }
    }

    pub(super) fn opt_time(&mut self) -> RowResult<Option<Timestamp>> {
        match self.take() {
            Value::Null => Ok(None),
            Value::Time(time) => Ok(Some(*time)),
            other => Err(self.wrong(other)),
        }
    }

    /// A flag; null is false.
    pub(super) fn flag(&mut self) -> RowResult<bool> {
        match self.take() {
            Value::Null => Ok(false),
            Value::Bool(flag) => Ok(*flag),
            other => Err(self.wrong(other)),
        }
    }

    pub(super) fn ids(&mut self) -> RowResult<Vec<u64>> {
        match self.take() {
            Value::Ints(ids) => ids
                .iter()
                .map(|id| u64::try_from(*id).map_err(|_| self.error("is negative")))
                .collect(),
            other => Err(self.wrong(other)),
        }
    }

    pub(super) fn texts(&mut self) -> RowResult<&'a [std::borrow::Cow<'a, str>]> {
        match self.take() {
            Value::Texts(texts) => Ok(texts),
            other => Err(self.wrong(other)),
        }
    }

    /// Texts; null is none.
    pub(super) fn opt_texts(&mut self) -> RowResult<&'a [std::borrow::Cow<'a, str>]> {
        match self.take() {
            Value::Null => Ok(&[]),
            Value::Texts(texts) => Ok(texts),
            other => Err(self.wrong(other)),
        }
    }

    /// A word of a closed vocabulary, or null.
    pub(super) fn opt_word<T>(
        &mut self,
        parse: impl Fn(&str) -> Option<T>,
    ) -> RowResult<Option<T>> {
        match self.opt_text()? {
            None => Ok(None),
            Some(word) => parse(word)
                .map(Some)
                .ok_or_else(|| self.error(format!("has the unknown value {word:?}"))),
        }
    }

    /// A word of a closed vocabulary.
    pub(super) fn word<T>(&mut self, parse: impl Fn(&str) -> Option<T>) -> RowResult<T> {
        self.opt_word(parse)?.ok_or_else(|| self.error("is null"))
    }

    /// An override from its two columns, status and reason.
    pub(super) fn status_override(&mut self) -> RowResult<Option<Override>> {
        let status = self.opt_word(Status::parse)?;
        let reason = self.opt_text()?.map(OverrideReason::new).transpose();
        let reason = reason.map_err(|error| self.error(error.to_string()))?;
        Ok(status.map(|status| Override::new(status, reason)))
    }

    /// The other two columns of an override: its end and whether it is planned work.
    pub(super) fn override_plan(&mut self, set: &mut Option<Override>) -> RowResult<()> {
        let (ends_at, is_planned_work) = (self.opt_time()?, self.flag()?);
        if let Some(set) = set {
            (set.ends_at, set.is_planned_work) = (ends_at, is_planned_work);
        }
        Ok(())
    }

    /// A lifecycle; rows of schema version 1 have none.
    pub(super) fn lifecycle(&mut self) -> RowResult<Lifecycle> {
        Ok(self.opt_word(Lifecycle::parse)?.unwrap_or_default())
    }

    fn wrong(&self, value: &Value<'_>) -> RowError {
        let what = match value {
            Value::Null => "is null",
            _ => "has another type",
        };
        self.error(what)
    }
}
