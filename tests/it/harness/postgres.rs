//! A real PostgreSQL server of one test, on loopback and on a local socket.
//!
//! Each test has a server of its own: a copy of a prepared data directory is there at once, and no
//! test sees another one's faults. The server ends with the thread that started it, however it ends.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use postgres::{Client, NoTls, SimpleQueryMessage};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::certificates::{self, Identity};
use super::{unprivileged, wait};
use crate::harness::skip;

/// The superuser and the database that every server has.
pub(crate) const USER: &str = "unoc";
pub(crate) const PASSWORD: &str = "unoc-pw";
pub(crate) const DATABASE: &str = "unoc";

/// Small, and without the waits for a disk that only a crash of the machine would need.
const SETTINGS: [&str; 10] = [
    "listen_addresses=127.0.0.1",
    "fsync=off",
    "full_page_writes=off",
    "shared_buffers=16MB",
    "max_connections=40",
    "wal_level=minimal",
    "max_wal_senders=0",
    "log_min_messages=warning",
    "log_connections=off",
    "unix_socket_permissions=0777",
];
/// Part of the prepared directory's name: raise it when the preparation changes.
const PREPARATION: u32 = 1;

/// A server; it is killed when this is dropped.
pub(crate) struct Postgres {
    binaries: PathBuf,
    port: u16,
    settings: Vec<String>,
    server: Option<Child>,
    /// Data in `data`, log in `log`, the local socket beside them. Removed last.
    directory: TempDir,
}

/// How a server is asked to end; the words are those of `pg_ctl stop`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stop {
    /// Sessions are ended, then it closes in order.
    Fast,
    /// No order: it recovers at the next start.
    Immediate,
}

impl Postgres {
    /// Starts a server and returns when it answers; nothing, and a skip, where none is installed.
    #[track_caller]
    pub(crate) fn start() -> Option<Self> {
        Self::start_with(&[])
    }

    /// Starts a server with settings of postgresql.conf, each `name=value`.
    #[track_caller]
    pub(crate) fn start_with(settings: &[&str]) -> Option<Self> {
        let mut server = Self::prepare()?;
        server.settings.extend(settings.iter().map(|&setting| setting.to_owned()));
        server.start_again();
        Some(server)
    }

    /// Starts a server that offers TLS; with a client authority, it asks clients for certificates.
    #[track_caller]
    pub(crate) fn with_tls(identity: &Identity, clients: Option<&str>) -> Option<Self> {
        let mut server = Self::prepare()?;
        let mut add = |setting: &str, name: &str, pem: &str| {
            let path = certificates::write(server.directory.path(), name, pem);
            unprivileged::give(&path);
            // PostgreSQL refuses a key that others may read.
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
            fs::set_permissions(&path, mode).expect("our own file");
            server.settings.push(format!("{setting}={}", path.display()));
        };
        add("ssl_cert_file", "server.crt", &identity.certificate);
        add("ssl_key_file", "server.key", &identity.key);
        if let Some(authority) = clients {
            add("ssl_ca_file", "clients.crt", authority);
        }
        server.settings.push("ssl=on".to_owned());
        server.start_again();
        Some(server)
    }

    /// Lets in only clients that show a certificate of the client authority, and have the password.
    #[track_caller]
    pub(crate) fn demand_client_certificates(&self) {
        let rules = self.directory.path().join("data/pg_hba.conf");
        let rule = "hostssl all all all scram-sha-256 clientcert=verify-full\n";
        // PostgreSQL reads its own files anew; who may connect is asked at each connection.
        fs::write(rules, rule).expect("our own directory");
        let server = self.server.as_ref().expect("it runs");
        kill_process(pid(server), Signal::HUP).expect("a child of ours");
        wait::until("the rule holds", || connect(&self.url()).err());
    }

    fn prepare() -> Option<Self> {
        let Some(binaries) = binaries() else {
            skip("PostgreSQL is not installed (ops/test.sh installs it)");
            return None;
        };
        let prepared = prepared(&binaries);
        let directory = tempfile::Builder::new().prefix("unoc-pg.").tempdir().expect("a directory");
        let copy = [
            "-a",
            &prepared.display().to_string(),
            &directory.path().join("data").display().to_string(),
        ]
        .map(str::to_owned);
        let copied = std::process::Command::new("cp").args(copy).status().expect("cp");
        assert!(copied.success(), "the prepared directory can be copied");
        unprivileged::give(directory.path());
        let port = free_port();
        Some(Self { binaries, port, settings: Vec::new(), server: None, directory })
    }

