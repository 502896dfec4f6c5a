//! A line of the log, as JSON and as text.

use std::fmt;

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use tracing::Level;
use utoipa::ToSchema;
use utoipa::openapi::schema::Schema;

use super::schemas::words_schema;
use super::time::Time;
use crate::logs::LogLine;

/// The levels, least severe first.
pub const LOG_LEVELS: [Level; 5] =
    [Level::TRACE, Level::DEBUG, Level::INFO, Level::WARN, Level::ERROR];

/// One line of the log.
#[derive(Serialize, ToSchema)]
#[schema(as = LogLine)]
pub struct LogLineView<'a> {
    /// Grows with each line, after a restart too.
    id: u64,
    #[schema(value_type = String, format = DateTime)]
    at: Time,
    #[schema(schema_with = log_level_schema)]
    level: &'static str,
    /// The module that logged it.
    target: &'a str,
    message: &'a str,
    /// The `X-Request-Id` of the request that it is about.
    request_id: Option<&'a str>,
    /// Its other values, by name.
    #[schema(value_type = BTreeMap<String, Value>)]
    fields: Box<RawValue>,
}

impl<'a> LogLineView<'a> {
    pub fn new(line: &'a LogLine) -> Self {
        let fields = RawValue::from_string(line.fields().to_owned());
        Self {
            id: line.id,
            at: Time(line.at),
            level: line.level.as_str(),
            target: line.target(),
            message: line.message(),
            request_id: line.request_id(),
            fields: fields.expect("the log keeps fields as a JSON object"),
        }
    }
}

/// Time, level, target and message, then each field as `name=value`.
impl fmt::Display for LogLineView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, level, target, message, .. } = self;
        write!(f, "{at} {level:>5} {target}: {message}")?;
        if let Some(id) = self.request_id {
            write!(f, " request.id={id}")?;
        }
        let fields: Map<String, Value> =
            serde_json::from_str(self.fields.get()).unwrap_or_default();
        for (name, value) in fields {
            match value {
                Value::String(text) if is_plain(&text) => write!(f, " {name}={text}")?,
                value => write!(f, " {name}={value}")?,
            }
        }
        Ok(())
    }
}

/// Returns whether a text can be told from what follows without quotes.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '"')
}

pub fn log_level_schema() -> Schema {
    words_schema(LOG_LEVELS.map(|level| level.as_str()))
}
