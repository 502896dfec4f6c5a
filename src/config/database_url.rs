//! The address of a PostgreSQL database: its syntax and its masked form.
//!
//! A password with an unencoded `@`, `/` or `?` makes an address ambiguous, and masking could then
//! show a part of it. Such an address is refused.

use super::Secret;
use super::rules::ValueError;
use super::secret::MASK;

/// Schemes v2 accepts, without `://`.
const SCHEMES: [&str; 3] = ["postgresql", "postgres", "postgresql+asyncpg"];

/// Longest address.
const URL_BYTES_MAX: usize = 2048;

/// Parameters of libpq (PostgreSQL documentation, section "Parameter Key Words") and of v2's driver
/// whose values are shown. Any other value is masked, since `password`, `sslpassword` and others
/// are secrets.
const SHOWN_PARAMETERS: [&str; 21] = [
    "application_name",
    "channel_binding",
    "connect_timeout",
    "dbname",
    "echo",
    "host",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "passfile",
    "port",
    "prepared_statement_cache_size",
    "ssl",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "target_session_attrs",
    "tcp_user_timeout",
    "user",
];

/// The parts of an address, RFC 3986 section 3, without the punctuation between them.
struct Parts<'a> {
    scheme: &'a str,
    user: &'a str,
    password: Option<&'a str>,
    /// Hosts with an optional `:port` each, separated by commas.
    hosts: &'a str,
    /// From the slash after the host on, or empty.
    path: &'a str,
    query: Option<&'a str>,
}

/// Checks an address; an empty text is none.
pub(super) fn check(text: &str) -> Result<Option<Secret>, ValueError> {
    if text.is_empty() {
        return Ok(None);
    }
    split(text).map(|_| Some(Secret::new(text)))
}

/// Returns an address that [`check`] accepts, with its password and every query value that may be a
/// secret masked. Any other text is masked as a whole.
pub(super) fn masked(url: &str) -> String {
    let Ok(parts) = split(url) else {
        return MASK.to_owned();
    };
    let user = match (parts.user, parts.password) {
        ("", None) => String::new(),
        (user, None) => format!("{user}@"),
        (user, Some(_)) => format!("{user}:{MASK}@"),
    };
    let query = parts.query.map(masked_query).unwrap_or_default();
    format!("{}://{user}{}{}{query}", parts.scheme, parts.hosts, parts.path)
}

fn masked_query(query: &str) -> String {
    let masked = |pair: &str| match pair.split_once('=') {
        Some((name, _)) if SHOWN_PARAMETERS.contains(&name) => pair.to_owned(),
        Some((name, _)) => format!("{name}={MASK}"),
        None => MASK.to_owned(),
    };
    format!("?{}", query.split('&').map(masked).collect::<Vec<_>>().join("&"))
}

fn split(text: &str) -> Result<Parts<'_>, ValueError> {
    if text.len() > URL_BYTES_MAX {
        return Err(ValueError::because(format!("it is longer than {URL_BYTES_MAX} bytes")));
    }
    if !text.chars().all(|c| c.is_ascii_graphic() && c != '#') {
        return Err(ValueError::because("percent-encode blanks, # and characters outside ASCII"));
    }
    let scheme_and_rest = text.split_once("://");
    let Some((scheme, rest)) = scheme_and_rest.filter(|(scheme, _)| SCHEMES.contains(scheme))
    else {
        return Err(ValueError::because("the scheme is wrong"));
    };
    let (rest, query) = match rest.split_once('?') {
        Some((rest, query)) => (rest, Some(query)),
        None => (rest, None),
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    if path.contains('@') || query.is_some_and(|query| query.contains('@')) {
        return Err(ValueError::because("percent-encode @, / and ? in the user and the password"));
    }
    let (user, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
    if user.contains('@') {
        return Err(ValueError::because("percent-encode @ in the user and the password"));
    }
    if !hosts.split(',').all(is_host) {
        return Err(ValueError::because("a host or a port is malformed"));
    }
    let (user, password) = match user.split_once(':') {
        Some((user, password)) => (user, Some(password)),
        None => (user, None),
    };
    Ok(Parts { scheme, user, password, hosts, path, query })
}

/// Whether `text` is a host name, an address, the percent-encoded directory of a local socket or
/// nothing (the usual directory), with an optional port.
fn is_host(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let name = |c: char| c.is_ascii_alphanumeric() || "-._%".contains(c);
    let host_is_valid = match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => host.chars().all(name),
    };
    host_is_valid && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn database_addresses_are_checked_and_masked() {
        let holds = |url: &str, expected: Option<&str>| {
            let shown =
                check(url).ok().map(|url| url.map(|url| masked(url.expose())).unwrap_or_default());
            assert_eq!(shown.as_deref(), expected, "{url}");
        };
        holds("", Some(""));
        holds(
            "postgresql+asyncpg://unoc:unocpw@postgres:5432/unocdb",
            Some("postgresql+asyncpg://unoc:***@postgres:5432/unocdb"),
        );
        holds("postgres://u@h/d", Some("postgres://u@h/d"));
        holds("postgresql://:pw@[::1]:5432/d", Some("postgresql://:***@[::1]:5432/d"));
        holds("postgresql:///d", Some("postgresql:///d"));
        holds(
            "postgresql://u:pw@a:5432,b,[::1]:5433/d?target_session_attrs=read-write",
            Some("postgresql://u:***@a:5432,b,[::1]:5433/d?target_session_attrs=read-write"),
        );
        holds("postgresql://u:pw@%2Frun%2Fpg/d", Some("postgresql://u:***@%2Frun%2Fpg/d"));
        holds(
            "postgresql:///d?host=/run/pg&sslrootcert=/ca.pem&echo=true&user=u&password=pw",
            Some("postgresql:///d?host=/run/pg&sslrootcert=/ca.pem&echo=true&user=u&password=***"),
        );
        holds("postgresql://u:p:w@h", Some("postgresql://u:***@h"));
        holds(
            "postgresql://h/d?password=pw&sslmode=require&p%61ssword=pw&pw",
            Some("postgresql://h/d?password=***&sslmode=require&p%61ssword=***&***"),
        );
        for url in [
            "mysql://u:p@h/d",
            "postgresql:u:p@h",
            "h/d",
            "postgresql://u:p@w@h/d",
            "postgresql://u:p/w@h/d",
            "postgresql://u:1/w@h/d",
            "postgresql://u:1?w@h/d",
            "postgresql://u:p#w@h/d",
            "postgresql://u:p w@h/d",
            "postgresql://h:99999/d",
            "postgresql://h:/d",
            "postgresql://a:1,b:x/d",
            "postgresql://[h]/d",
        ] {
            holds(url, None);
            assert_eq!(masked(url), "***");
        }
    }
}
