//! Which lines a request is about.

use tracing::Level;
use utoipa::IntoParams;

use crate::api::validation::{Fields, FromFields, parse};
use crate::domain::Timestamp;
use crate::logs::LogFilter;

/// Most lines in one answer.
pub(super) const LINES_MAX: u64 = 1_000;
/// Most bytes of the lines in one answer; an ordinary page of 1,000 lines is 300 kB.
pub(super) const PAGE_BYTES_MAX: usize = 4 << 20;
/// Longest text to search for.
pub(super) const TEXT_CHARS_MAX: usize = 200;

/// Which lines.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct FilterQuery {
    /// `TRACE`, `DEBUG`, `INFO`, `WARN` or `ERROR`: this level and more severe ones.
    #[param(value_type = Option<String>)]
    level: Option<Level>,
    /// A module, such as `unoc::sync`, and those inside it.
    target: Option<String>,
    /// Part of the message or of the fields, in any case.
    text: Option<String>,
    /// The `X-Request-Id` of a request.
    request_id: Option<String>,
    /// Lines from this time on.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// Only lines with a greater id.
    #[param(value_type = Option<u64>)]
    pub(super) after: u64,
}

impl FromFields for FilterQuery {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let text = parse::text_up_to(TEXT_CHARS_MAX);
        Some(Self {
            level: fields.present("level", parse::log_level),
            target: fields.present("target", &text),
            text: fields.present("text", &text),
            request_id: fields.present("request_id", &text),
            since: fields.present("since", parse::time),
            after: fields.present("after", parse::integer_in(0, u64::MAX)).unwrap_or(0),
        })
    }
}

impl FilterQuery {
    /// An empty text is no filter, so that a form can send all of its fields.
    pub(super) fn filter(self) -> LogFilter {
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        LogFilter {
            level: self.level,
            target: given(self.target),
            text: given(self.text),
            request_id: given(self.request_id),
            since: self.since,
        }
    }
}
