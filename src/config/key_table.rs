//! The table of keys: every setting, one row each.

use std::ops::RangeInclusive;

use super::key::Key;
use super::log::{LogFormat, LogLevel};
use super::rules;
use super::settings::Config;
use super::{access, backup, contacts, database_url, notices};

/// A mebibyte, the unit of the keys ending in `_mib`, has 2 to this power bytes (IEC 80000-13).
const MIB_SHIFT: u32 = 20;

/// The inner pages of a large store need 4 MiB; above 4 GiB the cache of the operating system does
/// as well.
const CACHE_MIB: RangeInclusive<u64> = 4..=4096;

/// At least 1 MiB, so that the store becomes read-only before the volume is full; at most 1 TiB.
const MIN_FREE_MIB: RangeInclusive<u64> = 1..=1 << 20;

/// Two browsers with six connections each and a health check need about 16; the buffers of more
/// than 100,000 connections take gigabytes.
const CONNECTIONS: RangeInclusive<u64> = 16..=100_000;

/// Most backups that are kept of each kind. At least the newest one is kept.
const KEEP: RangeInclusive<u64> = 0..=1000;
const KEEP_LAST: RangeInclusive<u64> = 1..=1000;

/// Up to a year of 365 days.
const STALE_HOURS: RangeInclusive<u64> = 1..=365 * 24;

/// A call takes up to 8 s; an end that is noticed after more than an hour is noticed by people.
const HEARTBEAT_INTERVAL_S: RangeInclusive<u64> = 10..=3600;

