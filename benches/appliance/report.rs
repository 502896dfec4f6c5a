//! The tables: on the terminal, and between the markers of a Markdown file.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::stats::Summary;

/// What a number has to be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    AtLeast(f64),
    AtMost(f64),
    /// Shown for what it explains.
    None,
}

/// One number.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) target: Target,
    pub(crate) unit: &'static str,
    pub(crate) value: Summary,
    /// What stands behind a ratio: the two servers' own values.
    pub(crate) detail: String,
}

impl Row {
    pub(crate) fn new(what: impl Into<String>, target: Target, value: Summary) -> Self {
        Self { what: what.into(), target, unit: "x", value, detail: String::new() }
    }

    pub(crate) fn unit(mut self, unit: &'static str) -> Self {
        self.unit = unit;
        self
    }

    pub(crate) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    fn target_words(&self) -> String {
        match self.target {
            Target::AtLeast(least) => format!(">= {}{}", number(least), self.suffix()),
            Target::AtMost(most) => format!("<= {}{}", number(most), self.suffix()),
            Target::None => String::new(),
        }
    }

    /// The median decides; that every single value held is said as well.
    fn verdict(&self) -> &'static str {
        let Summary { min, median, max } = self.value;
        let (median_holds, worst_holds) = match self.target {
            Target::AtLeast(least) => (median >= least, min >= least),
            Target::AtMost(most) => (median <= most, max <= most),
            Target::None => return "",
        };
        match (median_holds, worst_holds) {
            (true, true) => "met, always",
            (true, false) => "met by the median",
            (false, _) => "**missed**",
        }
    }

    fn suffix(&self) -> String {
        if self.unit == "x" { " x".to_owned() } else { format!(" {}", self.unit) }
    }

    fn cells(&self) -> [String; 7] {
        [
            self.what.clone(),
            self.target_words(),
            format!("{}{}", number(self.value.median), self.suffix()),
            number(self.value.min),
            number(self.value.max),
            self.verdict().to_owned(),
            self.detail.clone(),
        ]
    }
}

const HEAD: [&str; 7] = ["what", "target", "median", "min", "max", "verdict", "measured values"];

/// Three digits that count, and no more.
pub(crate) fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 || size == 0.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

/// Lines up the columns for a terminal.
pub(crate) fn plain(rows: &[Row]) -> String {
    let mut lines = vec![HEAD.map(str::to_owned)];
    lines.extend(rows.iter().map(Row::cells));
    let widths: Vec<usize> = (0..HEAD.len())
        .map(|column| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0))
        .collect();
    let mut text = String::new();
    for line in lines {
        let cells = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        let joined = cells.collect::<Vec<_>>().join("  ");
        writeln!(text, "{}", joined.trim_end()).expect("writing into a String cannot fail");
    }
    text
}

fn markdown(rows: &[Row], circumstances: &str) -> String {
    let mut text = format!("{circumstances}\n\n| {} |\n", HEAD.join(" | "));
    writeln!(text, "|{}", "---|".repeat(HEAD.len())).expect("writing into a String cannot fail");
    for row in rows {
        writeln!(text, "| {} |", row.cells().join(" | "))
            .expect("writing into a String cannot fail");
    }
    text
}

/// Replaces what stands between the scenario's two markers.
///
/// # Errors
/// When the file does not have them.
pub(crate) fn write(file: &Path, scenario: &str, rows: &[Row], circumstances: &str) -> Result<()> {
    let text = fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    let open = format!("<!-- bench:{scenario} -->\n");
    let close = format!("<!-- /bench:{scenario} -->");
    let missing = || format!("{} has no markers for {scenario}", file.display());
    let (before, rest) = text.split_once(&open).with_context(missing)?;
    let (_, after) = rest.split_once(&close).with_context(missing)?;
    let table = markdown(rows, circumstances);
    fs::write(file, format!("{before}{open}{table}{close}{after}"))?;
    Ok(())
}