    /// The address of the database that every server has.
    pub(crate) fn url(&self) -> String {
        self.url_of(DATABASE)
    }

    /// The address of a database.
    pub(crate) fn url_of(&self, database: &str) -> String {
        format!("postgresql://{USER}:{PASSWORD}@127.0.0.1:{}/{database}", self.port)
    }

    /// The address of the database that every server has, through a proxy or pooler on loopback.
    pub(crate) fn url_through(port: u16) -> String {
        format!("postgresql://{USER}:{PASSWORD}@127.0.0.1:{port}/{DATABASE}")
    }

    /// The same database by the local socket.
    pub(crate) fn socket_url(&self) -> String {
        let (directory, port) = (self.directory.path().display(), self.port);
        format!("postgresql://{USER}:{PASSWORD}@/{DATABASE}?host={directory}&port={port}")
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The first number of the version.
    pub(crate) fn major(&self) -> u32 {
        let version = self.rows("SHOW server_version_num").remove(0).remove(0);
        version.parse::<u32>().expect("a number") / 10_000
    }

    /// A session in the database that every server has.
    #[track_caller]
    pub(crate) fn client(&self) -> Client {
        connect(&self.url()).expect("the server answers")
    }

    /// The rows of a statement as text, NULL as an empty one; of several statements, all of them.
    #[track_caller]
    pub(crate) fn rows(&self, sql: &str) -> Vec<Vec<String>> {
        rows(&mut self.client(), sql)
    }

    /// Makes a database and returns its address.
    #[track_caller]
    pub(crate) fn create_database(&self, name: &str) -> String {
        self.rows(&format!("CREATE DATABASE {name}"));
        self.url_of(name)
    }

    /// Starts a server that has `pg_dump` beside it; nothing, and a skip, where one is not installed.
    #[track_caller]
    pub(crate) fn start_with_dump() -> Option<Self> {
        let server = Self::start()?;
        if server.binaries.join("pg_dump").exists() {
            return Some(server);
        }
        skip("this PostgreSQL has no pg_dump");
        None
    }

    /// What `pg_dump` or `pg_dumpall` of the server's version writes of a database.
    #[track_caller]
    pub(crate) fn dump(&self, program: &str, url: &str, options: &[&str]) -> Vec<u8> {
        self.run(program, &[&["-d", url], options].concat())
    }

    /// What one of PostgreSQL's programs, of the server's version, writes to its standard output.
    #[track_caller]
    pub(crate) fn run(&self, program: &str, arguments: &[&str]) -> Vec<u8> {
        let mut command = std::process::Command::new(self.binaries.join(program));
        let output =
            command.args(arguments).env("PGPASSWORD", PASSWORD).stdin(Stdio::null()).output();
        let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program} {arguments:?}: {errors}");
        output.stdout
    }

    /// Ends the server and waits for it.
    #[track_caller]
    pub(crate) fn stop(&mut self, mode: Stop) {
        self.end(match mode {
            Stop::Fast => Signal::INT,
            Stop::Immediate => Signal::QUIT,
        });
    }

    /// Kills the first process; the others notice and end by themselves.
    #[track_caller]
    pub(crate) fn kill9(&mut self) {
        self.end(Signal::KILL);
    }

    fn end(&mut self, signal: Signal) {
        let Some(mut server) = self.server.take() else { return };
        kill_process(pid(&server), signal).expect("a child of ours");
        server.wait().expect("a child of ours");
    }

    /// Starts the server on the same port and data, and waits until it answers.
    #[track_caller]
    pub(crate) fn start_again(&mut self) {
        assert!(self.server.is_none(), "it runs already");
        wait::until("the server starts", || {
            if self.server.is_none() {
                // Processes of a killed server may hold on to the data for a moment.
                self.server = Some(self.launch());
            }
            let server = self.server.as_mut().expect("just started");
            if server.try_wait().expect("a child of ours").is_some() {
                self.server = None;
                let log = self.log();
                assert!(
                    log.contains("still in use") || log.contains("lock file"),
                    "PostgreSQL does not start: {log}"
                );
                return None;
            }
            connect(&self.url()).ok()
        });
    }

