//! Backups: where they are, who can read them, and which are kept.

use std::ops::RangeInclusive;

use super::super::key::Key;
use super::super::{backup, rules};

/// Most backups that are kept of each kind. At least the newest one is kept.
const KEEP: RangeInclusive<u64> = 0..=1000;
const KEEP_LAST: RangeInclusive<u64> = 1..=1000;

/// Up to a year of 365 days.
const STALE_HOURS: RangeInclusive<u64> = 1..=365 * 24;

pub(super) const KEYS: &[Key] = &[
    Key {
        name: "backup_dir",
        environment: &["UNOC_BACKUP_DIR"],
        flag: Some("--backup-dir"),
        default: "",
        allowed: "an absolute path, or empty = backups inside data_dir",
        help: "Directory that holds the backups.",
        secret: false,
        set: |config, text| rules::put(&mut config.backup_dir, rules::optional_path(text)),
        shown: |config| rules::shown_path(config.backup_dir.as_deref()),
    },
    Key {
        name: "backup_recipients",
        environment: &["UNOC_BACKUP_RECIPIENTS"],
        flag: Some("--backup-recipients"),
        default: "",
        allowed: "public age keys (age1…), separated by commas or blanks; or empty = not encrypted",
        help: "Public keys that new backups are encrypted to.",
        secret: false,
        set: |config, text| rules::put(&mut config.backup_recipients, backup::recipients(text)),
        shown: |config| config.backup_recipients.join(", "),
    },
    Key {
        name: "backup_identity_file",
        environment: &["UNOC_BACKUP_IDENTITY_FILE"],
        flag: Some("--backup-identity-file"),
        default: "",
        allowed: "an absolute path, or empty",
        help: "File with secret age keys, to read backups that the key of this host does not decrypt.",
        secret: false,
        set: |config, text| {
            rules::put(&mut config.backup_identity_file, backup::identity_file(text))
        },
        shown: |config| rules::shown_path(config.backup_identity_file.as_deref()),
    },
    Key {
        name: "backup_targets",
        environment: &["UNOC_BACKUP_TARGETS"],
        flag: Some("--backup-targets"),
        default: "",
        allowed: "addresses s3://bucket/prefix, gs://bucket/prefix, az://container/prefix or file:///directory \
                  without a secret, separated by commas or blanks; or empty = no copies",
        help: "Off-host targets that each backup is copied to.",
        secret: false,
        set: |config, text| rules::put(&mut config.backup_targets, backup::targets(text)),
        shown: |config| config.backup_targets.join(", "),
    },
    Key {
        name: "backup_keep_last",
        environment: &["UNOC_BACKUP_KEEP_LAST"],
        flag: Some("--backup-keep-last"),
        default: "3",
        allowed: "1-1000",
        help: "Number of newest backups that are kept.",
        secret: false,
        set: |config, text| {
            rules::put(&mut config.backup_keep_last, rules::number(text, KEEP_LAST))
        },
        shown: |config| config.backup_keep_last.to_string(),
    },
    Key {
        name: "backup_keep_daily",
        environment: &["UNOC_BACKUP_KEEP_DAILY"],
        flag: Some("--backup-keep-daily"),
        default: "7",
        allowed: "0-1000",
        help: "Number of days of which the newest backup is kept.",
        secret: false,
        set: |config, text| rules::put(&mut config.backup_keep_daily, rules::number(text, KEEP)),
        shown: |config| config.backup_keep_daily.to_string(),
    },
    Key {
        name: "backup_keep_weekly",
        environment: &["UNOC_BACKUP_KEEP_WEEKLY"],
        flag: Some("--backup-keep-weekly"),
        default: "5",
        allowed: "0-1000",
        help: "Number of weeks of which the newest backup is kept.",
        secret: false,
        set: |config, text| rules::put(&mut config.backup_keep_weekly, rules::number(text, KEEP)),
        shown: |config| config.backup_keep_weekly.to_string(),
    },
    Key {
        name: "backup_keep_monthly",
        environment: &["UNOC_BACKUP_KEEP_MONTHLY"],
        flag: Some("--backup-keep-monthly"),
        default: "12",
        allowed: "0-1000",
        help: "Number of months of which the newest backup is kept.",
        secret: false,
        set: |config, text| rules::put(&mut config.backup_keep_monthly, rules::number(text, KEEP)),
        shown: |config| config.backup_keep_monthly.to_string(),
    },
    Key {
        name: "backup_stale_hours",
        environment: &["UNOC_BACKUP_STALE_HOURS"],
        flag: Some("--backup-stale-hours"),
        default: "36",
        allowed: "1-8760",
        help: "Age of the newest verified backup, in hours, at which health becomes degraded.",
        secret: false,
        set: |config, text| {
            rules::put(&mut config.backup_stale_hours, rules::number(text, STALE_HOURS))
        },
        shown: |config| config.backup_stale_hours.to_string(),
    },
];
