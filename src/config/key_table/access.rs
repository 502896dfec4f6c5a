//! Who may use the server, and from where.

use std::ops::RangeInclusive;

use super::super::key::Key;
use super::super::{access, rules};

/// From an hour to a month of 30 days.
const SESSION_IDLE_HOURS: RangeInclusive<u64> = 1..=30 * 24;

/// Up to a year of 365 days.
const SESSION_MAX_DAYS: RangeInclusive<u64> = 1..=365;

pub(super) const KEYS: &[Key] = &[
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
        name: "trusted_proxies",
        environment: &["UNOC_TRUSTED_PROXIES"],
        flag: Some("--trusted-proxies"),
        default: "",
        allowed: "addresses and networks such as `127.0.0.1` or `192.0.2.0/24`, separated by commas or blanks; \
                  or empty = none",
        help: "Reverse proxies whose X-Forwarded-For and X-Forwarded-Proto are believed.",
        secret: false,
        set: |config, text| rules::put(&mut config.trusted_proxies, access::networks(text)),
        shown: |config| access::shown_networks(&config.trusted_proxies),
    },
    Key {
        name: "insecure_no_auth",
        environment: &["UNOC_INSECURE_NO_AUTH"],
        flag: Some("--insecure-no-auth"),
        default: "0",
        allowed: rules::SWITCH,
        help: "Lets everybody who reaches the server do everything as long as there is no user.",
        secret: false,
        set: |config, text| rules::put(&mut config.insecure_no_auth, rules::switch(text)),
        shown: |config| rules::shown_switch(config.insecure_no_auth),
    },
    Key {
        name: "session_idle_hours",
        environment: &["UNOC_SESSION_IDLE_HOURS"],
        flag: Some("--session-idle-hours"),
        default: "12",
        allowed: "1-720",
        help: "How long a login lasts without a request and without an open page, in hours.",
        secret: false,
        set: |config, text| {
            rules::put(&mut config.session_idle_hours, rules::number(text, SESSION_IDLE_HOURS))
        },
        shown: |config| config.session_idle_hours.to_string(),
    },
    Key {
        name: "session_max_days",
        environment: &["UNOC_SESSION_MAX_DAYS"],
        flag: Some("--session-max-days"),
        default: "7",
        allowed: "1-365",
        help: "How long a login lasts at most, in days.",
        secret: false,
        set: |config, text| {
            rules::put(&mut config.session_max_days, rules::number(text, SESSION_MAX_DAYS))
        },
        shown: |config| config.session_max_days.to_string(),
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
];
