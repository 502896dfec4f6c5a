//! A real certificate authority for tests: Let's Encrypt's pebble, and the name server that it asks, which says of every
//! name that it is this host.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::json;
use tempfile::TempDir;

use super::certificates::{self, Authority};
use super::postgres::free_port;
use super::skip;
use super::tls_client::TlsClient;
use super::wait;

const PROGRAM: &str = "/usr/bin/pebble";
const NAME_SERVER: &str = "/usr/bin/pebble-challtestsrv";

/// Where the authority looks for the answers of a host: other ports than 80 and 443.
#[derive(Clone, Copy)]
pub(crate) struct ChallengePorts {
    pub(crate) http: u16,
    pub(crate) tls: u16,
}

/// An authority; it is killed when this is dropped.
pub(crate) struct Pebble {
    authority: Child,
    names: Child,
    port: u16,
    management_port: u16,
    /// Trusts the server of the authority itself.
    tls: TlsClient,
    /// Its settings and its log. Removed last.
    directory: TempDir,
}

/// Returns whether it is installed; a skip is noted where it is not.
pub(crate) fn is_installed() -> bool {
    let is_there = Path::new(PROGRAM).exists() && Path::new(NAME_SERVER).exists();
    if !is_there {
        skip("pebble is not installed (ops/test.sh installs it)");
    }
    is_there
}

impl Pebble {
    /// Starts an authority that listens at a free port.
    #[track_caller]
    pub(crate) fn start(ports: ChallengePorts) -> Self {
        Self::start_at(free_port(), ports)
    }

    /// The same at a port that its clients know already.
    #[track_caller]
    pub(crate) fn start_at(port: u16, ports: ChallengePorts) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let place = directory.path();
        let (names_port, names_management, management_port) =
            (free_port(), free_port(), free_port());
        let authority = Authority::new();
        let identity = authority.issue(&["127.0.0.1", "localhost"]);
        certificates::write(place, "ca.pem", &authority.pem);
        let certificate = certificates::write(place, "cert.pem", &identity.certificate);
        let key = certificates::write(place, "key.pem", &identity.key);
        let settings = json!({"pebble": {
            "listenAddress": format!("127.0.0.1:{port}"),
            "managementListenAddress": format!("127.0.0.1:{management_port}"),
            "certificate": certificate,
            "privateKey": key,
            "httpPort": ports.http,
            "tlsPort": ports.tls,
            "ocspResponderURL": "",
            "externalAccountBindingRequired": false,
        }});
        let settings_file = certificates::write(place, "pebble.json", &settings.to_string());
        let log = |name: &str| File::create(place.join(name)).expect("our own directory");
        let mut names = Command::new(NAME_SERVER);
        names
            .args(["-dns01", &format!("127.0.0.1:{names_port}")])
            .args(["-management", &format!("127.0.0.1:{names_management}")])
            .args(["-defaultIPv4", "127.0.0.1", "-defaultIPv6", ""])
            .args(["-http01", "", "-https01", "", "-tlsalpn01", ""]);
        let names = names.stdin(Stdio::null()).stdout(log("names.log")).stderr(log("names.err"));
        let names = names.spawn().expect("it is installed");
        let mut pebble = Command::new(PROGRAM);
        pebble.arg("-config").arg(&settings_file);
        pebble.args(["-dnsserver", &format!("127.0.0.1:{names_port}")]);
        // Without the pauses by which it teaches patience, and with the invalid nonces that clients must bear.
        pebble.env("PEBBLE_VA_NOSLEEP", "1").env("PEBBLE_WFE_NONCEREJECT", "5");
        pebble.stdin(Stdio::null()).stdout(log("pebble.log")).stderr(log("pebble.err"));
        let authority_process = pebble.spawn().expect("it is installed");
        let tls = TlsClient::trusting(&authority.pem);
        let mut started =
            Self { authority: authority_process, names, port, management_port, tls, directory };
        wait::until("the authority answers", || {
            let exit = started.authority.try_wait().expect("a child of ours");
            assert!(exit.is_none(), "pebble ended: {}", started.log());
            started.tls.get(started.port, "localhost", "/dir").ok()
        });
        started
    }

    /// The directory that clients are told of.
    pub(crate) fn url(&self) -> String {
        url_at(self.port)
    }

    /// The file with the root that its own server is trusted by.
    pub(crate) fn ca_file(&self) -> PathBuf {
        self.directory.path().join("ca.pem")
    }

    /// The root that signs the certificates it issues, as PEM.
    #[track_caller]
    pub(crate) fn issuing_root(&self) -> String {
        let answer = self.tls.get(self.management_port, "localhost", "/roots/0");
        let answer = answer.expect("the authority answers");
        assert_eq!(answer.status, 200);
        answer.text().to_owned()
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("pebble.log")).unwrap_or_default()
    }
}

/// The directory of an authority at a port.
pub(crate) fn url_at(port: u16) -> String {
    format!("https://localhost:{port}/dir")
}

impl Drop for Pebble {
    fn drop(&mut self) {
        for child in [&mut self.authority, &mut self.names] {
            // It may have ended already.
            child.kill().ok();
            child.wait().ok();
        }
    }
}