    fn launch(&self) -> Child {
        let log = File::create(self.directory.path().join("log")).expect("our own directory");
        let mut command = unprivileged::command(&self.binaries.join("postgres"), "QUIT");
        command.arg("-D").arg(self.directory.path().join("data"));
        command.arg("-p").arg(self.port.to_string());
        command.arg("-k").arg(self.directory.path());
        let own = self.settings.iter().map(String::as_str);
        for setting in SETTINGS.into_iter().chain(own) {
            command.arg("-c").arg(setting);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        command.spawn().expect("setpriv of util-linux")
    }

    /// What the server logged since its last start.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("log")).expect("a log")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.end(Signal::QUIT);
    }
}

/// A session by an address without TLS.
pub(crate) fn connect(url: &str) -> Result<Client, postgres::Error> {
    Client::connect(url, NoTls)
}

/// The rows of a statement as text, NULL as an empty one.
#[track_caller]
pub(crate) fn rows(client: &mut Client, sql: &str) -> Vec<Vec<String>> {
    let messages = client.simple_query(sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    let text =
        |row: &postgres::SimpleQueryRow, index| row.get(index).unwrap_or_default().to_owned();
    let row = |message: &SimpleQueryMessage| match message {
        SimpleQueryMessage::Row(row) => {
            Some((0..row.len()).map(|index| text(row, index)).collect())
        }
        _ => None,
    };
    messages.iter().filter_map(row).collect()
}

/// A port of loopback that nobody listens on.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("it is bound").port()
}

fn pid(child: &Child) -> Pid {
    let id = i32::try_from(child.id()).expect("process ids are small");
    Pid::from_raw(id).expect("no process has id 0")
}

/// The directory of the binaries: named by the environment, else the newest that Debian installed.
fn binaries() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "ops/check.sh names the versions one by one")]
    if let Ok(named) = std::env::var("UNOC_TEST_POSTGRES_BIN") {
        let named = PathBuf::from(named);
        assert!(named.join("initdb").exists(), "no initdb in {}", named.display());
        return Some(named);
    }
    let majors = fs::read_dir("/usr/lib/postgresql").ok()?;
    let major = |entry: fs::DirEntry| entry.file_name().to_str()?.parse::<u32>().ok();
    let newest = majors.filter_map(|entry| major(entry.ok()?)).max()?;
    let directory = PathBuf::from(format!("/usr/lib/postgresql/{newest}/bin"));
    directory.join("initdb").exists().then_some(directory)
}

/// A data directory with the database, made once per version and copied by each test.
fn prepared(binaries: &Path) -> PathBuf {
    let version = said(unprivileged::command(&binaries.join("postgres"), "KILL").arg("--version"));
    let version: String =
        version.trim().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let path = target.join(format!("{version}_prepared_{PREPARATION}"));
    // Tests are processes of their own; the first one prepares, the others wait.
    let lock = File::create(path.with_extension("lock")).expect("our own directory");
    lock.lock().expect("a lock");
    if path.exists() {
        return path;
    }
    let work = tempfile::Builder::new().prefix("unoc-pg.").tempdir().expect("a directory");
    let (data, password) = (work.path().join("data"), work.path().join("password"));
    fs::write(&password, PASSWORD).expect("our own directory");
    unprivileged::give_all(work.path());
    let mut initdb = unprivileged::command(&binaries.join("initdb"), "KILL");
    initdb.arg("-D").arg(&data).arg("--pwfile").arg(&password);
    initdb.args(["-U", USER, "-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "--no-sync"]);
    said(initdb.args(["--wal-segsize=1"]));
    let mut single = unprivileged::command(&binaries.join("postgres"), "KILL");
    single.arg("--single").arg("-D").arg(&data).args(["-c", "fsync=off", "postgres"]);
    let statement = work.path().join("create.sql");
    fs::write(&statement, format!("CREATE DATABASE {DATABASE}\n")).expect("our own directory");
    said(single.stdin(File::open(&statement).expect("just written")));
    let unfinished = path.with_extension("unfinished");
    fs::remove_dir_all(&unfinished).ok();
    let copied = std::process::Command::new("cp").arg("-a").arg(&data).arg(&unfinished).status();
    assert!(copied.expect("cp").success(), "the prepared directory can be kept");
    fs::rename(&unfinished, &path).expect("our own directory");
    path
}

/// Runs a command that must succeed, and returns what it wrote.
#[track_caller]
fn said(command: &mut std::process::Command) -> String {
    let said = super::process::said(command);
    assert_eq!(said.code, 0, "{command:?}: {}{}", said.stdout, said.stderr);
    said.stdout
}
