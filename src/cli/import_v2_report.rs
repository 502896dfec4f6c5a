//! The report of an import from v2.

use std::io::{self, BufWriter, Write};

use serde_json::{Value, json};

use crate::util::counted;
use crate::v2_import::{
    ARCHIVE_SCHEMA, ArchiveOutcome, CorrectionOutcome, Finding, RowCounts, V2ImportReport,
};

/// Widest column of values; a longer value does not shift the columns of the other rows.
const FOUND_WIDTH_MAX: usize = 64;

/// Prints a line for each finding, the totals and what happened to v2's tables; or all of it as one
/// JSON object.
pub(super) fn print_report(
    report: &V2ImportReport,
    archived: Option<&ArchiveOutcome>,
    as_json: bool,
    is_dry_run: bool,
) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    if as_json {
        let mut all = report_json(report, is_dry_run);
        if let Some(archived) = archived {
            all["archive"] = archived_json(archived);
        }
        writeln!(out, "{all}")?;
    } else {
        write_findings(&mut out, &report.findings)?;
        write_summary(&mut out, report, is_dry_run)?;
        if let Some(archived) = archived {
            write_archived(&mut out, archived, is_dry_run)?;
        }
    }
    out.flush()
}

fn write_findings(out: &mut impl Write, findings: &[Finding]) -> io::Result<()> {
    let width = |length: fn(&Finding) -> usize| findings.iter().map(length).max().unwrap_or(0);
    let rule = width(|finding| finding.rule.row().name.len());
    let table = width(|finding| finding.table.as_str().len());
    let id = width(|finding| finding.id.to_string().len());
    let found = width(|finding| finding.found.chars().count()).min(FOUND_WIDTH_MAX);
    for row in findings {
        writeln!(
            out,
            "{:rule$}  {:table$}  {:>id$}  {:found$}  {}",
            row.rule, row.table, row.id, row.found, row.done
        )?;
    }
    if findings.is_empty() { Ok(()) } else { writeln!(out) }
}

fn write_summary(
    out: &mut impl Write,
    report: &V2ImportReport,
    is_dry_run: bool,
) -> io::Result<()> {
    let summary = report.summary();
    let width = summary.iter().map(|(rule, _)| rule.row().name.len()).max().unwrap_or(0);
    for (rule, count) in &summary {
        let row = rule.row();
        writeln!(out, "{rule:width$}  {count:>7} {:8}  {}", row.outcome.as_str(), row.found)?;
    }
    let total = |outcome: CorrectionOutcome| -> usize {
        let rules = summary.iter().filter(|(rule, _)| rule.row().outcome == outcome);
        rules.map(|(_, count)| count).sum()
    };
    if !summary.is_empty() {
        writeln!(out)?;
    }
    let [skipped, corrected, computed] =
        [CorrectionOutcome::Skipped, CorrectionOutcome::Corrected, CorrectionOutcome::Computed]
            .map(total);
    if skipped + corrected == 0 {
        writeln!(out, "Every row is imported unchanged.")?;
    } else {
        let (skipped, corrected) = (counted(skipped, "row"), counted(corrected, "value"));
        writeln!(out, "Left out:     {skipped}. Corrected: {corrected}.")?;
    }
    if computed > 0 {
        let links = counted(computed, "link");
        writeln!(out, "Computed:     the status of {links}, which v2 never computed.")?;
    }
    writeln!(out, "Found in v2:  {}.", report.read)?;
    if is_dry_run {
        writeln!(out, "Would load:   {}. This was a dry run: nothing was changed.", report.loaded)
    } else {
        writeln!(out, "Imported:     {}.", report.loaded)
    }
}

fn report_json(report: &V2ImportReport, is_dry_run: bool) -> Value {
    let counts = |counts: &RowCounts| {
        json!({
            "devices": counts.devices, "interfaces": counts.interfaces, "links": counts.links,
        })
    };
    let mut all = counts(&report.loaded);
    all["dry_run"] = json!(is_dry_run);
    all["found"] = counts(&report.read);
    let rules = report.summary().into_iter().map(|(rule, count)| {
        json!({
            "rule": rule.row().name, "outcome": rule.row().outcome.as_str(), "count": count,
        })
    });
    all["rules"] = rules.collect();
    let findings = report.findings.iter().map(|row| {
        json!({
            "rule": row.rule.row().name, "table": row.table.as_str(), "id": row.id,
            "found": row.found, "done": row.done,
        })
    });
    all["findings"] = findings.collect();
    all
}

/// Prints what happened to v2's tables.
pub(super) fn print_archived(
    archived: &ArchiveOutcome,
    as_json: bool,
    is_dry_run: bool,
) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if !as_json {
        return write_archived(&mut out, archived, is_dry_run);
    }
    let mut all = archived_json(archived);
    all["dry_run"] = json!(is_dry_run);
    writeln!(out, "{all}")
}

fn archived_json(archived: &ArchiveOutcome) -> Value {
    let moved: &[String] = match archived {
        ArchiveOutcome::Already => &[],
        ArchiveOutcome::Moved { objects, .. } => objects,
    };
    let already = *archived == ArchiveOutcome::Already;
    json!({"schema": ARCHIVE_SCHEMA, "already": already, "moved": moved})
}

fn write_archived(
    out: &mut impl Write,
    archived: &ArchiveOutcome,
    is_dry_run: bool,
) -> io::Result<()> {
    let ArchiveOutcome::Moved { schema, objects } = archived else {
        return writeln!(
            out,
            "v2's tables are already in the schema {ARCHIVE_SCHEMA}; there is nothing to do."
        );
    };
    let done = if is_dry_run { "Would move" } else { "Moved" };
    for it in objects {
        writeln!(out, "{done} {it} from {schema} to {ARCHIVE_SCHEMA}")?;
    }
    if is_dry_run {
        return writeln!(out, "This was a dry run: nothing was changed.");
    }
    writeln!(
        out,
        "Done; nothing was deleted. To undo: ALTER TABLE {ARCHIVE_SCHEMA}.devices SET SCHEMA {schema}, \
         and so on for each."
    )
}
