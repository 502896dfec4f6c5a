//! HTTPS itself: versions, answers, Socket.IO, clients that do it wrong, and limits of connections.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use rustls::version::{TLS12, TLS13};
use tokio_tungstenite::tungstenite::{Message, client};

use super::site::{HttpsSite, NAME, get};
use crate::harness::process::{Server, run};
use crate::harness::tls_client::{TlsClient, TlsConnection};
use crate::harness::wait::{self, PATIENCE};

#[test]
fn answers_come_over_tls_1_2_and_1_3_with_hsts() {
    let site = HttpsSite::start(&[]);
    let pem = &site.authority.pem;
    for version in [&TLS12, &TLS13] {
        let client = TlsClient::speaking(pem, &[version], &["http/1.1"]);
        let answer = client.get(site.port(), NAME, "/api/devices").unwrap().expect(200);
        assert_eq!(answer.text(), "[]");
        assert_eq!(answer.header("strict-transport-security"), Some("max-age=31536000"));
    }
    // By any name, since there is one certificate; the rules of access look at the host.
    let client = TlsClient::speaking(pem, &[&TLS13], &[]);
    client.get(site.port(), "localhost", "/health/live").unwrap().expect(200);
    site.server.logged(|line| line.contains("serves https://127.0.0.1:"));
    assert!(site.server.terminate().0.success());
}

#[test]
fn hsts_can_be_taken_back() {
    let site = HttpsSite::start(&[("UNOC_HSTS_DAYS", "0")]);
    let answer = site.client.get(site.port(), NAME, "/health/live").unwrap();
    assert_eq!(answer.header("strict-transport-security"), Some("max-age=0"));
    assert!(site.server.terminate().0.success());
}

#[test]
fn commands_and_checks_reach_it_over_tls() {
    let site = HttpsSite::start(&[("UNOC_BASE_PATH", "/noc")]);
    let data_dir = site.server.data_dir();
    let endpoint = unoc::app::read_endpoint(data_dir).unwrap();
    assert!(endpoint.url.starts_with("https://127.0.0.1:") && endpoint.url.ends_with("/noc"));
    // Without the socket, as a user whom it is not for.
    std::fs::remove_file(data_dir.join("unoc.sock")).unwrap();
    for command in [&["jobs"][..], &["doctor"], &["settings"], &["backup", "list"]] {
        let said = run(data_dir, command);
        assert!(matches!(said.code, 0 | 1), "{command:?}: {said:?}");
        assert!(!said.stderr.contains("no server answers"), "{said:?}");
    }
    let doctor = run(data_dir, &["doctor"]);
    for check in ["tls.expiry", "tls.renewal", "http.response", "events.delivery"] {
        assert!(doctor.stdout.contains(check), "{check}: {doctor:?}");
    }
    let bundle = data_dir.join("bundle.tar.gz");
    site.run(&["support-bundle", bundle.to_str().unwrap()]).expect(0);
    assert!(std::fs::metadata(&bundle).unwrap().len() > 1000);
    assert!(site.server.terminate().0.success());
}

#[test]
fn links_in_notices_are_of_https() {
    let site = HttpsSite::start(&[]);
    let contacts = get(site.server.data_dir(), "/api/contacts");
    let url = contacts["page_url"].as_str().unwrap();
    assert_eq!(url, format!("https://127.0.0.1:{}", site.port()));
    assert!(site.server.terminate().0.success());
}

