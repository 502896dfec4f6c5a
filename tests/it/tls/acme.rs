//! Certificates from a real authority (pebble): by both challenges, after failures, and after restarts.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::site::{NAME, get, start, wait_for_check};
use crate::harness::pebble::{self, ChallengePorts, Pebble};
use crate::harness::postgres::free_port;
use crate::harness::process::{Server, said, unoc};
use crate::harness::tls_client::{TlsClient, shown_certificate};
use crate::harness::wait;

fn environment(url: &str, ca_file: &Path, more: &[(&str, String)]) -> Vec<(String, String)> {
    let own = [
        ("UNOC_DEV_FEATURES", "0".to_owned()),
        ("UNOC_ACME_DOMAINS", format!("{NAME}, www.example.org")),
        ("UNOC_ACME_DIRECTORY", url.to_owned()),
        ("UNOC_ACME_CONTACT", "noc@example.org".to_owned()),
        ("UNOC_ACME_CA_FILE", ca_file.display().to_string()),
    ];
    own.iter().chain(more).map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

/// Waits until the server shows a certificate that this root has signed for both names. Returns it in DER form.
#[track_caller]
fn wait_for_certificate(server: &Server, root: &str) -> Vec<u8> {
    let client = TlsClient::trusting(root);
    let port = server.address.port();
    wait::until("a certificate of the authority", || {
        let connection = client.connect(port, NAME).ok()?;
        client.connect(port, "www.example.org").ok().map(|_| shown_certificate(&connection))
    })
}

#[test]
fn a_certificate_is_ordered_over_tls_and_kept_for_the_next_run() {
    if !pebble::is_installed() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    fs::create_dir(&data).unwrap();
    let (port, http) = (free_port(), free_port());
    let authority = Pebble::start(ChallengePorts { http, tls: port });
    let settings = environment(&authority.url(), &authority.ca_file(), &[]);
    let server = serve(&data, port, &settings);
    let shown = wait_for_certificate(&server, &authority.issuing_root());
    // By its own name, which needs no allowed_hosts, with the checks that go through its own address.
    let client = TlsClient::trusting(&authority.issuing_root());
    client.get(port, NAME, "/health/live").unwrap().expect(200);
    wait_for_check(&data, "tls.renewal", "ok");
    let until = wait_for_check(&data, "tls.expiry", "ok");
    assert!(until.starts_with("It is valid until 20"), "{until}");
    wait_for_check(&data, "http.response", "ok");
    let kept = data.join("acme");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&kept), 0o700);
    for file in fs::read_dir(&kept).unwrap() {
        let path = file.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    let account = fs::read_to_string(kept.join("account.json")).unwrap();
    let log = server.log().join("\n");
    assert!(log.contains("whose terms of service it accepts"), "{log}");
    let (status, log) = server.terminate();
    assert!(status.success(), "{log:?}");
    // The authority need not be there for the next run, which shows the same certificate.
    drop(authority);
    let server = serve(&data, port, &settings);
    let connection = client.connect(port, NAME).unwrap();
    assert_eq!(shown_certificate(&connection), shown);
    assert_eq!(fs::read_to_string(kept.join("account.json")).unwrap(), account);
    assert!(server.terminate().0.success());
}

/// The authority looks for the answer at the port that the server got.
fn serve(data: &Path, port: u16, settings: &[(String, String)]) -> Server {
    let settings: Vec<(&str, &str)> =
        settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    Server::start_by(data, &settings, |command| {
        let mut fixed = unoc(&["serve", "--port", &port.to_string(), "--data-dir"]);
        fixed.arg(data).envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        fixed
    })
}

#[test]
fn a_certificate_is_ordered_over_plain_http() {
    if !pebble::is_installed() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let (http, tls) = (free_port(), free_port());
    let authority = Pebble::start(ChallengePorts { http, tls });
    let more = [
        ("UNOC_ACME_CHALLENGE", "http-01".to_owned()),
        ("UNOC_HTTP_REDIRECT_PORT", http.to_string()),
    ];
    let settings = environment(&authority.url(), &authority.ca_file(), &more);
    let server = start(directory.path(), &settings);
    wait_for_certificate(&server, &authority.issuing_root());
    assert!(server.terminate().0.success());
}

