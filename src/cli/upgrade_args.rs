//! The grammar of `unoc upgrade` and `unoc rollback`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Args};

/// Seconds that the new program has to work, by default.
const HEALTHY_FOR: &str = "60s";

#[derive(Args)]
#[command(group(ArgGroup::new("what").required(true)))]
pub(super) struct UpgradeArgs {
    /// The new program
    #[arg(group = "what")]
    pub(super) file: Option<PathBuf>,
    /// End an upgrade or a rollback that was interrupted
    #[arg(long = "continue", group = "what")]
    pub(super) continues: bool,
    /// Show how far the last upgrade is, and change nothing
    #[arg(long, group = "what")]
    pub(super) status: bool,
    /// The SHA-256 that FILE must have. By default that in FILE.sha256, if there is one
    #[arg(long, value_name = "HEX", requires = "file")]
    pub(super) sha256: Option<String>,
    /// Check everything and show what would be done, and change nothing
    #[arg(long, requires = "file")]
    pub(super) dry_run: bool,
    /// Do not ask for confirmation
    #[arg(long)]
    pub(super) yes: bool,
    /// Install an older version, if it can open the store
    #[arg(long, requires = "file")]
    pub(super) allow_downgrade: bool,
    /// Do not back up the site before; the store is saved in any case
    #[arg(long, requires = "file")]
    pub(super) without_backup: bool,
    /// How long the new version has to work before the upgrade is done, such as 60s or 5m
    #[arg(long, value_name = "SPAN", default_value = HEALTHY_FOR, value_parser = span)]
    pub(super) healthy_for: Duration,
    #[command(flatten)]
    pub(super) host: InstalledArgs,
}

#[derive(Args)]
pub(super) struct RollbackArgs {
    /// Show what would be done, and change nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Do not ask for confirmation
    #[arg(long)]
    pub(super) yes: bool,
    #[command(flatten)]
    pub(super) host: InstalledArgs,
}

/// What is installed where.
#[derive(Args)]
pub(super) struct InstalledArgs {
    /// Name of the service
    #[arg(long, value_name = "NAME", default_value = "unoc")]
    pub(super) service: String,
    /// The installed program
    #[arg(long, value_name = "FILE", default_value = "/usr/bin/unoc")]
    pub(super) binary: PathBuf,
}

/// Parses the value of --healthy-for: at most a day.
fn span(text: &str) -> Result<Duration, String> {
    let error = || "use a span up to 24h, such as 60s, 5m or 1h".to_owned();
    let units = [('s', 1), ('m', 60), ('h', 60 * 60)];
    let spans = units.into_iter().find_map(|(unit, unit_s)| {
        let count: u64 = text.strip_suffix(unit)?.parse().ok()?;
        count.checked_mul(unit_s)
    });
    let seconds = spans.filter(|seconds| *seconds <= 24 * 60 * 60).ok_or_else(error)?;
    Ok(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_has_a_unit_and_ends_within_a_day() {
        let seconds = |text| span(text).map(|span| span.as_secs()).ok();
        assert_eq!(["0s", "90s", "5m", "24h"].map(seconds), [0, 90, 300, 86_400].map(Some));
        assert_eq!(["", "60", "1d", "25h", "s", "-1s"].map(seconds), [None; 6]);
    }
}
