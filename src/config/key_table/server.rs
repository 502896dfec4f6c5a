//! Where the server listens.

use std::ops::RangeInclusive;

use super::super::key::Key;
use super::super::rules;

/// Two browsers with six connections each and a health check need about 16; the buffers of more
/// than 100,000 connections take gigabytes.
const CONNECTIONS: RangeInclusive<u64> = 16..=100_000;
/// A browser opens up to six, and one more for events.
const CONNECTIONS_PER_ADDRESS: RangeInclusive<u64> = 8..=100_000;

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
        name: "max_connections_per_address",
        environment: &["UNOC_MAX_CONNECTIONS_PER_ADDRESS"],
        flag: Some("--max-connections-per-address"),
        default: "512",
        allowed: "8-100000",
        help: "Client connections from one address (IPv6: from one /64 network) served at a time; this host and trusted \
               proxies have no such limit.",
        secret: false,
        set: |config, text| {
            let connections = rules::number(text, CONNECTIONS_PER_ADDRESS);
            rules::put(&mut config.max_connections_per_address, connections)
        },
        shown: |config| config.max_connections_per_address.to_string(),
    },
];
