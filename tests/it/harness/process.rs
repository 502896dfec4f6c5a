//! The program itself, as people and systemd start it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};

use unoc::app::ENDPOINT_FILE;

use super::http::Http;
use super::wait;

/// Returns the user who runs the tests, as the audit trail names the user of a command.
pub(crate) fn host_user() -> String {
    let name = said(Command::new("id").arg("-un")).expect(0).stdout;
    format!("host user {}", name.trim_end())
}

/// What a command said when it had ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Said {
    /// What it said, when it ended with this code.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }
}

/// The program with nothing of the tests' own environment.
pub(crate) fn unoc(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_unoc"));
    command.env_clear().env("HOME", "/nonexistent").args(arguments).stdin(Stdio::null());
    command
}

/// Runs a command to its end.
#[track_caller]
pub(crate) fn said(command: &mut Command) -> Said {
    let output = command.output().expect("the program starts");
    Said {
        code: output.status.code().expect("it was not killed"),
        stdout: String::from_utf8(output.stdout).expect("a text"),
        stderr: String::from_utf8(output.stderr).expect("a text"),
    }
}

/// Runs `unoc` on a data directory.
#[track_caller]
pub(crate) fn run(data_dir: &Path, arguments: &[&str]) -> Said {
    said(unoc(arguments).arg("--data-dir").arg(data_dir))
}

/// A serving process and what it logs; it is killed when this is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) http: Http,
    pub(crate) address: SocketAddr,
    log: Arc<Mutex<Vec<String>>>,
    data_dir: PathBuf,
}

impl Server {
    /// Starts on a data directory and returns when requests are answered.
    #[track_caller]
    pub(crate) fn start(data_dir: &Path, environment: &[(&str, &str)]) -> Self {
        Self::start_by(data_dir, environment, |command| command)
    }

    /// The same, by another program that becomes it.
    #[track_caller]
    pub(crate) fn start_by(
        data_dir: &Path,
        environment: &[(&str, &str)],
        wrap: impl FnOnce(Command) -> Command,
    ) -> Self {
        let endpoint = data_dir.join(ENDPOINT_FILE);
        // One that a killed process left behind says nothing about this one.
        fs::remove_file(&endpoint).ok();
        let mut command = unoc(&["serve", "--port", "0"]);
        command.arg("--data-dir").arg(data_dir).envs(environment.iter().copied());
        let mut child = wrap(command).stderr(Stdio::piped()).spawn().expect("the program starts");
        let log = Arc::new(Mutex::new(Vec::new()));
        let lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let kept = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                kept.lock().expect("no panic while held").push(line);
            }
        });
        let found = wait::until("the server answers", || {
            let exit = child.try_wait().expect("its state");
            assert!(exit.is_none(), "{exit:?}: {log:?}");
            unoc::app::read_endpoint(data_dir)
        });
        let url = found.url;
        let (_, place) = url.split_once("://").expect("a URL");
        let address =
            place.split('/').next().and_then(|text| text.parse().ok()).expect("an address");
        Self { child, http: Http::new(&url), address, log, data_dir: data_dir.to_owned() }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The lines logged so far.
    pub(crate) fn log(&self) -> Vec<String> {
        self.log.lock().expect("no panic while held").clone()
    }

    /// Waits for a log line.
    #[track_caller]
    pub(crate) fn logged(&self, wanted: impl Fn(&str) -> bool) -> String {
        wait::until("a log line", || self.log().into_iter().find(|line| wanted(line)))
    }

    /// Memory in use, in KiB.
    pub(crate) fn resident_kib(&self) -> u64 {
        self.status_kib("VmRSS:")
    }

    /// The most memory in use since [`Server::peak_since_now`], in KiB.
    pub(crate) fn peak_kib(&self) -> u64 {
        self.status_kib("VmHWM:")
    }

    /// Begins to look for the peak anew; returns the memory in use, in KiB.
    pub(crate) fn peak_since_now(&self) -> u64 {
        // proc_pid_clear_refs(5): 5 resets the peak to what is in use.
        fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5").expect("the own child");
        self.peak_kib()
    }

    fn status_kib(&self, key: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("the process lives");
        let line = status.lines().find_map(|line| line.strip_prefix(key)).expect("a line");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    /// How many threads it has.
    pub(crate) fn threads(&self) -> usize {
        let threads = fs::read_dir(format!("/proc/{}/task", self.child.id()));
        threads.expect("the process lives").count()
    }

    /// Sends it a signal, by its name without `SIG` or its number.
    #[track_caller]
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").arg(format!("-{name}")).arg(pid).status().expect("kill");
        assert!(sent.success(), "{name}");
    }

    /// Ends it as systemd does, and tells how it ended.
    pub(crate) fn terminate(self) -> (ExitStatus, Vec<String>) {
        self.end_by("TERM")
    }

    /// Ends it by a signal, and tells how it ended.
    pub(crate) fn end_by(mut self, signal: &str) -> (ExitStatus, Vec<String>) {
        self.signal(signal);
        let child = &mut self.child;
        let status = wait::until("the server ends", || child.try_wait().expect("its state"));
        (status, self.log())
    }

    pub(crate) fn data_dir(&self) -> &Path {
        &self.data_dir
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
