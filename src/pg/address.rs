//! Parsing a database address as libpq, v2 and SQLAlchemy write it.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use postgres::Config;
use postgres::config::Host;

use super::error::PgError;
use super::parameters::{self, AddressDraft};
use super::tls::{TlsMode, TlsPolicy, TlsRoots};
use crate::util::error_chain;

/// The schemes of libpq and of v2, whose scheme names its driver.
const SCHEMES: [&str; 3] = ["postgresql://", "postgres://", "postgresql+asyncpg://"];
/// PostgreSQL's default port (`DEF_PGPORT`).
const PORT: u16 = 5432;
/// The socket directories of Debian's packages and of PostgreSQL's own.
pub(super) const SOCKET_DIRECTORIES: [&str; 2] = ["/var/run/postgresql", "/tmp"];
/// A host on the same network answers in milliseconds, and several hosts are tried in turn.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A session idle for this long is probed, so that firewalls do not drop it.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(10);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
const KEEPALIVE_RETRIES: u32 = 3;
/// The connection ends when the peer's kernel does not acknowledge data for this long.
const USER_TIMEOUT: Duration = Duration::from_secs(15);

/// A parsed database address.
#[derive(Clone)]
pub(super) struct DatabaseAddress {
    /// Everything except the hosts.
    pub(super) config: Config,
    /// Not empty; tried in this order.
    pub(super) endpoints: Vec<Endpoint>,
    pub(super) tls: TlsPolicy,
    pub(super) echo: bool,
    pub(super) passfile: Option<PathBuf>,
}

/// A host and port where a server may listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) host: Host,
    pub(super) port: u16,
}

impl Endpoint {
    /// The path of a local socket, with the name that PostgreSQL gives it.
    pub(super) fn socket_file(&self) -> Option<PathBuf> {
        match &self.host {
            Host::Unix(directory) => Some(directory.join(format!(".s.PGSQL.{}", self.port))),
            Host::Tcp(_) => None,
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Unix(directory) => write!(f, "{}:{}", directory.display(), self.port),
            Host::Tcp(name) if name.contains(':') => write!(f, "[{name}]:{}", self.port),
            Host::Tcp(name) => write!(f, "{name}:{}", self.port),
        }
    }
}

/// Parses an address.
///
/// # Errors
/// [`PgError::Address`] names the part that cannot be used. It never quotes a value, which may be a
/// secret.
pub(super) fn parse(url: &str) -> Result<DatabaseAddress, PgError> {
    read(url).map_err(PgError::Address)
}

fn read(url: &str) -> Result<DatabaseAddress, String> {
    let rest = SCHEMES.iter().find_map(|scheme| url.strip_prefix(scheme));
    let rest = rest.ok_or_else(|| format!("it must begin with {}", SCHEMES.join(" or ")))?;
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    if place.matches('@').count() > 1 || query.contains('@') {
        return Err("percent-encode @, / and ? in the user and the password".to_owned());
    }
    let config = format!("postgresql://{place}").parse::<Config>();
    let config = config.map_err(|error| error_chain(&error))?;
    let mut draft = AddressDraft::new(Config::new());
    copy_login(&config, &mut draft.config);
    for (index, host) in config.get_hosts().iter().enumerate() {
        draft.hosts.push((host.clone(), config.get_ports().get(index).copied()));
    }
    draft.config.application_name("unoc");
    draft.config.connect_timeout(CONNECT_TIMEOUT);
    draft.config.keepalives_idle(KEEPALIVE_IDLE);
    draft.config.keepalives_interval(KEEPALIVE_INTERVAL);
    draft.config.keepalives_retries(KEEPALIVE_RETRIES);
    draft.config.tcp_user_timeout(USER_TIMEOUT);
    parameters::read(query, &mut draft)?;
    finish(draft)
}

/// Copies all but the hosts: the driver can only add hosts, and each connection needs exactly one.
fn copy_login(from: &Config, to: &mut Config) {
    if let Some(user) = from.get_user() {
        to.user(user);
    }
    if let Some(password) = from.get_password() {
        to.password(password);
    }
    if let Some(database) = from.get_dbname() {
        to.dbname(database);
    }
}

