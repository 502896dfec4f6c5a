//! A report as plain text, for the command line and for mail.

use crate::store::{Report, ReportSection, ReportTable, ReportValue};
use crate::util::{counted, format_bytes, format_span};
use crate::wire::Time;

/// Returns a report as lines of text: a head, the summary, then each section.
pub fn report_text(report: &Report) -> String {
    let head = &report.head;
    let (id, title) = (head.id, head.kind.title());
    let started = value_text(&ReportValue::Time(head.started_at.0));
    #[expect(clippy::cast_precision_loss, reason = "a run takes less than 2^53 microseconds")]
    let took_s = head.ended_at.0.saturating_sub(head.started_at.0) as f64 / 1e6;
    let mut text = format!(
        "{title}: {}\nReport {id}, {started}, in {}\n\n{}\n",
        head.result.as_str(),
        format_span(took_s),
        one_line(&head.summary)
    );
    for section in &report.sections {
        add_section(&mut text, section);
    }
    text
}

/// Returns a value with its unit; a dash if there is none.
pub fn value_text(value: &ReportValue) -> String {
    match value {
        ReportValue::Absent => "-".to_owned(),
        ReportValue::Text(text) => one_line(text),
        ReportValue::Count(count) => count.to_string(),
        ReportValue::Bytes(bytes) => format_bytes(*bytes),
        ReportValue::Seconds(seconds) => format_span(*seconds),
        ReportValue::Percent(percent) => format!("{percent:.1} %"),
        ReportValue::Time(micros) => {
            let time = Time(crate::domain::Timestamp(*micros)).to_string();
            let minute = time.get(.."2026-11-29T02:15".len()).unwrap_or(&time);
            format!("{} UTC", minute.replacen('T', " ", 1))
        }
    }
}

fn add_section(text: &mut String, section: &ReportSection) {
    text.push_str(&format!("\n{}\n", one_line(&section.title).to_uppercase()));
    if let Some(sentence) = &section.text {
        text.push_str(&format!("{}\n", one_line(sentence)));
    }
    let facts = section.facts.iter();
    let rows: Vec<_> =
        facts.map(|fact| vec![one_line(&fact.label), value_text(&fact.value)]).collect();
    add_rows(text, &rows);
    if let Some(table) = &section.table {
        add_table(text, table);
    }
}

fn add_table(text: &mut String, table: &ReportTable) {
    let heads = table.columns.iter().map(|column| one_line(column).to_uppercase()).collect();
    let rows = table.rows.iter().map(|row| row.iter().map(value_text).collect());
    add_rows(text, &std::iter::once(heads).chain(rows).collect::<Vec<_>>());
    if table.omitted > 0 {
        text.push_str(&format!("  {} left out\n", counted(table.omitted, "more row")));
    }
}

/// Adds rows in columns, two spaces apart.
fn add_rows(text: &mut String, rows: &[Vec<String>]) {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for row in rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        text.push_str(&format!("  {}", cells.collect::<Vec<_>>().join("  ").trim_end()));
        text.push('\n');
    }
}

/// Log lines may have anything in them: a terminal must not obey it, and a row is one line.
fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;
    use crate::store::{ReportFact, ReportHead, ReportKind, ReportResult};

    #[test]
    fn a_report_is_text_in_columns() {
        let text = |text: &str| ReportValue::Text(text.to_owned());
        let fact = |label: &str, value| ReportFact { label: label.to_owned(), value };
        let report = Report {
            head: ReportHead {
                id: 7,
                kind: ReportKind::Capacity,
                started_at: Timestamp(1_795_439_016_111_211),
                ended_at: Timestamp(1_795_439_018_611_211),
                result: ReportResult::Warning,
                summary: "The disk is full soon".to_owned(),
            },
            sections: vec![
                ReportSection {
                    title: "Disk".to_owned(),
                    text: Some("By the line.".to_owned()),
                    facts: vec![
                        fact("Free", ReportValue::Bytes(1536)),
                        fact("Share of it", ReportValue::Percent(12.34)),
                        fact("Full on", ReportValue::Time(1_795_439_016_111_211)),
                        fact("Before", ReportValue::Absent),
                    ],
                    table: None,
                },
                ReportSection {
                    title: "Log".to_owned(),
                    table: Some(ReportTable {
                        columns: vec!["Message".to_owned(), "Count".to_owned()],
                        rows: vec![
                            vec![text("\u{1b}[2Jno\nroom"), ReportValue::Count(3)],
                            vec![text("late"), ReportValue::Seconds(600.0)],
                        ],
                        omitted: 2,
                    }),
                    ..ReportSection::default()
                },
            ],
        };
        assert_eq!(
            report_text(&report),
            "Capacity: warning
Report 7, 2026-11-23 13:03 UTC, in 2.5 s

The disk is full soon

DISK
By the line.
  Free         1.5 KiB
  Share of it  12.3 %
  Full on      2026-11-23 13:03 UTC
  Before       -

LOG
  MESSAGE      COUNT
   [2Jno room  3
  late         10 min
  2 more rows left out
"
        );
    }
}
