//! The state that all steps of the correction share.

use crate::domain::Timestamp;
use crate::v2_import::report::V2ImportReport;
use crate::v2_import::rules::CorrectionRuleId;
use crate::v2_import::tables::{ROW_ID_MAX, V2Table};

/// How the status of v2's links is imported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum V2LinkStatus {
    /// The status is computed: v2 never did, and its tables hold the default value.
    #[default]
    Compute,
    /// DOWN and DEGRADED become overrides, as if an operator had set them.
    Keep,
}

/// The state that all steps of the correction share.
pub(super) struct Corrector {
    pub(super) now: Timestamp,
    pub(super) link_status: V2LinkStatus,
    pub(super) report: V2ImportReport,
}

/// The row that a finding is about.
pub(super) type RowKey = (V2Table, i64);

/// The row's id if it is valid: from 1 to [`ROW_ID_MAX`], and not that of the row before.
pub(super) fn kept_id(
    corrector: &mut Corrector,
    (table, id): RowKey,
    last: &mut Option<i64>,
) -> Option<u64> {
    let is_twice = last.replace(id) == Some(id);
    let kept = u64::try_from(id).ok().filter(|kept| (1..=ROW_ID_MAX).contains(kept) && !is_twice);
    if kept.is_none() {
        let found = match id {
            _ if is_twice => "the id occurs twice",
            ..1 => "the id is below 1",
            1.. => "the id is too large",
        };
        corrector.report.note(CorrectionRuleId::BadId, (table, id), found, "left out");
    }
    kept
}
