//! A real pgbouncer, in front of a test's server.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Stdio};

use tempfile::TempDir;

use super::postgres::{PASSWORD, Postgres, USER, connect, free_port};
use super::{unprivileged, wait};
use crate::harness::skip;

/// Where Debian puts it.
const PROGRAM: &str = "/usr/sbin/pgbouncer";

/// A pooler; it is killed when this is dropped.
pub(crate) struct Pgbouncer {
    port: u16,
    child: Child,
    /// Its settings and its log. Removed last.
    _directory: TempDir,
}

impl Pgbouncer {
    /// Starts a pooler in transaction mode with two server connections, so that sessions share them;
    /// nothing, and a skip, where it is not installed.
    #[track_caller]
    pub(crate) fn start(postgres: &Postgres) -> Option<Self> {
        Self::start_in("transaction", postgres)
    }

    /// The same in another mode.
    #[track_caller]
    pub(crate) fn start_in(mode: &str, postgres: &Postgres) -> Option<Self> {
        if !Path::new(PROGRAM).exists() {
            skip("pgbouncer is not installed (ops/test.sh installs it)");
            return None;
        }
        let directory =
            tempfile::Builder::new().prefix("unoc-pgb.").tempdir().expect("a directory");
        let (users, settings) =
            (directory.path().join("users.txt"), directory.path().join("pgbouncer.ini"));
        let (port, server_port) = (free_port(), postgres.port());
        fs::write(&users, format!("\"{USER}\" \"{PASSWORD}\"\n")).expect("our own directory");
        let text = format!(
            "[databases]\n* = host=127.0.0.1 port={server_port}\n\
             [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n\
             auth_type = scram-sha-256\nauth_file = {}\npool_mode = {mode}\n\
             default_pool_size = 2\nmax_client_conn = 50\nserver_login_retry = 1\n",
            users.display()
        );
        fs::write(&settings, text).expect("our own directory");
        unprivileged::give_all(directory.path());
        let log = File::create(directory.path().join("log")).expect("our own directory");
        let mut command = unprivileged::command(Path::new(PROGRAM), "KILL");
        command.arg(&settings).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let mut child = command.spawn().expect("setpriv of util-linux");
        let url = Postgres::url_through(port);
        wait::until("pgbouncer answers", || {
            let exit = child.try_wait().expect("a child of ours");
            let log = || fs::read_to_string(directory.path().join("log"));
            assert!(exit.is_none(), "pgbouncer ended: {:?}", log());
            connect(&url).ok()
        });
        Some(Self { port, child, _directory: directory })
    }

    /// The address of the database that every server has, through the pooler.
    pub(crate) fn url(&self) -> String {
        Postgres::url_through(self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Kills the pooler, and with it the sessions through it.
    pub(crate) fn kill9(&mut self) {
        // It may have ended already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Drop for Pgbouncer {
    fn drop(&mut self) {
        self.kill9();
    }
}
