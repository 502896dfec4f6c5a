//! Numbers, times and overrides of all kinds of rows.

use super::corrector::{Corrector, RowKey};
use crate::domain::{Override, OverrideReason, Status, Timestamp};
use crate::v2_import::report::quoted;
use crate::v2_import::rules::CorrectionRuleId;
use crate::v2_import::time;

/// Which numbers are valid in a column.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum NumberRange {
    Finite,
    /// Finite and not negative: a length, a loss.
    NotNegative,
}

impl Corrector {
    /// The number if it is valid in its column.
    pub(super) fn number(
        &mut self,
        key: RowKey,
        column: &str,
        value: Option<f64>,
        range: NumberRange,
    ) -> Option<f64> {
        let value = value?;
        if value.is_finite() && (range == NumberRange::Finite || value >= 0.0) {
            return Some(value);
        }
        self.report.note(CorrectionRuleId::BadNumber, key, format!("{column} {value}"), "cleared");
        None
    }

    /// The coordinate if it is finite, else 0.
    pub(super) fn coordinate(&mut self, key: RowKey, column: &str, value: f64) -> f64 {
        if value.is_finite() {
            return value;
        }
        self.report.note(CorrectionRuleId::BadNumber, key, format!("{column} {value}"), "set to 0");
        0.0
    }

    /// When the row was created and updated. A missing time of update is that of creation.
    pub(super) fn times(
        &mut self,
        key: RowKey,
        created: Option<&str>,
        updated: Option<&str>,
    ) -> [Timestamp; 2] {
        let created = self.time(key, "created_at", created).unwrap_or(self.now);
        let updated = self.time(key, "updated_at", updated).unwrap_or(created);
        [created, updated]
    }

    fn time(&mut self, key: RowKey, column: &str, text: Option<&str>) -> Option<Timestamp> {
        let text = text?;
        let at = time::parse(text);
        if at.is_none() {
            let found = format!("{column} {}", quoted(text));
            self.report.note(
                CorrectionRuleId::BadTime,
                key,
                found,
                "set to the time of the import",
            );
        }
        Some(at.unwrap_or(self.now))
    }

    /// The status override that v2's operator set for a device.
    pub(super) fn status_override(
        &mut self,
        key: RowKey,
        word: Option<&str>,
        reason: Option<&str>,
    ) -> Option<Override> {
        let reason = reason.filter(|reason| !reason.is_empty());
        let Some(word) = word.filter(|word| !word.is_empty()) else {
            if let Some(reason) = reason {
                let found = format!("a reason without an override: {}", quoted(reason));
                self.report.note(CorrectionRuleId::BadOverride, key, found, "cleared");
            }
            return None;
        };
        let Some(status) = status(word) else {
            let found = format!("override {}", quoted(word));
            self.report.note(CorrectionRuleId::BadOverride, key, found, "cleared");
            return None;
        };
        Some(Override::new(status, reason.and_then(|text| self.reason(key, text))))
    }

    fn reason(&mut self, key: RowKey, text: &str) -> Option<OverrideReason> {
        let max = OverrideReason::CHARS_MAX;
        let kept: String = text.chars().take(max).collect();
        if kept.len() < text.len() {
            let found = format!("a reason of {} characters", text.chars().count());
            self.report.note(
                CorrectionRuleId::LongReason,
                key,
                found,
                format!("cut to {max} characters"),
            );
        }
        OverrideReason::new(&kept).ok()
    }
}

/// The status with this name, in upper or lower case.
pub(super) fn status(word: &str) -> Option<Status> {
    Status::parse(&word.trim().to_ascii_uppercase())
}
