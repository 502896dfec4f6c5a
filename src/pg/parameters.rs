//! The parameters after the `?` of a database address.

use std::path::PathBuf;
use std::time::Duration;

use postgres::Config;
use postgres::config::{ChannelBinding, Host};

use super::tls::{TlsMode, TlsRoots};

/// A database address that is being parsed.
pub(super) struct AddressDraft {
    pub(super) config: Config,
    /// Hosts with the ports written beside them.
    pub(super) hosts: Vec<(Host, Option<u16>)>,
    /// Whether `hosts` are from parameters, which replace those before the `?`.
    has_host_parameter: bool,
    /// From the `port` parameter: none, one for all, or one for each host.
    pub(super) ports: Vec<u16>,
    pub(super) mode: Option<TlsMode>,
    pub(super) roots: Option<TlsRoots>,
    pub(super) certificate: Option<PathBuf>,
    pub(super) key: Option<PathBuf>,
    pub(super) needs_writable: Option<bool>,
    pub(super) echo: bool,
    pub(super) passfile: Option<PathBuf>,
}

impl AddressDraft {
    pub(super) fn new(config: Config) -> Self {
        Self {
            config,
            hosts: Vec::new(),
            has_host_parameter: false,
            ports: Vec::new(),
            mode: None,
            roots: None,
            certificate: None,
            key: None,
            needs_writable: None,
            echo: false,
            passfile: None,
        }
    }
}

/// Sets a parameter, or returns what its value must be.
type Set = fn(&mut AddressDraft, &str) -> Result<(), &'static str>;

/// Every supported parameter, in alphabetical order. The names are libpq's
/// (PostgreSQL documentation, "Parameter Key Words"), asyncpg's `ssl` and SQLAlchemy's `echo`.
const PARAMETERS: [(&str, Set); 21] = [
    ("application_name", |draft, text| {
        draft.config.application_name(text);
        Ok(())
    }),
    ("channel_binding", |draft, text| {
        let known = [
            ("disable", ChannelBinding::Disable),
            ("prefer", ChannelBinding::Prefer),
            ("require", ChannelBinding::Require),
        ];
        let found = known.iter().find(|(name, _)| *name == text);
        draft.config.channel_binding(found.ok_or("must be disable, prefer or require")?.1);
        Ok(())
    }),
    ("connect_timeout", |draft, text| {
        draft.config.connect_timeout(seconds(text)?);
        Ok(())
    }),
    ("dbname", |draft, text| {
        draft.config.dbname(text);
        Ok(())
    }),
    ("echo", |draft, text| {
        draft.echo = flag(text)?;
        Ok(())
    }),
    ("host", set_hosts),
    ("keepalives", |draft, text| {
        draft.config.keepalives(flag(text)?);
        Ok(())
    }),
    ("keepalives_count", |draft, text| {
        let count = text.parse().ok().filter(|count| (1..=100).contains(count));
        draft.config.keepalives_retries(count.ok_or("must be a number from 1 to 100")?);
        Ok(())
    }),
    ("keepalives_idle", |draft, text| {
        draft.config.keepalives_idle(seconds(text)?);
        Ok(())
    }),
    ("keepalives_interval", |draft, text| {
        draft.config.keepalives_interval(seconds(text)?);
        Ok(())
    }),
    ("options", |draft, text| {
        draft.config.options(text);
        Ok(())
    }),
    ("passfile", |draft, text| {
        draft.passfile = Some(file(text)?);
        Ok(())
    }),
    ("password", |draft, text| {
        draft.config.password(text);
        Ok(())
    }),
    ("port", |draft, text| {
        draft.ports = text.split(',').map(port).collect::<Result<_, _>>()?;
        Ok(())
    }),
    ("sslcert", |draft, text| {
        draft.certificate = Some(file(text)?);
        Ok(())
    }),
    ("sslkey", |draft, text| {
        draft.key = Some(file(text)?);
        Ok(())
    }),
    ("sslmode", set_mode),
    ("sslrootcert", |draft, text| {
        let is_system = text == "system";
        draft.roots = Some(if is_system { TlsRoots::System } else { TlsRoots::File(file(text)?) });
        Ok(())
    }),
    ("target_session_attrs", |draft, text| {
        draft.needs_writable = match text {
            "any" => Some(false),
            "read-write" | "primary" => Some(true),
            _ => return Err("must be read-write, primary or any: UNOC needs to write"),
        };
        Ok(())
    }),
    ("tcp_user_timeout", |draft, text| {
        let ms = text.parse().map_err(|_| "must be a number of milliseconds")?;
        draft.config.tcp_user_timeout(Duration::from_millis(ms));
        Ok(())
    }),
    ("user", |draft, text| {
        draft.config.user(text);
        Ok(())
    }),
];

