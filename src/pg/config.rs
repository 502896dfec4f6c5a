//! The configuration of a connection, from a database address.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use postgres::config::{Host, SslMode, SslNegotiation};
use postgres::{Client, SimpleQueryMessage};

use super::address::{self, DatabaseAddress, Endpoint};
use super::error::PgError;
use super::passfile;
use super::timeout_stream::ConnectionControl;
use super::tls::Negotiator;

/// Where PostgreSQL is and how to connect to it.
#[derive(Clone)]
pub struct PgConfig {
    address: DatabaseAddress,
    /// Whether each statement is logged with its duration and rows (`?echo=true`).
    pub(super) echo: bool,
    /// The password file, for an address without a password.
    passfile: Option<PathBuf>,
}

/// What [`PgConfig::check`] finds out about a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerInfo {
    /// For example `18.1 (Debian 18.1-1)`.
    pub version: String,
    /// Whether the session is encrypted; behind a pooler, whether the pooler's session is.
    pub is_encrypted: bool,
}

impl PgConfig {
    /// Parses an address as v2 and libpq write it.
    ///
    /// # Errors
    /// [`PgError::Address`] names the part that cannot be used. It never quotes a value.
    pub fn parse(url: &str) -> Result<Self, PgError> {
        let address = address::parse(url)?;
        let (echo, passfile) = (address.echo, address.passfile.clone());
        Ok(Self { address, echo, passfile })
    }

    /// Returns every password in the password file, for those who must not pass one on.
    pub fn passwords_in_file(&self) -> Vec<String> {
        self.passfile.as_deref().map(passfile::passwords).unwrap_or_default()
    }

    /// Sets the password file, unless the address names one.
    #[must_use]
    pub fn with_passfile(mut self, path: Option<PathBuf>) -> Self {
        self.passfile = self.passfile.or(path);
        self
    }

    /// Checks the files that the address names; each connection reads them again.
    ///
    /// # Errors
    /// [`PgError::Tls`] names the file and what is wrong with it.
    pub fn check_files(&self) -> Result<(), PgError> {
        self.address.tls.negotiator(&ConnectionControl::default()).map(drop)
    }

    /// The same for another database on the same server.
    #[must_use]
    pub(super) fn with_database(&self, name: &str) -> Self {
        let mut other = self.clone();
        other.address.config.dbname(name);
        other
    }

    /// Logs in and returns what the server is. Blocks: not for use within an asynchronous runtime.
    ///
    /// # Errors
    /// [`PgError`] when the login fails or the server ends the session.
    pub fn check(&self) -> Result<ServerInfo, PgError> {
        let mut client = self.connect(&ConnectionControl::default())?;
        // A simple query, since a named statement may be lost behind a pooler.
        let answer = client.simple_query(
            "SELECT current_setting('server_version'), \
             coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false)",
        )?;
        let row = answer.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        let text = |index| row.and_then(|row| row.get(index)).unwrap_or_default();
        Ok(ServerInfo { version: text(0).to_owned(), is_encrypted: text(1) == "t" })
    }

    /// Whether a server answers at any host of the address. It is asked whether it offers TLS,
    /// which needs no login. An accepted connection is not enough: proxies accept without a server.
    /// `timeout` applies to each step at each address of each host.
    #[must_use]
    pub fn is_reachable(&self, timeout: Duration) -> bool {
        self.address.endpoints.iter().any(|endpoint| answers(endpoint, timeout).is_ok())
    }

    /// Connects and logs in; tries each host of the address in turn. `control` applies to the calls
    /// of the client. During the login, the connect timeout replaces the stall timeout.
    ///
    /// # Errors
    /// [`PgError::Tls`] when a certificate cannot be read, [`PgError::NoPassword`] when the server
    /// asks for a password and there is none, [`PgError::Postgres`] when the host cannot be used,
    /// [`PgError::Hosts`] when none of several hosts can be used.
    pub(super) fn connect(&self, control: &ConnectionControl) -> Result<Client, PgError> {
        let negotiator = self.address.tls.negotiator(control)?;
        let mut failures = Vec::new();
        for endpoint in &self.address.endpoints {
            let (password, reason) = self.password(endpoint);
            match self.log_in(endpoint, &negotiator, control, password) {
                Ok(client) => return Ok(client),
                Err(error) if lacks_password(&error) => {
                    return Err(PgError::NoPassword(reason));
                }
                Err(error) => failures.push((endpoint.to_string(), error)),
            }
        }
        match failures.pop() {
            Some((_, only)) if failures.is_empty() => Err(PgError::Postgres(only)),
            last => {
                failures.extend(last);
                Err(PgError::Hosts(failures))
            }
        }
    }

    /// The password for an endpoint from the password file, or why the file is not used. It is read
    /// for each connection, so that a changed password needs no restart.
    fn password(&self, endpoint: &Endpoint) -> (Option<String>, Option<String>) {
        let config = &self.address.config;
        match &self.passfile {
            Some(path) if config.get_password().is_none() => {
                match passfile::find(path, endpoint, config) {
                    Ok(password) => (password, None),
                    Err(reason) => (None, Some(reason)),
                }
            }
            _ => (None, None),
        }
    }

