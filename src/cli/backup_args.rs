//! The grammar of the commands about backups and restores.

use std::path::PathBuf;

use clap::{ArgGroup, Args};

#[derive(clap::Subcommand)]
pub(super) enum BackupAction {
    /// Back up the site, verify the backup, and copy it off the host
    Now,
    /// Show the backups, and whether the site can be restored
    List {
        /// Search the off-host targets for backups that this host does not list
        #[arg(long)]
        offhost: bool,
    },
    /// Restore a backup into a scratch store and compare it; the site does not change
    Verify {
        /// ID of a backup, or a file
        #[arg(default_value = "latest")]
        backup: String,
        /// Check that the secret key in this file, such as the key of a printed recovery kit,
        /// decrypts the backup
        #[arg(long, value_name = "FILE")]
        identity: Option<PathBuf>,
    },
    /// Write the SQL text of a backup to standard output, for psql
    Cat {
        /// ID of a backup, or a file
        backup: String,
        /// File with the secret key
        #[arg(long, value_name = "FILE")]
        identity: Option<PathBuf>,
    },
    /// Generate a pair of keys and print a recovery kit to keep in a safe
    Keygen,
    /// Remove backups that the retention rules do not keep
    Prune {
        /// Show what would be removed, and remove nothing
        #[arg(long)]
        dry_run: bool,
    },
}

#[derive(Args)]
#[command(group(ArgGroup::new("what").required(true)))]
pub(super) struct RestoreArgs {
    /// ID of a backup, `latest`, or a file, which may be a pg_dump of UNOC v2
    #[arg(group = "what")]
    pub(super) backup: Option<String>,
    /// Undo the last restore
    #[arg(long, group = "what")]
    pub(super) undo: bool,
    /// Show what would change, and change nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Do not ask for confirmation
    #[arg(long)]
    pub(super) yes: bool,
    /// File with the secret key
    #[arg(long, value_name = "FILE", conflicts_with = "undo")]
    pub(super) identity: Option<PathBuf>,
}
