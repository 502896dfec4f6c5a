//! Searching the audit trail: a bounded number of rows at a time, newest first.

use crate::domain::Timestamp;
use crate::store::{AuditEntry, AuditOutcome, Snapshot, StoreError};

/// Rows that one search reads: 40 ms. A full trail is searched in ten such steps.
pub const AUDIT_ROWS_SEARCHED_MAX: usize = 20_000;
/// How far a clock may have been set back: rows are in the order of their commits, not of their times.
const CLOCK_STEP_US_MAX: i64 = 24 * 3600 * 1_000_000;

/// Which rows are wanted; all of the conditions hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// A part of the actor, in any case.
    pub actor: Option<String>,
    /// A part of the action, in any case.
    pub action: Option<String>,
    pub outcome: Option<AuditOutcome>,
    /// A part of the actor, the address, the request id, the action or the details, in any case.
    pub text: Option<String>,
    /// From this time on, and before that one.
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
}

/// What a search found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditPage {
    /// The ids of rows, newest first.
    pub ids: Vec<u64>,
    /// Where the search goes on: rows below this id were not read. `None` at the end of the trail.
    pub next_before: Option<u64>,
}

impl AuditFilter {
    /// The filter with its texts in lower case, as they are compared.
    fn lowered(&self) -> Self {
        let lower = |text: &Option<String>| text.as_deref().map(str::to_lowercase);
        Self {
            actor: lower(&self.actor),
            action: lower(&self.action),
            text: lower(&self.text),
            ..self.clone()
        }
    }

    /// Whether a row is wanted, by a filter in lower case.
    fn suits(&self, row: &AuditEntry) -> bool {
        let has = |text: &str, part: &str| text.to_lowercase().contains(part);
        let is_within = self.from.is_none_or(|from| row.at >= from)
            && self.to.is_none_or(|to| row.at < to)
            && self.outcome.is_none_or(|outcome| row.outcome == outcome);
        is_within
            && self.actor.as_deref().is_none_or(|part| has(&row.origin.actor, part))
            && self.action.as_deref().is_none_or(|part| has(&row.action, part))
            && self.text.as_deref().is_none_or(|part| {
                let origin = &row.origin;
                [&origin.actor, &origin.address, &origin.request_id, &row.action, &row.details]
                    .into_iter()
                    .any(|text| has(text, part))
            })
    }

    /// Whether all rows that are older are from before the time that is asked for.
    fn is_over(&self, row: &AuditEntry) -> bool {
        self.from.is_some_and(|from| row.at.0 < from.0.saturating_sub(CLOCK_STEP_US_MAX))
    }
}

/// Searches the rows below the id `before`, or all of them. It ends after `ids_max` rows that suit, and
/// after [`AUDIT_ROWS_SEARCHED_MAX`] rows.
///
/// # Errors
/// As [`Snapshot::audit`].
pub fn search_audit(
    snapshot: &Snapshot,
    filter: &AuditFilter,
    before: Option<u64>,
    ids_max: usize,
) -> Result<AuditPage, StoreError> {
    let filter = filter.lowered();
    let mut page = AuditPage::default();
    let mut read_count = 0;
    let mut last = None;
    let mut rows = snapshot.audit(before, 0)?;
    while page.ids.len() < ids_max && read_count < AUDIT_ROWS_SEARCHED_MAX {
        let Some(row) = rows.next().transpose()? else { return Ok(page) };
        read_count += 1;
        last = Some(row.id);
        if filter.is_over(&row) {
            return Ok(page);
        }
        if filter.suits(&row) {
            page.ids.push(row.id);
        }
    }
    // Whether there are more is known without reading them.
    page.next_before = last.filter(|_| rows.next().is_some());
    Ok(page)
}
