//! Turning an event into a line of the ring.

use std::borrow::Cow;
use std::fmt::{self, Write};
use std::sync::Arc;

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

use super::line::LineText;
use super::ring::Rings;

/// Longest message; a panic with its backtrace takes about this much.
const MESSAGE_BYTES_MAX: usize = 16 * 1024;
/// Longest text of one field, such as an error with its causes.
const FIELD_BYTES_MAX: usize = 4 * 1024;
/// All fields of a line. What does not fit is counted in the field `left_out`.
const FIELDS_BYTES_MAX: usize = 16 * 1024;
/// The field with the id of a request, which lines are searched by.
const REQUEST_ID: &str = "request.id";
/// The target of lines that libraries log with the crate `log`; a field names the real one.
const LOG_CRATE: &str = "log";
const LOG_CRATE_TARGET: &str = "log.target";
/// What the crate `log` adds to a line besides its target.
const LOG_CRATE_FIELDS: [&str; 3] = ["log.module_path", "log.file", "log.line"];

/// Receives the events that pass the levels.
pub(super) struct Capture(pub(super) Arc<Rings>);

impl<S: Subscriber> Layer<S> for Capture {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        let mut line = LineFields { fields: String::from("{"), ..LineFields::default() };
        event.record(&mut line);
        line.end();
        let target = match metadata.target() {
            LOG_CRATE if !line.target.is_empty() => line.target.as_str(),
            target => target,
        };
        let text = LineText::new(target, &line.message, &line.request_id, &line.fields);
        self.0.push(*metadata.level(), text);
    }
}

/// The texts of a line while its event is read.
#[derive(Default)]
struct LineFields {
    /// Of a line of the crate `log`.
    target: String,
    message: String,
    request_id: String,
    /// A JSON object, without its last brace.
    fields: String,
    left_out: usize,
}

impl LineFields {
    /// Adds a field whose value is JSON already.
    fn put_json(&mut self, field: &Field, value: impl fmt::Display) {
        self.put(field, |fields| write!(fields, "{value}"));
    }

    fn put_text(&mut self, field: &Field, text: &str) {
        match field.name() {
            "message" => self.message = shortened(text, MESSAGE_BYTES_MAX).into_owned(),
            REQUEST_ID => self.request_id = shortened(text, FIELD_BYTES_MAX).into_owned(),
            LOG_CRATE_TARGET => self.target = shortened(text, FIELD_BYTES_MAX).into_owned(),
            name if LOG_CRATE_FIELDS.contains(&name) => {}
            _ => {
                let text = shortened(text, FIELD_BYTES_MAX);
                self.put(field, |fields| write_json_text(fields, &text));
            }
        }
    }

    fn put(&mut self, field: &Field, write: impl FnOnce(&mut String) -> fmt::Result) {
        let before = self.fields.len();
        if before > 1 {
            self.fields.push(',');
        }
        let name = field.name();
        let written = write_json_text(&mut self.fields, name.strip_prefix("r#").unwrap_or(name))
            .and_then(|()| self.fields.write_char(':'))
            .and_then(|()| write(&mut self.fields));
        if written.is_err() || self.fields.len() > FIELDS_BYTES_MAX {
            self.fields.truncate(before);
            self.left_out += 1;
        }
    }

    fn end(&mut self) {
        if self.left_out > 0 {
            let comma = if self.fields.len() > 1 { "," } else { "" };
            self.fields.push_str(&format!("{comma}\"left_out\":{}", self.left_out));
        }
        self.fields.push('}');
    }
}

impl Visit for LineFields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put_text(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put_json(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if !LOG_CRATE_FIELDS.contains(&field.name()) {
            self.put_json(field, value);
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put_json(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        match serde_json::Number::from_f64(value) {
            Some(number) => self.put_json(field, number),
            None => self.put_text(field, &value.to_string()),
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put_text(field, &format!("{value:?}"));
    }
}

/// Returns the beginning of a long text, with an ellipsis.
fn shortened(text: &str, bytes_max: usize) -> Cow<'_, str> {
    if text.len() <= bytes_max {
        return text.into();
    }
    let end = (0..=bytes_max).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    format!("{}…", &text[..end]).into()
}

fn write_json_text(out: &mut String, text: &str) -> fmt::Result {
    out.push_str(&serde_json::to_string(text).map_err(|_| fmt::Error)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use tracing::{Level, debug, error, info};

    use super::*;
    use crate::domain::Timestamp;
    use crate::logs::{LogFilter, LogLine, Logs, PageRequest};

    /// Returns the lines of these calls, oldest first.
    fn lines_of(calls: impl FnOnce()) -> Vec<Arc<LogLine>> {
        let logs = Logs::new(Level::INFO, || Timestamp(7));
        tracing::dispatcher::with_default(&logs.dispatch(), calls);
        let all = PageRequest { after: 0, before: u64::MAX, lines_max: 100, bytes_max: 1 << 20 };
        let mut lines = logs.page(&LogFilter::default(), &all).lines;
        lines.reverse();
        lines
    }

    #[test]
    fn a_line_has_its_message_its_request_and_its_fields_as_json() {
        let lines = lines_of(|| {
            let cause: Option<&str> = None;
            info!(request.id = "r-1", status = 503, took_ms = 1.5, cause, "GET {} \"x\"", "/a");
            error!(error = %"a \"b\"\n", whole = ?Some(1), yes = true, odd = f64::NAN);
            debug!("not logged");
        });
        let texts: Vec<_> = lines
            .iter()
            .map(|line| (line.level, line.message(), line.request_id(), line.fields()))
            .collect();
        let fields = [
            r#"{"status":503,"took_ms":1.5}"#,
            r#"{"error":"a \"b\"\n","whole":"Some(1)","yes":true,"odd":"NaN"}"#,
        ];
        assert_eq!(
            texts,
            [
                (Level::INFO, "GET /a \"x\"", Some("r-1"), fields[0]),
                (Level::ERROR, "", None, fields[1]),
            ]
        );
        assert!(lines[0].target().ends_with("logs::capture::tests"), "{}", lines[0].target());
        assert_eq!((lines[0].id, lines[1].id, lines[0].at), (7, 8, Timestamp(7)));
    }

    #[test]
    fn long_texts_are_shortened_and_counted() {
        let long = "ä".repeat(MESSAGE_BYTES_MAX);
        let lines = lines_of(|| {
            info!(a = long, b = long, c = long, d = long, e = long, "{long}");
        });
        let [line] = lines.as_slice() else { panic!("{lines:?}") };
        assert!(line.message().ends_with("ä…") && line.message().len() < MESSAGE_BYTES_MAX + 4);
        assert!(line.fields().len() < FIELDS_BYTES_MAX + 20, "{}", line.fields().len());
        let fields: serde_json::Value = serde_json::from_str(line.fields()).unwrap();
        assert_eq!(fields["left_out"], 2);
        assert!(fields["a"].as_str().unwrap().ends_with('…'));
    }
}
