//! Where the server listens, and who may use it.

use std::ops::RangeInclusive;

use super::super::key::Key;
use super::super::{access, rules};

/// Two browsers with six connections each and a health check need about 16; the buffers of more
/// than 100,000 connections take gigabytes.
const CONNECTIONS: RangeInclusive<u64> = 16..=100_000;

pub(super) const KEYS: &[Key] = &[
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
