//! What a source reports of a problem.

use crate::domain::{DeviceId, EntityKey, Severity};
use crate::store::IncidentSource;

/// Longest title and detail: a sentence, and the message of a failed job.
const TITLE_CHARS_MAX: usize = 300;
const DETAIL_CHARS_MAX: usize = 1000;

/// A problem as its source sees it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProblemReport {
    /// Which problem it is: the source's word, a colon and what it is about, such as `job:backup`.
    pub key: String,
    pub source: IncidentSource,
    pub severity: Severity,
    /// The problem in one sentence, without numbers that change.
    pub title: String,
    /// What is known now.
    pub detail: String,
    /// The device or link that is the cause.
    pub subject: Option<EntityKey>,
    /// The devices whose maintenance mutes it.
    pub places: Vec<DeviceId>,
    pub customer_count: u32,
    /// Grows with each occurrence of an event, so that the same one is counted once; 0 for what lasts.
    pub occurrence: u64,
}

impl ProblemReport {
    /// A problem of the appliance that lasts until it is cleared.
    pub fn lasting(
        source: IncidentSource,
        key: impl Into<String>,
        severity: Severity,
        title: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            key: key.into(),
            source,
            severity,
            title: title.into(),
            detail: detail.into(),
            subject: None,
            places: Vec::new(),
            customer_count: 0,
            occurrence: 0,
        }
    }

    /// The same as an event with this number, from 1.
    pub fn occurred(self, occurrence: u64) -> Self {
        Self { occurrence, ..self }
    }

    /// Whether the problem lasts until it is cleared; an event is over at once.
    pub fn is_lasting(&self) -> bool {
        self.occurrence == 0
    }

    pub(super) fn bounded(mut self) -> Self {
        shorten(&mut self.title, TITLE_CHARS_MAX);
        shorten(&mut self.detail, DETAIL_CHARS_MAX);
        self
    }
}

/// Cuts a text to at most `chars_max` characters, the last of which says so.
fn shorten(text: &mut String, chars_max: usize) {
    let mut ends = text.char_indices().skip(chars_max - 1);
    if let (Some((end, _)), Some(_)) = (ends.next(), ends.next()) {
        text.truncate(end);
        text.push('…');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_between_characters() {
        for (text, expected) in [("", ""), ("äöü", "äöü"), ("äöüß", "äö…"), ("abcdef", "ab…")]
        {
            let mut cut = text.to_owned();
            shorten(&mut cut, 3);
            assert_eq!(cut, expected, "{text}");
        }
    }
}