    fn log_in(
        &self,
        endpoint: &Endpoint,
        negotiator: &Negotiator,
        control: &ConnectionControl,
        password: Option<String>,
    ) -> Result<Client, postgres::Error> {
        let mut config = self.address.config.clone();
        if let Some(password) = password {
            config.password(password);
        }
        let mut negotiator = negotiator.clone();
        config.port(endpoint.port);
        match &endpoint.host {
            Host::Tcp(name) => {
                config.host(name);
                config.ssl_mode(SslMode::Require);
                config.ssl_negotiation(SslNegotiation::Direct);
            }
            // As in libpq, a local socket has no TLS. The driver does not hand such a socket over,
            // so it has no stall timeout. The kernel reports when the server's process is gone.
            Host::Unix(directory) => {
                config.host_path(directory);
                config.ssl_mode(SslMode::Disable);
                negotiator.encrypt = None;
            }
        }
        let timeout = config.get_connect_timeout().copied().unwrap_or(Duration::MAX);
        control.with_stall_timeout(timeout, || config.connect(negotiator))
    }
}

/// Whether the server asks for a password and there is none; the driver has no error code for that.
fn lacks_password(error: &postgres::Error) -> bool {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    cause.is_some_and(|cause| cause == "password missing")
}

/// SSLRequest: its length and its code (PostgreSQL documentation, "Message Formats"). The server
/// answers with one byte; closing the connection then leaves no entry in its log.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

fn answers(endpoint: &Endpoint, timeout: Duration) -> io::Result<()> {
    match &endpoint.host {
        Host::Unix(_) => {
            let path = endpoint.socket_file().ok_or(io::ErrorKind::NotFound)?;
            let socket = UnixStream::connect(path)?;
            socket.set_read_timeout(Some(timeout))?;
            ask(socket)
        }
        Host::Tcp(name) => {
            let mut last = io::Error::from(io::ErrorKind::NotFound);
            for address in (name.as_str(), endpoint.port).to_socket_addrs()? {
                let asked = TcpStream::connect_timeout(&address, timeout).and_then(|socket| {
                    socket.set_read_timeout(Some(timeout))?;
                    ask(socket)
                });
                match asked {
                    Ok(()) => return Ok(()),
                    Err(error) => last = error,
                }
            }
            Err(last)
        }
    }
}

fn ask(mut socket: impl Read + Write) -> io::Result<()> {
    socket.write_all(&SSL_REQUEST)?;
    socket.read_exact(&mut [0])
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// A server without TLS that accepts every login and never answers a statement. The bytes are
    /// PostgreSQL's ("Message Formats").
    fn silent_server() -> (String, std::thread::JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("postgresql://u@{}/d", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            let (mut socket, _) = listener.accept().unwrap();
            socket.read_exact(&mut [0; 8]).unwrap();
            socket.write_all(b"N").unwrap();
            let mut length = [0; 4];
            socket.read_exact(&mut length).unwrap();
            let rest = usize::try_from(u32::from_be_bytes(length)).unwrap() - length.len();
            socket.read_exact(&mut vec![0; rest]).unwrap();
            // AuthenticationOk, then ReadyForQuery outside a transaction.
            socket.write_all(b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I").unwrap();
            // Ends when the client closes the connection, with an error or without.
            io::copy(&mut socket, &mut io::sink()).ok();
        });
        (url, server)
    }

    #[test]
    fn a_call_to_a_silent_server_fails_after_its_stall_timeout() {
        let (url, server) = silent_server();
        let control = ConnectionControl::new(Duration::from_secs(3600));
        let mut client = PgConfig::parse(&url).unwrap().connect(&control).unwrap();
        let limit = Duration::from_millis(60);
        let error =
            control.with_stall_timeout(limit, || client.batch_execute("SELECT 1")).unwrap_err();
        assert!(PgError::from(error).to_string().contains("no progress for 60ms"));
        assert!(client.is_closed());
        // Closing the connection does not wait again.
        drop(client);
        server.join().unwrap();
    }

    #[test]
    fn abort_fails_a_call_that_waits_for_the_server() {
        let (url, server) = silent_server();
        let control = ConnectionControl::new(Duration::from_secs(3600));
        let mut client = PgConfig::parse(&url).unwrap().connect(&control).unwrap();
        let ender = std::thread::spawn({
            let control = control.clone();
            move || control.abort()
        });
        let error = client.batch_execute("SELECT 1").unwrap_err();
        assert!(PgError::from(error).to_string().contains("aborted"));
        ender.join().unwrap();
        drop(client);
        server.join().unwrap();
    }

    #[test]
    fn only_a_host_that_answers_is_reachable() {
        let reachable = |hosts: &str| {
            let config = PgConfig::parse(&format!("postgresql://{hosts}/d")).unwrap();
            config.is_reachable(Duration::from_millis(300))
        };
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = silent.local_addr().unwrap().port();
        assert!(!reachable(&format!("127.0.0.1:{port}")));
        // Port 1 (tcpmux) is closed everywhere.
        assert!(!reachable("127.0.0.1:1"));
        assert!(!reachable("%2Fnonexistent"));

        let answering = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = answering.local_addr().unwrap().port();
        let server = std::thread::spawn(move || {
            let (mut socket, _) = answering.accept().unwrap();
            socket.read_exact(&mut [0; 8]).unwrap();
            socket.write_all(b"N").unwrap();
        });
        let config = PgConfig::parse(&format!("postgresql://127.0.0.1:1,127.0.0.1:{port}/d"));
        assert!(config.unwrap().is_reachable(Duration::from_secs(10)));
        server.join().unwrap();
    }

    #[test]
    fn the_error_names_each_host_and_its_reason() {
        let config = PgConfig::parse("postgresql://u@127.0.0.1:1,127.0.0.1:1/d").unwrap();
        let Err(error) = config.connect(&ConnectionControl::default()) else {
            panic!("port 1 is closed")
        };
        let text = error.to_string();
        assert_eq!(text.matches("127.0.0.1:1: ").count(), 2, "{text}");
        assert!(text.contains("refused"), "{text}");
    }
}