#[test]
fn events_arrive_over_a_websocket_through_tls() {
    let site = HttpsSite::start(&[]);
    let connection = site.client.connect(site.port(), NAME).unwrap();
    let url = format!("wss://{NAME}:{}/socket.io/?EIO=4&transport=websocket", site.port());
    let (mut socket, _) = client::<TlsConnection, _>(url.as_str(), connection).unwrap();
    let next = |socket: &mut tokio_tungstenite::tungstenite::WebSocket<TlsConnection>| loop {
        match socket.read().expect("a packet") {
            Message::Text(text) if text.as_str() == "2" => socket.send("3".into()).unwrap(),
            Message::Text(text) => return text.as_str().to_owned(),
            _ => {}
        }
    };
    assert!(next(&mut socket).starts_with("0{"));
    socket.send(Message::text("40/live,")).unwrap();
    assert!(next(&mut socket).starts_with("40/live,{"));
    let body = r#"{"name":"over tls","device_type":"POP"}"#;
    let request = format!(
        "POST /api/devices/provision HTTP/1.0\r\nhost: {NAME}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    site.client.send(site.port(), NAME, &request).unwrap().expect(201);
    loop {
        let packet = next(&mut socket);
        if packet.contains("over tls") {
            break;
        }
    }
    assert!(site.server.terminate().0.success());
}

#[test]
fn a_client_that_begins_no_handshake_is_disconnected_and_delays_nobody() {
    let site = HttpsSite::start(&[]);
    let silent: Vec<TcpStream> =
        (0..50).map(|_| TcpStream::connect(site.server.address).unwrap()).collect();
    let mut slow = TcpStream::connect(site.server.address).unwrap();
    // The begin of a record with a ClientHello that never ends.
    slow.write_all(&[0x16, 0x03, 0x01, 0x40, 0x00, 0x01, 0x00]).unwrap();
    site.client.get(site.port(), NAME, "/health/live").unwrap().expect(200);
    for mut stream in silent.into_iter().chain([slow]) {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut rest = Vec::new();
        // Reset or closed, but not kept.
        stream.read_to_end(&mut rest).ok();
        stream.shutdown(Shutdown::Both).ok();
    }
    assert!(site.server.terminate().0.success());
}

#[test]
fn no_request_is_lost_when_it_stops() {
    let site = HttpsSite::start(&[]);
    let mut connection = site.client.connect(site.port(), NAME).unwrap();
    site.server.signal("TERM");
    connection.write_all(b"GET /health/live HTTP/1.0\r\nhost: localhost\r\n\r\n").unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.0 200"), "{answer}");
}

/// An address other than that of loopback counts; without one in the test, the limit is shown at its parts.
#[test]
fn one_address_has_no_more_connections_than_it_may() {
    let Some(address) = own_address() else {
        crate::harness::skip("a limit for each address: this host has only loopback");
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let environment = [
        ("UNOC_HOST", "0.0.0.0"),
        ("UNOC_INSECURE_NO_AUTH", "1"),
        ("UNOC_DEV_FEATURES", "0"),
        ("UNOC_MAX_CONNECTIONS_PER_ADDRESS", "8"),
    ];
    let server = Server::start(directory.path(), &environment);
    let port = server.address.port();
    let ask = |stream: &mut TcpStream| {
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let request = format!("GET /health/live HTTP/1.1\r\nhost: {address}\r\n\r\n");
        stream.write_all(request.as_bytes()).ok();
        let mut head = [0; 12];
        stream.read_exact(&mut head).is_ok() && &head == b"HTTP/1.1 200"
    };
    let connect = || TcpStream::connect((address.as_str(), port)).unwrap();
    let mut open: Vec<TcpStream> = (0..8).map(|_| connect()).collect();
    assert!(open.iter_mut().all(ask));
    assert!(!ask(&mut connect()), "the ninth is closed");
    server.logged(|line| line.contains("raise max_connections_per_address"));
    // Others are served, this host without a limit.
    for _ in 0..20 {
        server.http.get("/health/live").expect(200);
    }
    drop(open);
    wait::until("room for another one", || ask(&mut connect()).then_some(()));
    assert!(server.terminate().0.success());
}

/// An IPv4 address of this host that is not of loopback.
fn own_address() -> Option<String> {
    let probe = std::net::UdpSocket::bind("0.0.0.0:0").ok()?;
    // Nothing is sent: the kernel chooses the address that it would send from (RFC 5737 has this one for examples).
    probe.connect("192.0.2.1:9").ok()?;
    let address = probe.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then(|| address.to_string())
}
