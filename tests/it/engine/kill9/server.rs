//! The real binary as a child process, in a folder of its own.

use std::fs::{self, OpenOptions};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use super::http::Client;

/// Longest start: a debug build, a store to repair, a busy machine.
const START_SECONDS_MAX: u64 = 60;
/// How often a condition is checked.
const POLL_INTERVAL: Duration = Duration::from_millis(2);

/// A data directory with a configuration and a log beside it.
pub(crate) struct Home {
    /// Removed with everything in it at the end.
    folder: tempfile::TempDir,
    data_dir: PathBuf,
    /// Settings on top of the test's own.
    environment: Vec<(&'static str, String)>,
}

/// A running server; killed when dropped.
pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
}

impl Home {
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("unoc-rough.").tempdir();
        let folder = folder.expect("a temporary folder can be made");
        fs::write(folder.path().join("unoc.toml"), "").expect("the folder is ours");
        let data_dir = folder.path().join("data");
        Self { folder, data_dir, environment: vec![("UNOC_DEV_FEATURES", "0".to_owned())] }
    }

    /// A home with another data directory.
    pub(crate) fn with_data_dir(data_dir: &Path) -> Self {
        Self { data_dir: data_dir.to_owned(), ..Self::new() }
    }

    pub(crate) fn set(mut self, name: &'static str, value: &str) -> Self {
        self.environment.push((name, value.to_owned()));
        self
    }

    pub(crate) fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// A path beside the data directory.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Everything the servers of this home have logged.
    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.path("log")).unwrap_or_default()).into_owned()
    }

    /// A command of the binary. Nothing of the machine's own configuration reaches it.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.args(arguments).arg("--config").arg(self.path("unoc.toml"));
        command.env_clear().env("UNOC_DATA_DIR", &self.data_dir).env("UNOC_PORT", "0");
        command.env("RUST_BACKTRACE", "1").envs(self.environment.iter().cloned());
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        let output = self.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).output();
        output.expect("the binary can be run")
    }

    /// Runs a command that has to succeed.
    pub(crate) fn run_well(&self, arguments: &[&str]) {
        let output = self.run(arguments);
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "unoc {arguments:?}: {}: {words}", output.status);
    }

    /// Starts a server and returns at once.
    pub(crate) fn spawn(&self) -> Child {
        let log = OpenOptions::new().create(true).append(true).open(self.path("log"));
        let mut command = self.command(&["serve"]);
        command.stderr(log.expect("the log can be written"));
        command.spawn().expect("the binary can be run")
    }

    /// Starts a server and waits until it answers.
    pub(crate) fn start(&self) -> Server {
        self.try_start().unwrap_or_else(|status| {
            panic!("the server ended while starting ({status}); its log:\n{}", self.log())
        })
    }

    /// Starts a server; its exit status when it ended instead.
    pub(crate) fn try_start(&self) -> Result<Server, ExitStatus> {
        let earlier = self.log().len();
        let mut child = self.spawn();
        let mut outcome = None;
        until("the server has started", START_SECONDS_MAX, || {
            let address = address_in(self.log().get(earlier..).unwrap_or_default());
            outcome = match (address, child.try_wait().expect("it is our child")) {
                (_, Some(status)) => Some(Err(status)),
                (Some(address), None) => Some(Ok(address)),
                (None, None) => None,
            };
            outcome.is_some()
        });
        let address: SocketAddr = outcome.expect("the wait was for it")?;
        Ok(Server { child, address })
    }
}

impl Server {
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn client(&self) -> Client {
        Client::connect(self.address).expect("the server accepts")
    }

    /// Kills it.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it is our child");
        self.child.wait().expect("it is our child");
    }

    /// Sends SIGTERM; returns the exit status and how long the shutdown took.
    pub(crate) fn terminate(mut self, seconds_max: u64) -> (ExitStatus, Duration) {
        let started = now();
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status().expect("kill is installed");
        assert!(sent.success(), "SIGTERM could not be sent to the server {pid}");
        let status = self.wait(seconds_max);
        (status, now() - started)
    }

    /// The exit status, if it has ended.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("it is our child")
    }

    pub(crate) fn wait(&mut self, seconds_max: u64) -> ExitStatus {
        let mut status = None;
        until("the server has ended", seconds_max, || {
            status = self.ended();
            status.is_some()
        });
        status.expect("the wait was for it")
    }

    /// Resident memory that the server has filled: without the pages of its program file, of which a test
    /// build has 50 MiB.
    pub(crate) fn anonymous_mib(&self) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let text = fs::read_to_string(path).expect("the server runs");
        let line = text.lines().find_map(|line| line.strip_prefix("RssAnon:")).expect("Linux");
        let kib = line.trim().trim_end_matches("kB").trim().parse::<u64>().expect("a number");
        kib / 1024
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Kills a child process that is not a [`Server`].
pub(crate) fn kill(mut child: Child) {
    child.kill().expect("it is our child");
    child.wait().expect("it is our child");
}

/// Waits for a condition; fails with its name after the deadline.
pub(crate) fn until(what: &str, seconds_max: u64, mut condition: impl FnMut() -> bool) {
    let deadline = now() + Duration::from_secs(seconds_max);
    while !condition() {
        assert!(now() < deadline, "not within {seconds_max} s: {what}");
        pause(POLL_INTERVAL);
    }
}

#[expect(clippy::disallowed_methods, reason = "deadlines of the tests that kill")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// For the moment of a kill and between two checks of a condition; never to assert something.
#[expect(clippy::disallowed_methods, reason = "see above")]
pub(crate) fn pause(duration: Duration) {
    std::thread::sleep(duration);
}

/// The address in the line that a server logs once it serves. The file `endpoint` may be that of a
/// killed server.
fn address_in(log: &str) -> Option<SocketAddr> {
    let (_, rest) = log.split_once(" serves http://")?;
    rest.split_once('/')?.0.parse().ok()
}

fn binary() -> PathBuf {
    env!("CARGO_BIN_EXE_unoc").into()
}
