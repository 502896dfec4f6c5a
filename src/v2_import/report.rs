//! What was found in v2's tables and what was done about it, row by row.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::rules::{MENDING_RULES, RuleId};
use super::tables::Table;
use crate::util::counted;

/// Longest text of v2 that a finding quotes: enough to recognise the row, short enough for a line.
const QUOTED_CHARS_MAX: usize = 32;

/// One row that could not be taken over as it was, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub rule: RuleId,
    pub table: Table,
    /// The row's id in v2.
    pub id: i64,
    /// What stood there.
    pub found: String,
    /// What stands there now.
    pub done: String,
}

/// How many rows of each table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowCounts {
    pub devices: usize,
    pub interfaces: usize,
    pub links: usize,
}

impl fmt::Display for RowCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { devices, interfaces, links } = self;
        let devices = counted(devices, "device");
        let interfaces = counted(interfaces, "interface");
        write!(f, "{devices}, {interfaces}, {}", counted(links, "link"))
    }
}

/// What mending did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Rows in v2's tables.
    pub read: RowCounts,
    /// Entities of the site that was made of them.
    pub loaded: RowCounts,
    /// By table and id.
    pub findings: Vec<Finding>,
}

impl Report {
    pub(super) fn note(
        &mut self,
        rule: RuleId,
        (table, id): (Table, i64),
        found: impl Into<String>,
        done: impl Into<String>,
    ) {
        self.findings.push(Finding { rule, table, id, found: found.into(), done: done.into() });
    }

    /// How often each rule was applied, in the order of the rules; those never applied are left
    /// out.
    pub fn summary(&self) -> Vec<(RuleId, usize)> {
        let mut counts = [0_usize; MENDING_RULES.len()];
        for finding in &self.findings {
            counts[finding.rule as usize] += 1;
        }
        let counted = MENDING_RULES.iter().map(|rule| (rule.id, counts[rule.id as usize]));
        counted.filter(|(_, count)| *count > 0).collect()
    }
}

/// A text of v2 in quotes, its control characters made visible, cut to what a line has room for.
pub(super) fn quoted(text: &str) -> String {
    let start: String = text.chars().take(QUOTED_CHARS_MAX).collect();
    let rest = text.chars().count() - start.chars().count();
    if rest == 0 { format!("{start:?}") } else { format!("{start:?} and {rest} more") }
}
