//! What the jobs that care for backups found.

use super::Findings;
use super::section::{count, fact, section, table, text, time};
use crate::backup::{CatalogEntry, Pruning, Verification};
use crate::store::{ReportResult, ReportValue};
use crate::util::format_bytes;

/// The findings of a verification that was made as asked for.
pub(crate) fn restore_test(entry: &CatalogEntry, verification: &Verification) -> Findings {
    let manifest = &entry.manifest;
    #[expect(clippy::cast_precision_loss, reason = "a duration is far below 2^53 ms")]
    let took_s = verification.duration_ms as f64 / 1000.0;
    let postgres = verification.postgres.clone().map_or(ReportValue::Absent, text);
    let result = verification.postgres_result.map(|result| match result.as_str() {
        "passed" => "every row was the same",
        "not_possible" => "no database may be created there",
        _ => "failed",
    });
    let mut section = section("Restore test");
    section.facts = vec![
        fact("Backup", text(entry.id.to_string())),
        fact("Taken", time(manifest.taken_at())),
        fact("Size", ReportValue::Bytes(manifest.bytes)),
        fact("Rows", ReportValue::Count(manifest.all_rows())),
        fact("Time to restore (RTO)", ReportValue::Seconds(took_s)),
        fact("Loaded into PostgreSQL", postgres),
        fact("Result in PostgreSQL", result.map_or(ReportValue::Absent, text)),
    ];
    Findings {
        result: ReportResult::Ok,
        summary: format!("{}: {}", entry.id, verification.message),
        sections: vec![section],
    }
}

/// The findings of a pruning, with the message of the job.
pub(crate) fn pruning(pruned: &Pruning, summary: String) -> Findings {
    let mut section = section("Backups");
    section.facts = vec![
        fact("Kept", count(pruned.retained.len())),
        fact("Removed", count(pruned.removed.len())),
        fact("Freed on this host", ReportValue::Bytes(pruned.bytes_freed)),
        fact("Copies removed", count(pruned.copies.iter().map(|(_, ids)| ids.len()).sum())),
    ];
    let removed = pruned.removed.iter().map(|(id, bytes)| {
        vec![text(id.to_string()), text(format!("removed, {} here", format_bytes(*bytes)))]
    });
    let failed = pruned.failed_removals.iter().map(|failed| {
        let why = format!("the copy on {} could not be removed: {}", failed.target, failed.why);
        vec![text(failed.id.to_string()), text(why)]
    });
    section.table = table(&["Backup", "What was done"], failed.chain(removed).collect());
    let is_failed = !pruned.failed_removals.is_empty();
    Findings {
        result: if is_failed { ReportResult::Failed } else { ReportResult::Ok },
        summary,
        sections: vec![section],
    }
}
