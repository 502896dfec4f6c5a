//! The site: its store, its mirror in PostgreSQL, its log and its new versions.

use std::ops::RangeInclusive;

use super::super::key::Key;
use super::super::log::{LogFormat, LogLevel};
use super::super::settings::Config;
use super::super::{database_url, rules};

/// A mebibyte, the unit of the keys ending in `_mib`, has 2 to this power bytes (IEC 80000-13).
const MIB_SHIFT: u32 = 20;

/// The inner pages of a large store need 4 MiB; above 4 GiB the cache of the operating system does
/// as well.
const CACHE_MIB: RangeInclusive<u64> = 4..=4096;

/// At least 1 MiB, so that the store becomes read-only before the volume is full; at most 1 TiB.
const MIN_FREE_MIB: RangeInclusive<u64> = 1..=1 << 20;

pub(super) const KEYS: &[Key] = &[
    Key {
        name: "data_dir",
        environment: &["UNOC_DATA_DIR"],
        flag: Some("--data-dir"),
        default: "$STATE_DIRECTORY, else $XDG_STATE_HOME/unoc, else ~/.local/state/unoc",
        allowed: "an absolute path",
        help: "Directory that holds the store.",
        secret: false,
        set: |config, text| rules::put(&mut config.data_dir, rules::absolute_path(text)),
        shown: |config| config.data_dir.display().to_string(),
    },
    Key {
        name: "site_name",
        environment: &["UNOC_SITE_NAME"],
        flag: Some("--site-name"),
        default: "UNOC",
        allowed: "1-64 characters without control characters",
        help: "Name of the installation, shown in the browser.",
        secret: false,
        set: |config, text| rules::put(&mut config.site_name, rules::site_name(text)),
        shown: |config| config.site_name.clone(),
    },
    Key {
        name: "site_id",
        environment: &["UNOC_SITE_ID"],
        flag: Some("--site-id"),
        default: "",
        allowed: "a UUID, or empty = the id that the store was created with",
        help: "Identity of the site: a new host that sets it gets the site from PostgreSQL.",
        secret: false,
        set: |config, text| rules::put(&mut config.site_id, rules::site_id(text)),
        shown: |config| config.site_id.map(|id| id.to_string()).unwrap_or_default(),
    },
    Key {
        name: "dev_features",
        environment: &["UNOC_DEV_FEATURES"],
        flag: Some("--dev-features"),
        default: "1",
        allowed: rules::SWITCH,
        help: "Seeds the demo network when the store is empty, and allows the origins of v2's development page.",
        secret: false,
        set: |config, text| rules::put(&mut config.dev_features, rules::switch(text)),
        shown: |config| rules::shown_switch(config.dev_features),
    },
    Key {
        name: "use_go_traffic",
        environment: &["USE_GO_TRAFFIC", "UNOC_USE_GO_TRAFFIC"],
        flag: Some("--use-go-traffic"),
        default: "0",
        allowed: rules::SWITCH,
        help: "Accepted for compatibility with v2; it has no effect: there is no traffic engine yet.",
        secret: false,
        set: |config, text| rules::put(&mut config.use_go_traffic, rules::switch(text)),
        shown: |config| rules::shown_switch(config.use_go_traffic),
    },
    Key {
        name: "cache_mib",
        environment: &["UNOC_CACHE_MIB"],
        flag: Some("--cache-mib"),
        default: "64",
        allowed: "4-4096",
        help: "Memory for the pages of the store, in MiB.",
        secret: false,
        set: |config, text| {
            let bytes = rules::number::<u64>(text, CACHE_MIB).map(|mib| mib << MIB_SHIFT);
            let bytes = bytes.map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
            rules::put(&mut config.cache_bytes, bytes)
        },
        shown: |config| (config.cache_bytes >> MIB_SHIFT).to_string(),
    },
    Key {
        name: "min_free_mib",
        environment: &["UNOC_MIN_FREE_MIB"],
        flag: Some("--min-free-mib"),
        default: "64",
        allowed: "1-1048576",
        help: "Free space on the volume of data_dir, in MiB, below which the store is read-only.",
        secret: false,
        set: |config, text| {
            let bytes = rules::number::<u64>(text, MIN_FREE_MIB).map(|mib| mib << MIB_SHIFT);
            rules::put(&mut config.min_free_bytes, bytes)
        },
        shown: |config| (config.min_free_bytes >> MIB_SHIFT).to_string(),
    },
    Key {
        name: "database_url",
        environment: &["DATABASE_URL", "UNOC_DATABASE_URL"],
        flag: None,
        default: "",
        allowed: "postgresql://, postgres:// or postgresql+asyncpg:// user:password@host:port/name, \
                  several hosts separated by commas, special characters percent-encoded; or empty = no PostgreSQL",
        help: "Address of a PostgreSQL database.",
        secret: true,
        set: |config, text| rules::put(&mut config.database_url, database_url::check(text)),
        shown: Config::shown_database_url,
    },
    Key {
        name: "database_url_file",
        environment: &["UNOC_DATABASE_URL_FILE"],
        flag: Some("--database-url-file"),
        default: "$CREDENTIALS_DIRECTORY/database_url if it exists",
        allowed: "the absolute path of a file, instead of database_url",
        help: "File that holds the value of database_url, such as a systemd credential.",
        secret: false,
        set: |config, text| config.set_secret_file("database_url", text),
        shown: |config| config.shown_secret_file("database_url"),
    },
    Key {
        name: "log_level",
        environment: &["UNOC_LOG_LEVEL"],
        flag: Some("--log-level"),
        default: "INFO",
        allowed: "TRACE, DEBUG, INFO, WARN, WARNING, ERROR or CRITICAL (= ERROR)",
        help: "Lowest severity that is logged.",
        secret: false,
        set: |config, text| rules::put(&mut config.log_level, LogLevel::parse(text)),
        shown: |config| config.log_level.to_string(),
    },
    Key {
        name: "log_format",
        environment: &["UNOC_LOG_FORMAT"],
        flag: Some("--log-format"),
        default: "auto",
        allowed: "auto (= text), text or json",
        help: "Format of a log line.",
        secret: false,
        set: |config, text| rules::put(&mut config.log_format, LogFormat::parse(text)),
        shown: |config| config.log_format.to_string(),
    },
    Key {
        name: "upgrade_public_key",
        environment: &["UNOC_UPGRADE_PUBLIC_KEY"],
        flag: Some("--upgrade-public-key"),
        default: "",
        allowed: "a public minisign key (RW…), or empty = unsigned files are installed",
        help: "Public key that unoc upgrade verifies new versions with.",
        secret: false,
        set: |config, text| rules::put(&mut config.upgrade_public_key, rules::minisign_key(text)),
        shown: |config| config.upgrade_public_key.clone().unwrap_or_default(),
    },
];
