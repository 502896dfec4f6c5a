//! One line of the log.

use tracing::Level;

use crate::domain::Timestamp;

/// Bytes of a line besides its text: the line itself, the counters of its `Arc`, and the reference in
/// the ring.
const OVERHEAD_BYTES: usize = size_of::<LogLine>() + 2 * size_of::<usize>() + size_of::<usize>();

/// One line of the log.
#[derive(Debug)]
pub struct LogLine {
    /// Grows with each line, after a restart too: it begins at the time of the start in microseconds.
    pub id: u64,
    pub at: Timestamp,
    pub level: Level,
    text: LineText,
}

/// The texts of a line, one after the other: one allocation for each line.
#[derive(Debug)]
pub(super) struct LineText {
    text: Box<str>,
    target_end: u32,
    message_end: u32,
    request_id_end: u32,
}

impl LineText {
    /// `fields` is a JSON object. Each text is shorter than 4 GiB.
    pub(super) fn new(target: &str, message: &str, request_id: &str, fields: &str) -> Self {
        let text = [target, message, request_id, fields].concat().into_boxed_str();
        let target_end = offset(target.len());
        let message_end = target_end + offset(message.len());
        let request_id_end = message_end + offset(request_id.len());
        Self { text, target_end, message_end, request_id_end }
    }

    fn slice(&self, from: u32, to: u32) -> &str {
        &self.text[from as usize..to as usize]
    }
}

impl LogLine {
    pub(super) fn new(id: u64, at: Timestamp, level: Level, text: LineText) -> Self {
        Self { id, at, level, text }
    }

    /// Returns the module that logged it, such as `unoc::sync::round`.
    pub fn target(&self) -> &str {
        self.text.slice(0, self.text.target_end)
    }

    pub fn message(&self) -> &str {
        self.text.slice(self.text.target_end, self.text.message_end)
    }

    /// Returns the `X-Request-Id` of the request that it is about.
    pub fn request_id(&self) -> Option<&str> {
        let id = self.text.slice(self.text.message_end, self.text.request_id_end);
        (!id.is_empty()).then_some(id)
    }

    /// Returns its other fields, as a JSON object.
    pub fn fields(&self) -> &str {
        &self.text.text[self.text.request_id_end as usize..]
    }

    /// Returns the memory that it takes.
    pub(super) fn bytes(&self) -> usize {
        OVERHEAD_BYTES + self.text.text.len()
    }
}

fn offset(length: usize) -> u32 {
    u32::try_from(length).expect("the capture bounds each text to kilobytes")
}
