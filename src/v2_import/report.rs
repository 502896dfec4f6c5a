//! The report of an import: what was corrected or left out, row by row.

use super::rules::{CORRECTION_RULES, CorrectionRuleId};
use super::tables::{RowCounts, V2Table};

/// Characters of v2's text that a finding quotes: enough to recognise the row, and short enough for
/// a line.
const QUOTED_CHARS_MAX: usize = 32;

/// A row that was corrected or left out, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub rule: CorrectionRuleId,
    pub table: V2Table,
    /// The row's id in v2.
    pub id: i64,
    /// What v2's row holds.
    pub found: String,
    /// What was done about it.
    pub done: String,
}

/// What the correction did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct V2ImportReport {
    /// Rows in v2's tables.
    pub read: RowCounts,
    /// Entities of the corrected site.
    pub loaded: RowCounts,
    /// Sorted by table and id.
    pub findings: Vec<Finding>,
}

impl V2ImportReport {
    pub(super) fn note(
        &mut self,
        rule: CorrectionRuleId,
        (table, id): (V2Table, i64),
        found: impl Into<String>,
        done: impl Into<String>,
    ) {
        self.findings.push(Finding { rule, table, id, found: found.into(), done: done.into() });
    }

    /// How often each rule was applied, in the order of the rules, without those that were not.
    pub fn summary(&self) -> Vec<(CorrectionRuleId, usize)> {
        let mut counts = [0_usize; CORRECTION_RULES.len()];
        for finding in &self.findings {
            counts[finding.rule as usize] += 1;
        }
        let counted = CORRECTION_RULES.iter().map(|rule| (rule.id, counts[rule.id as usize]));
        counted.filter(|(_, count)| *count > 0).collect()
    }
}

/// A text of v2 in quotes, with visible control characters, cut to [`QUOTED_CHARS_MAX`].
pub(super) fn quoted(text: &str) -> String {
    let start: String = text.chars().take(QUOTED_CHARS_MAX).collect();
    let rest = text.chars().count() - start.chars().count();
    if rest == 0 { format!("{start:?}") } else { format!("{start:?} and {rest} more") }
}
