//! The port of plain HTTP beside that of HTTPS.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use super::site::{HttpsSite, NAME};
use crate::harness::http::Answer;
use crate::harness::unix_http;
use crate::harness::wait::PATIENCE;

#[test]
fn reads_are_redirected_and_changes_refused() {
    let site = HttpsSite::start(&[("UNOC_HTTP_REDIRECT_PORT", "0")]);
    let line = site.server.logged(|line| line.contains("is redirected to HTTPS"));
    let (_, rest) = line.split_once("http://127.0.0.1:").expect("an address");
    let port: u16 = rest.split('/').next().unwrap().parse().unwrap();
    let send = |method: &str, path: &str, host: &str| -> Answer {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        unix_http::parse(&bytes)
    };
    let https = site.port();
    for (host, path, expected) in [
        (format!("{NAME}:{port}"), "/devices?id=7", format!("https://{NAME}:{https}/devices?id=7")),
        ("localhost".to_owned(), "/", format!("https://localhost:{https}/")),
        ("[::1]".to_owned(), "/api/devices", format!("https://[::1]:{https}/api/devices")),
    ] {
        let answer = send("GET", path, &host).expect(307);
        assert_eq!(answer.header("location"), Some(expected.as_str()));
        assert_eq!(answer.header("strict-transport-security"), None, "browsers ignore it there");
    }
    // Nobody is sent to a host of somebody else.
    send("GET", "/", "evil.example").expect(421);
    let refused = send("POST", "/api/seed", NAME).expect(403);
    assert!(refused.text().contains(&format!("https://{NAME}:{https}")), "{}", refused.text());
    send("GET", "/.well-known/acme-challenge/unknown", NAME).expect(404);
    assert!(site.server.terminate().0.success());
}

#[test]
fn the_address_of_the_page_names_the_port_of_a_router() {
    let site = HttpsSite::start(&[
        ("UNOC_HTTP_REDIRECT_PORT", "0"),
        ("UNOC_PUBLIC_URL", "https://noc.example.org/"),
    ]);
    let line = site.server.logged(|line| line.contains("is redirected to HTTPS"));
    let (_, rest) = line.split_once("http://127.0.0.1:").expect("an address");
    let port: u16 = rest.split('/').next().unwrap().parse().unwrap();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(format!("GET /a HTTP/1.0\r\nhost: {NAME}\r\n\r\n").as_bytes()).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let answer = unix_http::parse(&bytes).expect(307);
    assert_eq!(answer.header("location"), Some("https://noc.example.org/a"));
    assert!(site.server.terminate().0.success());
}
