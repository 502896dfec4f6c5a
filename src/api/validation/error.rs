//! The errors of a request.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// Most errors in one answer.
pub(crate) const ERRORS_MAX: usize = 1_000;
/// Longest input that an error quotes.
const INPUT_CHARS_MAX: usize = 1_000;

/// An error in a field of the request.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct FieldError {
    /// pydantic's name of the error, for example `missing` or `int_parsing`.
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    /// `body`, `path` or `query`, then keys and indexes.
    #[schema(value_type = Vec<Value>)]
    pub(crate) loc: Vec<Value>,
    pub(crate) msg: String,
    /// The invalid value.
    pub(crate) input: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ctx: Option<Value>,
}

/// The body of a 422 answer.
#[derive(Serialize, ToSchema)]
pub(crate) struct ValidationErrors {
    pub(crate) detail: Vec<FieldError>,
}

impl FieldError {
    /// Returns an error of the whole request, such as an unreadable body.
    pub(crate) fn whole(kind: &'static str, msg: &str, input: Value) -> Self {
        Self { kind, loc: vec!["body".into()], msg: msg.to_owned(), input, ctx: None }
    }

    /// Shortens a long input.
    pub(crate) fn bounded(mut self) -> Self {
        if let Value::String(text) = &mut self.input
            && let Some((end, _)) = text.char_indices().nth(INPUT_CHARS_MAX)
        {
            text.truncate(end);
            text.push('…');
        }
        self
    }
}
