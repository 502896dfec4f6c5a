//! The grammar of `unoc audit`.

use std::path::PathBuf;

use clap::Args;

use crate::domain::Timestamp;
use crate::query::AuditFormat;
use crate::store::AuditOutcome;
use crate::wire::Time;

#[derive(clap::Subcommand)]
pub(super) enum AuditAction {
    /// List rows, newest first
    List(AuditListArgs),
    /// Compute the hash of every row again and look for the rows that backups and PostgreSQL know; exit
    /// with 1 if the trail is not as it was written
    Verify,
    /// Accept the problems that verify finds, after somebody has looked into them: the job audit does not
    /// fail because of them any longer
    Accept {
        /// Why they are accepted
        #[arg(long)]
        reason: String,
    },
    /// Write the whole trail into a file
    Export {
        /// The file; - is standard output
        file: PathBuf,
        /// jsonl with the changes, or csv without them
        #[arg(long, value_name = "FORMAT", default_value = "jsonl", value_parser = format)]
        format: AuditFormat,
    },
}

#[derive(Args)]
pub(super) struct AuditListArgs {
    /// How many rows at most
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub(super) limit: u64,
    /// Only rows with a smaller number
    #[arg(long, value_name = "ID")]
    pub(super) before: Option<u64>,
    /// Only rows whose actor has this part
    #[arg(long, value_name = "TEXT")]
    pub(super) actor: Option<String>,
    /// Only rows whose action has this part
    #[arg(long, value_name = "TEXT")]
    pub(super) action: Option<String>,
    /// Only what was done, or what was refused
    #[arg(long, value_name = "done|refused", value_parser = outcome)]
    pub(super) outcome: Option<AuditOutcome>,
    /// Only rows with this part in actor, address, request id, action or details
    #[arg(long, value_name = "TEXT")]
    pub(super) text: Option<String>,
    /// Only rows from this time on, such as 2026-11-29T12:00:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(super) from: Option<Timestamp>,
    /// Only rows before this time
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(super) to: Option<Timestamp>,
}

fn format(word: &str) -> Result<AuditFormat, String> {
    AuditFormat::parse(word).ok_or_else(|| "use jsonl or csv".to_owned())
}

fn outcome(word: &str) -> Result<AuditOutcome, String> {
    AuditOutcome::parse(word).ok_or_else(|| "use done or refused".to_owned())
}

fn time(text: &str) -> Result<Timestamp, String> {
    Time::parse(text).ok_or_else(|| "use a time such as 2026-11-29T12:00:00Z".to_owned())
}