/// Other names of the same parameters: those of asyncpg and of the driver.
const SYNONYMS: [(&str, &str); 3] =
    [("ssl", "sslmode"), ("database", "dbname"), ("keepalives_retries", "keepalives_count")];

/// Parameters of asyncpg, SQLAlchemy and libpq that have no effect here: caches and pools of
/// another client, encryption by Kerberos.
const IGNORED: [&str; 17] = [
    "async_creator_fn",
    "async_fallback",
    "client_encoding",
    "command_timeout",
    "echo_pool",
    "fallback_application_name",
    "gssencmode",
    "max_cacheable_statement_size",
    "max_cached_statement_lifetime",
    "max_overflow",
    "pool_pre_ping",
    "pool_recycle",
    "pool_size",
    "pool_timeout",
    "prepared_statement_cache_size",
    "prepared_statement_name_func",
    "statement_cache_size",
];

/// Parses `name=value&name=value`.
///
/// # Errors
/// Names the parameter and says what it should be.
pub(super) fn read(query: &str, draft: &mut AddressDraft) -> Result<(), String> {
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) =
            pair.split_once('=').ok_or("a parameter after the ? has no =; write name=value")?;
        let (Some(name), Some(value)) = (decoded(name), decoded(value)) else {
            return Err("a parameter after the ? is not percent-encoded UTF-8".to_owned());
        };
        let synonym = SYNONYMS.iter().find(|(other, _)| *other == name);
        let name = synonym.map_or(name.as_str(), |(_, meant)| *meant);
        if IGNORED.contains(&name) {
            continue;
        }
        let Some((_, set)) = PARAMETERS.iter().find(|(known, _)| *known == name) else {
            let known = PARAMETERS.map(|(known, _)| known).join(", ");
            return Err(format!("it has an unknown parameter {name:?}; known are {known}"));
        };
        set(draft, &value).map_err(|what| format!("its {name} {what}"))?;
    }
    Ok(())
}

/// `h1,h2:5433` or `/directory`. SQLAlchemy repeats the parameter for several hosts.
fn set_hosts(draft: &mut AddressDraft, text: &str) -> Result<(), &'static str> {
    if !std::mem::replace(&mut draft.has_host_parameter, true) {
        draft.hosts.clear();
    }
    for host in text.split(',') {
        if host.starts_with('/') {
            draft.hosts.push((Host::Unix(host.into()), None));
            continue;
        }
        let (name, at) = match host.rsplit_once(':') {
            // An IPv6 address has several colons; with a port it is in brackets.
            Some((name, at)) if !name.contains(':') || name.ends_with(']') => {
                (name, Some(port(at)?))
            }
            _ => (host, None),
        };
        let name = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
        draft.hosts.push((Host::Tcp(name.to_owned()), at));
    }
    Ok(())
}

fn set_mode(draft: &mut AddressDraft, text: &str) -> Result<(), &'static str> {
    draft.mode = Some(match text {
        "disable" => TlsMode::Disable,
        "allow" | "prefer" => TlsMode::Prefer,
        "require" => TlsMode::Require,
        "verify-ca" => TlsMode::VerifyCa,
        "verify-full" => TlsMode::VerifyFull,
        _ => return Err("must be disable, allow, prefer, require, verify-ca or verify-full"),
    });
    Ok(())
}

fn flag(text: &str) -> Result<bool, &'static str> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" | "debug" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err("must be true or false"),
    }
}

/// 1 s to 10 min. Unlike libpq, 0 does not mean to wait forever.
fn seconds(text: &str) -> Result<Duration, &'static str> {
    let count = text.parse().ok().filter(|count| (1..=600).contains(count));
    Ok(Duration::from_secs(count.ok_or("must be a number of seconds from 1 to 600")?))
}

fn port(text: &str) -> Result<u16, &'static str> {
    let port = text.parse().ok().filter(|port| *port > 0);
    port.ok_or("must have ports from 1 to 65535")
}

fn file(text: &str) -> Result<PathBuf, &'static str> {
    let path = PathBuf::from(text);
    if path.is_absolute() { Ok(path) } else { Err("must be the absolute path of a file") }
}

/// Decodes percent-encoding (RFC 3986 section 2.1); `None` if it is malformed.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        let value = digit(rest.next())? * 16 + digit(rest.next())?;
        bytes.push(u8::try_from(value).ok()?);
    }
    String::from_utf8(bytes).ok()
}
