//! A server with a certificate.

use std::fs;
use std::path::{Path, PathBuf};

use http::Method;
use serde_json::Value;
use tempfile::TempDir;

use crate::harness::certificates::{Authority, Identity};
use crate::harness::process::{Said, Server, said, unoc};
use crate::harness::tls_client::TlsClient;
use crate::harness::{unix_http, wait};

/// The name by which the tests reach it.
pub(crate) const NAME: &str = "noc.example.org";

/// A server with the pair of files that its settings name.
pub(crate) struct HttpsSite {
    directory: TempDir,
    pub(crate) server: Server,
    /// Has signed its certificate, and signs others.
    pub(crate) authority: Authority,
    /// Trusts the authority.
    pub(crate) client: TlsClient,
    environment: Vec<(String, String)>,
}

impl HttpsSite {
    pub(crate) fn start(variables: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let authority = Authority::new();
        let identity = authority.issue(&[NAME, "localhost", "127.0.0.1"]);
        let client = TlsClient::trusting(&authority.pem);
        let files = PairFiles::in_directory(directory.path());
        files.write(&identity);
        let mut environment: Vec<(String, String)> = [
            ("UNOC_DEV_FEATURES", "0"),
            ("UNOC_ALLOWED_HOSTS", NAME),
            // A further host name stands for a proxy, through which nobody is known without users.
            ("UNOC_INSECURE_NO_AUTH", "1"),
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
        Self { directory, server, authority, client, environment }
    }

    pub(crate) fn port(&self) -> u16 {
        self.server.address.port()
    }

    pub(crate) fn files(&self) -> PairFiles {
        PairFiles::in_directory(self.directory.path())
    }

    /// Runs a command beside it, with its settings.
    #[track_caller]
    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        let mut command = unoc(arguments);
        command.arg("--data-dir").arg(self.server.data_dir());
        for (name, value) in &self.environment {
            command.env(name, value);
        }
        said(command.env("MAINPID", self.server.pid().to_string()))
    }

    /// Has it read its files again.
    #[track_caller]
    pub(crate) fn reload(&self) {
        self.run(&["reload", "--port", "0"]).expect(0);
    }

    /// The incident of a check, once it has this state.
    #[track_caller]
    pub(crate) fn incident(&self, id: &str, state: &str) -> Value {
        wait::until(&format!("the incident of {id} is {state}"), || {
            let path = format!("/api/incidents?key=check:{id}");
            let incident = get(self.server.data_dir(), &path)["incidents"].get(0)?.clone();
            (incident["state"] == state).then_some(incident)
        })
    }

    /// Runs a check until it tells this state, and returns what it says.
    #[track_caller]
    pub(crate) fn check(&self, id: &str, state: &str) -> String {
        wait_for_check(self.server.data_dir(), id, state)
    }
}

pub(crate) fn start(data_dir: &Path, environment: &[(String, String)]) -> Server {
    let environment: Vec<(&str, &str)> =
        environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    Server::start(data_dir, &environment)
}

/// What `GET` answers over the Unix socket.
#[track_caller]
pub(crate) fn get(data_dir: &Path, path: &str) -> Value {
    unix_http::send(&data_dir.join("unoc.sock"), &Method::GET, path, &[], "").expect(200).json()
}

/// Runs a check until it tells this state, and returns what it says.
#[track_caller]
pub(crate) fn wait_for_check(data_dir: &Path, id: &str, state: &str) -> String {
    let socket = data_dir.join("unoc.sock");
    let path = format!("/api/health/run?check={id}");
    let found = wait::until(&format!("{id} is {state}"), || {
        let answer = unix_http::send(&socket, &Method::POST, &path, &[], "").expect(200).json();
        let checks = answer["checks"].as_array().expect("a list");
        let check = checks.iter().find(|check| check["id"] == id)?;
        (check["state"] == state).then(|| check.clone())
    });
    found["message"].as_str().unwrap_or_default().to_owned()
}

/// A certificate and its key in two files.
pub(crate) struct PairFiles {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl PairFiles {
    pub(crate) fn in_directory(directory: &Path) -> Self {
        Self { certificate: directory.join("cert.pem"), key: directory.join("key.pem") }
    }

    /// Replaces both, the one after the other.
    pub(crate) fn write(&self, identity: &Identity) {
        fs::write(&self.certificate, &identity.certificate).expect("our own directory");
        fs::write(&self.key, &identity.key).expect("our own directory");
        set_mode(&self.key, 0o600);
    }
}

pub(crate) fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("our own file");
}