fn finish(mut draft: AddressDraft) -> Result<DatabaseAddress, String> {
    let endpoints = endpoints(&draft)?;
    if draft.needs_writable.unwrap_or(draft.hosts.len() > 1) {
        // Of several hosts only one is writable; a replica would refuse every round.
        draft.config.target_session_attrs(postgres::config::TargetSessionAttrs::ReadWrite);
    }
    let is_system = draft.roots == Some(TlsRoots::System);
    let mode = match draft.mode {
        None if is_system => TlsMode::VerifyFull,
        // As in libpq: anybody can get a certificate that the system's roots have signed.
        Some(TlsMode::Prefer | TlsMode::Require | TlsMode::VerifyCa) if is_system => {
            return Err("sslrootcert=system needs sslmode=verify-full".to_owned());
        }
        // For the same reason, the system's roots are no default for verify-ca.
        Some(TlsMode::VerifyCa) if draft.roots.is_none() => {
            return Err("sslmode=verify-ca needs sslrootcert=FILE; or use verify-full".to_owned());
        }
        mode => mode.unwrap_or(TlsMode::Prefer),
    };
    let identity = match (draft.certificate, draft.key) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        _ => return Err("sslcert and sslkey belong together".to_owned()),
    };
    let tls = TlsPolicy { mode, roots: draft.roots, identity };
    let AddressDraft { config, echo, passfile, .. } = draft;
    Ok(DatabaseAddress { config, endpoints, tls, echo, passfile })
}

fn endpoints(draft: &AddressDraft) -> Result<Vec<Endpoint>, String> {
    let ports = &draft.ports;
    if draft.hosts.is_empty() {
        let port = ports.first().copied().unwrap_or(PORT);
        return Ok(local(port));
    }
    if ports.len() > 1 && ports.len() != draft.hosts.len() {
        return Err("give port once, or once for each host".to_owned());
    }
    let mut endpoints = Vec::new();
    for (index, (host, port)) in draft.hosts.iter().enumerate() {
        let common = ports.get(index).or(ports.first()).copied();
        let port = common.or(*port).unwrap_or(PORT);
        match host {
            Host::Tcp(name) if name.is_empty() => endpoints.extend(local(port)),
            host => endpoints.push(Endpoint { host: host.clone(), port }),
        }
    }
    Ok(endpoints)
}