/// While the authority is away, or does not find what it looks for, the service works and says what is wrong; it
/// waits, also over a restart, until an operator has it try again.
#[test]
fn failures_are_told_and_never_stop_the_service() {
    if !pebble::is_installed() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    fs::create_dir(&data).unwrap();
    let (authority_port, http) = (free_port(), free_port());
    // A root to trust, until the authority is there.
    let root = crate::harness::certificates::Authority::new().pem;
    let ca_file = crate::harness::certificates::write(directory.path(), "ca.pem", &root);
    let more = [
        ("UNOC_ACME_CHALLENGE", "http-01".to_owned()),
        ("UNOC_HTTP_REDIRECT_PORT", http.to_string()),
    ];
    let settings = environment(&pebble::url_at(authority_port), &ca_file, &more);
    let server = start(&data, &settings);
    let message = wait_for_check(&data, "tls.renewal", "warning");
    assert!(message.contains("the account at https://localhost"), "{message}");
    assert!(message.contains("attempt 1; the next one is in 1"), "{message}");
    let incident = wait::until("the incident", || {
        let incidents = get(&data, "/api/incidents");
        let all = incidents["incidents"].as_array().expect("a list").clone();
        all.into_iter()
            .find(|one| one["key"].as_str().is_some_and(|key| key.ends_with("tls.renewal")))
    });
    assert_eq!(incident["title"], "A new certificate is not in effect");
    // Meanwhile it shows a certificate that it signed itself, and commands and checks work.
    wait_for_check(&data, "http.response", "ok");
    assert!(server.terminate().0.success());

    // The pause outlives a restart.
    let server = start(&data, &settings);
    let message = wait_for_check(&data, "tls.renewal", "warning");
    assert!(message.contains("attempt 1;"), "{message}");

    // The authority looks at a port where nobody answers.
    let nobody = free_port();
    let authority = Pebble::start_at(authority_port, ChallengePorts { http: nobody, tls: nobody });
    fs::copy(authority.ca_file(), &ca_file).unwrap();
    reload(&server, &settings);
    let message = wait::until("another attempt", || {
        let message = wait_for_check(&data, "tls.renewal", "warning");
        message.contains("attempt 2;").then_some(message)
    });
    assert!(message.contains("could not validate it"), "{message}");
    assert!(message.contains(NAME) || message.contains("www.example.org"), "{message}");

    // It was set up anew, and has forgotten the account: another one is made.
    drop(authority);
    let server_port = server.address.port();
    let authority = Pebble::start_at(authority_port, ChallengePorts { http, tls: server_port });
    fs::copy(authority.ca_file(), &ca_file).unwrap();
    let root = authority.issuing_root();
    let client = TlsClient::trusting(&root);
    wait::until("the certificate", || {
        reload(&server, &settings);
        client.connect(server_port, NAME).ok().map(drop)
    });
    wait_for_check(&data, "tls.renewal", "ok");
    assert!(server.terminate().0.success());
}

fn reload(server: &Server, settings: &[(String, String)]) {
    let mut command = unoc(&["reload", "--data-dir"]);
    command.arg(server.data_dir()).args(["--port", "0"]);
    for (name, value) in settings {
        command.env(name, value);
    }
    said(command.env("MAINPID", server.pid().to_string())).expect(0);
}

/// Nothing is wrong with a client that has another server name, or none.
#[test]
fn a_challenge_is_answered_only_while_it_is_asked() {
    if !pebble::is_installed() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let (http, tls) = (free_port(), free_port());
    let authority = Pebble::start(ChallengePorts { http, tls });
    let settings = environment(&authority.url(), &authority.ca_file(), &[]);
    let server = start(directory.path(), &settings);
    let port = server.address.port();
    let root = authority.issuing_root();
    let asking = TlsClient::speaking(&root, &[&rustls::version::TLS13], &["acme-tls/1"]);
    assert!(asking.connect(port, "other.example.org").is_err());
    // A client that speaks no TLS gets none, and is in nobody's way.
    let mut plain = std::net::TcpStream::connect(server.address).unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    wait_for_check(directory.path(), "http.response", "ok");
    assert!(server.terminate().0.success());
}
