//! A server with a certificate.

use std::fs;
use std::path::{Path, PathBuf};

use http::Method;
use serde_json::Value;
use tempfile::TempDir;

use crate::harness::certificates::{Identity, self_signed};
use crate::harness::process::{Said, Server, said, unoc};
use crate::harness::tls_client::TlsClient;
use crate::harness::{unix_http, wait};

/// The name by which the tests reach it.
pub(super) const NAME: &str = "noc.example.org";

/// A server with the pair of files that its settings name.
pub(super) struct HttpsSite {
    directory: TempDir,
    pub(super) server: Server,
    /// Trusts the certificate of the start.
    pub(super) client: TlsClient,
    environment: Vec<(String, String)>,
}

impl HttpsSite {
    pub(super) fn start(variables: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let identity = self_signed(&[NAME, "localhost", "127.0.0.1"]);
        let client = TlsClient::trusting(&identity.certificate);
        let files = PairFiles::in_directory(directory.path());
        files.write(&identity);
        let mut environment: Vec<(String, String)> = [
            ("UNOC_DEV_FEATURES", "0"),
            ("UNOC_ALLOWED_HOSTS", NAME),
            ("UNOC_TLS_CERT", files.certificate.to_str().expect("our own path")),
            ("UNOC_TLS_KEY", files.key.to_str().expect("our own path")),
        ]
        .iter()
        .chain(variables)
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
        environment.retain(|(_, value)| !value.is_empty());
        let data_dir = directory.path().join("data");
        fs::create_dir(&data_dir).expect("our own directory");
        let server = start(&data_dir, &environment);
        Self { directory, server, client, environment }
    }

    pub(super) fn port(&self) -> u16 {
        self.server.address.port()
    }

    pub(super) fn files(&self) -> PairFiles {
        PairFiles::in_directory(self.directory.path())
    }

    /// Runs a command beside it, with its settings.
    #[track_caller]
    pub(super) fn run(&self, arguments: &[&str]) -> Said {
        let mut command = unoc(arguments);
        command.arg("--data-dir").arg(self.server.data_dir());
        for (name, value) in &self.environment {
            command.env(name, value);
        }
        said(command.env("MAINPID", self.server.pid().to_string()))
    }

    /// Waits until a check tells this state, and returns what it says.
    #[track_caller]
    pub(super) fn check(&self, id: &str, state: &str) -> String {
        wait_for_check(self.server.data_dir(), id, state)
    }
}

pub(super) fn start(data_dir: &Path, environment: &[(String, String)]) -> Server {
    let environment: Vec<(&str, &str)> =
        environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    Server::start(data_dir, &environment)
}

/// What `GET` answers over the Unix socket.
#[track_caller]
pub(super) fn get(data_dir: &Path, path: &str) -> Value {
    unix_http::send(&data_dir.join("unoc.sock"), &Method::GET, path, &[], "").expect(200).json()
}

/// Waits until a check tells this state, and returns what it says.
#[track_caller]
pub(super) fn wait_for_check(data_dir: &Path, id: &str, state: &str) -> String {
    let mut last = Value::Null;
    let found = wait::until(&format!("{id} is {state}"), || {
        let health = get(data_dir, "/api/health");
        let checks = health["checks"].as_array().expect("a list");
        last = checks.iter().find(|check| check["id"] == id)?.clone();
        (last["state"] == state).then(|| last.clone())
    });
    found["message"].as_str().unwrap_or_default().to_owned()
}

/// A certificate and its key in two files.
pub(super) struct PairFiles {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
}

impl PairFiles {
    pub(super) fn in_directory(directory: &Path) -> Self {
        Self { certificate: directory.join("cert.pem"), key: directory.join("key.pem") }
    }

    /// Replaces both, the one after the other.
    pub(super) fn write(&self, identity: &Identity) {
        fs::write(&self.certificate, &identity.certificate).expect("our own directory");
        fs::write(&self.key, &identity.key).expect("our own directory");
        set_mode(&self.key, 0o600);
    }
}

pub(super) fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("our own file");
}