/// Every key, in the order of `unoc config show` and of the documentation.
pub(super) static KEYS: &[Key] = &[
    Key {
        name: "host",
        environment: &["UNOC_HOST"],
        flag: Some("--host"),
        default: "127.0.0.1",
        allowed: "an IP address, 0.0.0.0 or :: for all",
        help: "Address the server listens on.",
        secret: false,
        set: |config, text| rules::put(&mut config.host, rules::address(text)),
        shown: |config| config.host.to_string(),
    },
    Key {
        name: "port",
        environment: &["UNOC_PORT"],
        flag: Some("--port"),
        default: "5001",
        allowed: "0-65535, 0 = any free port",
        help: "TCP port the server listens on.",
        secret: false,
        set: |config, text| rules::put(&mut config.port, rules::number(text, 0..=u16::MAX.into())),
        shown: |config| config.port.to_string(),
    },
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
        name: "base_path",
        environment: &["UNOC_BASE_PATH"],
        flag: Some("--base-path"),
        default: "",
        allowed: "empty or a path such as /unoc, at most 256 of A-Z a-z 0-9 - . _ ~ /",
        help: "Path under which a reverse proxy serves UNOC.",
        secret: false,
        set: |config, text| rules::put(&mut config.base_path, rules::base_path(text)),
        shown: |config| config.base_path.clone(),
    },
    Key {
        name: "allowed_hosts",
        environment: &["UNOC_ALLOWED_HOSTS"],
        flag: Some("--allowed-hosts"),
        default: "",
        allowed: "names such as `noc.example.org`, `*.example.org` for all below it, `*` for any, separated by \
                  commas or blanks; or empty = only those that are always allowed",
        help: "Names under which the server is reached, besides IP addresses, localhost and the machine's own name.",
        secret: false,
        set: |config, text| rules::put(&mut config.allowed_hosts, access::hosts(text)),
        shown: |config| config.allowed_hosts.join(", "),
    },
    Key {
        name: "allowed_origins",
        environment: &["UNOC_ALLOWED_ORIGINS"],
        flag: Some("--allowed-origins"),
        default: "",
        allowed: "origins such as `https://tools.example.org:8443`, separated by commas or blanks; or empty = none",
        help: "Pages of other sites that may use the API and Socket.IO from a browser (CORS).",
        secret: false,
        set: |config, text| rules::put(&mut config.allowed_origins, access::origins(text)),
        shown: |config| config.allowed_origins.join(", "),
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
        name: "shutdown_token",
        environment: &["UNOC_SHUTDOWN_TOKEN"],
        flag: None,
        default: "",
        allowed: "8-256 characters without control characters, or empty = the request is refused",
        help: "Token that `POST /api/admin/shutdown` must carry.",
        secret: true,
        set: |config, text| rules::put(&mut config.shutdown_token, rules::token(text)),
        shown: |config| config.shutdown_token.as_ref().map(ToString::to_string).unwrap_or_default(),
    },
    Key {
        name: "shutdown_token_file",
        environment: &["UNOC_SHUTDOWN_TOKEN_FILE"],
        flag: Some("--shutdown-token-file"),
        default: "$CREDENTIALS_DIRECTORY/shutdown_token if it exists",
        allowed: "the absolute path of a file, instead of shutdown_token",
        help: "File that holds the value of shutdown_token, such as a systemd credential.",
        secret: false,
        set: |config, text| config.set_secret_file("shutdown_token", text),
        shown: |config| config.shown_secret_file("shutdown_token"),
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
        name: "max_connections",
        environment: &["UNOC_MAX_CONNECTIONS"],
        flag: Some("--max-connections"),
        default: "4096",
        allowed: "16-100000",
        help: "Client connections served at a time.",
        secret: false,
        set: |config, text| {
            rules::put(&mut config.max_connections, rules::number(text, CONNECTIONS))
        },
        shown: |config| config.max_connections.to_string(),
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
    Key {
        name: "public_url",
        environment: &["UNOC_PUBLIC_URL"],
        flag: Some("--public-url"),
        default: "",
        allowed: "an address such as `https://noc.example.org/unoc`, or empty = the address that the server listens on",
        help: "Address under which people open the page, for the links in notices.",
        secret: false,
        set: |config, text| rules::put(&mut config.public_url, notices::public_url(text)),
        shown: |config| config.public_url.clone().unwrap_or_default(),
    },
    Key {
        name: "contacts",
        environment: &["UNOC_CONTACTS"],
        flag: None,
        default: "",
        allowed: "in the file a table `[[contacts]]` each (DEPLOYMENT.md, *Who is told of incidents*); \
                  elsewhere e-mail addresses and addresses of webhooks (`https://…`, `slack+https://…`), \
                  separated by blanks; or empty = nobody is told",
        help: "Who is told of incidents, and sent which reports.",
        secret: true,
        set: |config, text| rules::put(&mut config.contacts, contacts::contacts(text)),
        shown: |config| contacts::shown_contacts(&config.contacts),
    },
    Key {
        name: "escalation",
        environment: &["UNOC_ESCALATION"],
        flag: Some("--escalation"),
        default: "",
        allowed: "in the file a table `[[escalation]]` for each step (DEPLOYMENT.md, the same section); \
                  elsewhere such as `0s: on-call; 15m: manager, boss`; or empty = all contacts at once",
        help: "Who is told how long after the beginning of an incident that nobody acknowledged.",
        secret: false,
        set: |config, text| rules::put(&mut config.escalation, contacts::escalation(text)),
        shown: |config| contacts::shown_escalation(&config.escalation),
    },
    Key {
        name: "smtp_url",
        environment: &["UNOC_SMTP_URL"],
        flag: None,
        default: "",
        allowed: "`smtp://user:password@host:587` (STARTTLS) or `smtps://user:password@host:465` (TLS), special \
                  characters percent-encoded; `smtp://host:25?tls=none` without a password; or empty = no e-mail",
        help: "Mail server that sends the notices.",
        secret: true,
        set: |config, text| rules::put(&mut config.smtp_url, notices::smtp_url(text)),
        shown: Config::shown_smtp_url,
    },
    Key {
        name: "smtp_url_file",
        environment: &["UNOC_SMTP_URL_FILE"],
        flag: Some("--smtp-url-file"),
        default: "$CREDENTIALS_DIRECTORY/smtp_url if it exists",
        allowed: "the absolute path of a file, instead of smtp_url",
        help: "File that holds the value of smtp_url, such as a systemd credential.",
        secret: false,
        set: |config, text| config.set_secret_file("smtp_url", text),
        shown: |config| config.shown_secret_file("smtp_url"),
    },
    Key {
        name: "smtp_ca_file",
        environment: &["UNOC_SMTP_CA_FILE"],
        flag: Some("--smtp-ca-file"),
        default: "",
        allowed: "an absolute path, or empty = the authorities that the system trusts",
        help: "File with the root certificates (PEM) that the mail server is trusted by.",
        secret: false,
        set: |config, text| rules::put(&mut config.smtp_ca_file, rules::optional_path(text)),
        shown: |config| rules::shown_path(config.smtp_ca_file.as_deref()),
    },
    Key {
        name: "mail_from",
        environment: &["UNOC_MAIL_FROM"],
        flag: Some("--mail-from"),
        default: "",
        allowed: "an e-mail address, or empty = unoc at the name of this host",
        help: "Sender of e-mails.",
        secret: false,
        set: |config, text| rules::put(&mut config.mail_from, notices::mail_from(text)),
        shown: |config| config.mail_from.clone().unwrap_or_default(),
    },
    Key {
        name: "heartbeat_url",
        environment: &["UNOC_HEARTBEAT_URL"],
        flag: None,
        default: "",
        allowed: "an address `https://…`, or empty = none",
        help: "Address that is called as long as the service works, so that its end is noticed (dead man's switch).",
        secret: true,
        set: |config, text| rules::put(&mut config.heartbeat_url, notices::heartbeat_url(text)),
        shown: |config| config.heartbeat_url.as_ref().map(ToString::to_string).unwrap_or_default(),
    },
    Key {
        name: "heartbeat_url_file",
        environment: &["UNOC_HEARTBEAT_URL_FILE"],
        flag: Some("--heartbeat-url-file"),
        default: "$CREDENTIALS_DIRECTORY/heartbeat_url if it exists",
        allowed: "the absolute path of a file, instead of heartbeat_url",
        help: "File that holds the value of heartbeat_url, such as a systemd credential.",
        secret: false,
        set: |config, text| config.set_secret_file("heartbeat_url", text),
        shown: |config| config.shown_secret_file("heartbeat_url"),
    },
    Key {
        name: "heartbeat_interval_s",
        environment: &["UNOC_HEARTBEAT_INTERVAL_S"],
        flag: Some("--heartbeat-interval-s"),
        default: "60",
        allowed: "10-3600",
        help: "How often heartbeat_url is called, in seconds.",
        secret: false,
        set: |config, text| {
            let interval = rules::number(text, HEARTBEAT_INTERVAL_S);
            rules::put(&mut config.heartbeat_interval_s, interval)
        },
        shown: |config| config.heartbeat_interval_s.to_string(),
    },
];