/// The sockets of a local server, for an address without a host.
fn local(port: u16) -> Vec<Endpoint> {
    SOCKET_DIRECTORIES.map(|path| Endpoint { host: Host::Unix(path.into()), port }).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The address in short: login and hosts, then what differs from the defaults.
    fn describe(url: &str) -> String {
        let address = match parse(url) {
            Ok(address) => address,
            Err(error) => return error.to_string(),
        };
        let config = &address.config;
        let password = config.get_password().map(String::from_utf8_lossy);
        let hosts = address.endpoints.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let mut text = format!(
            "{}:{}@{hosts}/{}",
            config.get_user().unwrap_or_default(),
            password.unwrap_or_default(),
            config.get_dbname().unwrap_or_default()
        );
        let mut add = |name: &str, value: String, default: &str| {
            if value != default {
                text = format!("{text} {name}={value}");
            }
        };
        add("app", config.get_application_name().unwrap_or_default().to_owned(), "unoc");
        add("timeout", format!("{:?}", config.get_connect_timeout()), "Some(5s)");
        add("keepalives", config.get_keepalives().to_string(), "true");
        add("idle", format!("{:?}", config.get_keepalives_idle()), "10s");
        add("attrs", format!("{:?}", config.get_target_session_attrs()), "Any");
        add("binding", format!("{:?}", config.get_channel_binding()), "Prefer");
        add("tls", format!("{:?}", address.tls.mode), "Prefer");
        add("roots", format!("{:?}", address.tls.roots), "None");
        add("identity", format!("{:?}", address.tls.identity), "None");
        add("passfile", format!("{:?}", address.passfile), "None");
        add("echo", address.echo.to_string(), "false");
        text
    }

    #[test]
    fn hosts_and_logins_are_parsed_as_in_libpq() {
        let holds = |url: &str, expected: &str| assert_eq!(describe(url), expected, "{url}");
        holds("postgresql://u:p@h:6432/d", "u:p@h:6432/d");
        holds("postgres://u@h/d", "u:@h:5432/d");
        holds("postgresql+asyncpg://unoc:p%40w@db/unocdb", "unoc:p@w@db:5432/unocdb");
        holds("postgresql://u@[::1]:5433/d", "u:@[::1]:5433/d");
        holds("postgresql://a:1,b,[::1]:3/d?target_session_attrs=any", ":@a:1,b:5432,[::1]:3/d");
        holds("postgresql://a,b/d", ":@a:5432,b:5432/d attrs=ReadWrite");
        holds("postgresql:///d", ":@/var/run/postgresql:5432,/tmp:5432/d");
        holds("postgresql://u@/d?port=5433", "u:@/var/run/postgresql:5433,/tmp:5433/d");
        holds("postgresql://u@:5433/d", "u:@/var/run/postgresql:5433,/tmp:5433/d");
        holds("postgresql:///d?host=/run/pg", ":@/run/pg:5432/d");
        holds("postgresql://%2Frun%2Fpg:5433/d", ":@/run/pg:5433/d");
        holds("postgresql:///d?host=%2Frun%2Fpg&port=5433", ":@/run/pg:5433/d");
        holds("postgresql://x/d?host=h&port=5433&user=u&password=p&dbname=e", "u:p@h:5433/e");
        let several = ":@a:1,b:2/d attrs=ReadWrite";
        holds("postgresql:///d?host=a:1&host=b:2", several);
        holds("postgresql:///d?host=a,b&port=1,2", several);
        holds("postgresql://a,b/d?port=1,2&target_session_attrs=primary", several);
        holds("postgresql:///d?host=::1,[::2]:7", ":@[::1]:5432,[::2]:7/d attrs=ReadWrite");
    }

    #[test]
    fn parameters_are_parsed_and_those_of_other_clients_ignored() {
        let holds = |query: &str, expected: &str| {
            let expected = format!(":@h:5432/d {expected}");
            assert_eq!(
                describe(&format!("postgresql://h/d?{query}")),
                expected.trim_end(),
                "{query}"
            );
        };
        holds("", "");
        holds("echo=true", "echo=true");
        holds("echo=False&echo_pool=1&prepared_statement_cache_size=0&command_timeout=60", "");
        holds("statement_cache_size=0&async_fallback=true&", "");
        holds("application_name=unoc%20two", "app=unoc two");
        holds("connect_timeout=30", "timeout=Some(30s)");
        holds("keepalives=0", "keepalives=false");
        holds("keepalives_idle=60&keepalives_interval=5&keepalives_count=2", "idle=60s");
        holds("target_session_attrs=read-write", "attrs=ReadWrite");
        holds("channel_binding=require", "binding=Require");
        holds("passfile=/p", "passfile=Some(\"/p\")");
        for (text, mode) in
            [("disable", "Disable"), ("require", "Require"), ("verify-full", "VerifyFull")]
        {
            holds(&format!("sslmode={text}"), &format!("tls={mode}"));
            holds(&format!("ssl={text}"), &format!("tls={mode}"));
        }
        holds("sslmode=allow", "");
        holds("sslrootcert=/c.pem", "roots=Some(File(\"/c.pem\"))");
        holds("sslmode=verify-ca&sslrootcert=/c", "tls=VerifyCa roots=Some(File(\"/c\"))");
        holds("sslrootcert=system", "tls=VerifyFull roots=Some(System)");
        holds("sslcert=/c&sslkey=/k", "identity=Some((\"/c\", \"/k\"))");
    }

    #[test]
    fn errors_name_the_part_and_what_to_do() {
        let holds = |url: &str, expected: &str| {
            let text = describe(url);
            assert!(text.starts_with("the database address cannot be used: "), "{url}: {text}");
            assert!(text.contains(expected), "{url}: {text}");
        };
        holds("mysql://h/d", "postgresql+asyncpg://");
        holds("postgresql://u:p@w@h/d", "percent-encode @");
        holds("postgresql://h:99999/d", "port");
        for (query, expected) in [
            ("colour=red", "unknown parameter \"colour\"; known are application_name"),
            ("echo", "write name=value"),
            ("echo=maybe", "its echo must be true or false"),
            ("sslmode=maybe", "its sslmode must be disable, allow, prefer"),
            ("ssl=true", "its sslmode must be disable, allow, prefer"),
            ("sslrootcert=ca.pem", "its sslrootcert must be the absolute path"),
            ("sslcert=/c", "sslcert and sslkey belong together"),
            ("sslrootcert=system&sslmode=require", "needs sslmode=verify-full"),
            ("sslmode=verify-ca", "needs sslrootcert=FILE"),
            ("target_session_attrs=standby", "must be read-write, primary or any"),
            ("connect_timeout=0", "its connect_timeout must be a number of seconds"),
            ("host=h:x", "its host must have ports from 1 to 65535"),
            ("host=a,b,c&port=1,2", "once for each host"),
            ("application_name=%zz", "percent-encoded"),
        ] {
            holds(&format!("postgresql://h/d?{query}"), expected);
        }
    }
}
