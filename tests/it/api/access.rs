//! Access control: hosts and origins.

mod bypass;
mod operations;
mod sockets;

use std::io::{Read, Write};
use std::net::TcpStream;

use http::Method;
use serde_json::{Value, json};

use crate::harness::http::Answer;
use crate::harness::process::Server;
use crate::harness::wait::PATIENCE;
use crate::harness::{TestApp, unix_http};

const VITE: &str = "http://localhost:5173";
const HANDSHAKE: &str = "/socket.io/?EIO=4&transport=polling";

fn seed(app: &TestApp, headers: &[(&str, &str)]) -> Answer {
    app.send(Method::POST, "/api/seed", headers, None)
}

/// Sends a request verbatim and returns the first line of the answer.
fn first_line(app: &TestApp, request: &str) -> String {
    let mut stream = TcpStream::connect(app.address).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket option");
    stream.write_all(request.as_bytes()).expect("it is open");
    let mut answer = Vec::new();
    while !answer.contains(&b'\n') {
        let mut chunk = [0; 1024];
        let read = stream.read(&mut chunk).expect("an answer");
        assert!(read > 0, "it closed: {:?}", String::from_utf8_lossy(&answer));
        answer.extend_from_slice(&chunk[..read]);
    }
    String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned()
}

/// The first line of the answer to a WebSocket's handshake.
fn websocket(app: &TestApp, host: &str, origin: &str) -> String {
    let request = format!(
        "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nhost: {host}\r\n\
         origin: {origin}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    first_line(app, &request)
}

/// A page whose name was pointed at the appliance: its browser treats both as the same origin.
#[test]
fn dns_rebinding_is_refused() {
    let app = TestApp::with(|config| {
        config.allowed_hosts = vec!["noc.example.org".to_owned()];
        config.insecure_no_auth = true;
    });
    let before = app.get("/api/devices").expect(200);
    let rebound = [
        ("host", "evil.example:5001"),
        ("origin", "http://evil.example:5001"),
        ("x-forwarded-host", "localhost"),
    ];
    let refused = seed(&app, &rebound).expect(421);
    assert_eq!(refused.header("content-type"), Some("application/json"));
    assert!(refused.header("x-request-id").is_some());
    let detail = refused.detail();
    assert!(detail.as_str().unwrap().contains("allowed_hosts (UNOC_ALLOWED_HOSTS)"), "{detail}");
    for path in [
        "/",
        "/docs",
        "/health",
        "/health/live",
        "/metrics",
        "/openapi.json",
        "/api/devices",
        "/api/export",
        HANDSHAKE,
        "/nothing",
    ] {
        app.get_with(path, &rebound).expect(421);
        app.get_with(path, &[("host", "evil.example")]).expect(421);
        assert_ne!(app.get_with(path, &[("host", "NOC.example.org:8443")]).status, 421, "{path}");
    }
    let origin = "http://evil.example:5001";
    assert_eq!(websocket(&app, "evil.example:5001", origin), "HTTP/1.1 421 Misdirected Request");
    let own = "http://noc.example.org";
    assert!(websocket(&app, "noc.example.org", own).starts_with("HTTP/1.1 101"));
    assert_eq!(app.get("/api/devices").expect(200).body, before.body);
    seed(&app, &[("host", "localhost:5001"), ("origin", "http://localhost:5001")]).expect(201);
}

#[test]
fn a_health_check_without_a_host_is_answered() {
    let app = TestApp::empty();
    let check = |head: &str, expected: &str| {
        assert_eq!(first_line(&app, &format!("GET /health {head}\r\n\r\n")), expected, "{head}");
    };
    check("HTTP/1.0", "HTTP/1.0 200 OK");
    check("HTTP/1.1", "HTTP/1.1 400 Bad Request");
    check("HTTP/1.1\r\nhost: localhost\r\nhost: localhost", "HTTP/1.1 400 Bad Request");
    check("HTTP/1.1\r\nhost: [::1]:5001", "HTTP/1.1 200 OK");
}

#[test]
fn a_page_of_another_site_can_neither_change_nor_listen() {
    let app = TestApp::empty();
    let refused = seed(&app, &[("origin", "https://evil.example")]).expect(403);
    let detail = refused.detail();
    assert!(detail.as_str().unwrap().contains("allowed_origins (UNOC_ALLOWED_ORIGINS)"));
    for site in ["cross-site", "same-site"] {
        seed(&app, &[("sec-fetch-site", site)]).expect(403);
        app.send(Method::DELETE, "/api/devices/1", &[("sec-fetch-site", site)], None).expect(403);
        app.get_with("/api/devices", &[("sec-fetch-site", site)]).expect(200);
    }
    let read = app.get_with("/api/devices", &[("origin", "https://evil.example")]).expect(200);
    assert_eq!(read.header("access-control-allow-origin"), None);
    assert_eq!(read.text(), "[]");
    app.get_with(HANDSHAKE, &[("origin", "https://evil.example")]).expect(403);
    app.get_with(HANDSHAKE, &[]).expect(200);
    let host = app.address.to_string();
    assert_eq!(websocket(&app, &host, "https://evil.example"), "HTTP/1.1 403 Forbidden");
    assert_eq!(websocket(&app, &host, VITE), "HTTP/1.1 403 Forbidden");
    assert!(websocket(&app, &host, &format!("http://{host}")).starts_with("HTTP/1.1 101"));
    seed(&app, &[("sec-fetch-site", "same-origin")]).expect(201);
}

#[test]
fn pages_of_allowed_origins_can_do_everything() {
    let tools = "https://tools.example.org";
    // The development features allow v2's page, too.
    let app = TestApp::with(|config| config.allowed_origins = vec![tools.to_owned()]);
    let allowed = |answer: &Answer, origin: &str| {
        assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
        assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
        let vary = answer.headers.get_all("vary").iter().any(|value| value == "origin");
        assert!(vary, "{:?}", answer.headers);
    };
    for origin in [VITE, "http://localhost:5174", tools] {
        let read = app.get_with("/api/devices", &[("origin", origin)]).expect(200);
        allowed(&read, origin);
        let shown = read.header("access-control-expose-headers").unwrap();
        for name in ["etag", "link", "x-unoc-seq", "x-request-id"] {
            assert!(shown.contains(name), "{shown}");
        }
        let asked = [
            ("origin", origin),
            ("access-control-request-method", "PATCH"),
            ("access-control-request-headers", "content-type,x-request-id"),
        ];
        let preflight = app.send(Method::OPTIONS, "/api/devices/1", &asked, None).expect(200);
        allowed(&preflight, origin);
        assert_eq!(preflight.header("access-control-allow-methods"), Some("PATCH"));
        assert_eq!(
            preflight.header("access-control-allow-headers"),
            Some("content-type,x-request-id")
        );
        // The page can read errors, too.
        allowed(&app.get_with("/api/devices/x", &[("origin", origin)]).expect(422), origin);
        let asked = [("origin", origin), ("sec-fetch-site", "cross-site")];
        allowed(&seed(&app, &asked).expect(201), origin);
        allowed(&app.get_with(HANDSHAKE, &[("origin", origin)]).expect(200), origin);
        let host = app.address.to_string();
        assert!(websocket(&app, &host, origin).starts_with("HTTP/1.1 101"));
    }
    let own = app.get("/api/devices").expect(200);
    assert_eq!(own.header("access-control-allow-origin"), None);
    assert!(own.headers.get_all("vary").iter().any(|value| value == "origin"));
    let asked = [("origin", "https://evil.example"), ("access-control-request-method", "POST")];
    let preflight = app.send(Method::OPTIONS, "/api/seed", &asked, None).expect(405);
    assert_eq!(preflight.header("access-control-allow-origin"), None);
    app.send(Method::OPTIONS, "/api/seed", &[], None).expect(405);
}

#[test]
fn v2s_page_is_allowed_with_the_development_features_only() {
    let app = TestApp::empty();
    let read = app.get_with("/api/devices", &[("origin", VITE)]).expect(200);
    assert_eq!(read.header("access-control-allow-origin"), None);
    assert_eq!(read.header("vary"), Some("accept-encoding"));
    seed(&app, &[("origin", VITE)]).expect(403);
    app.get_with(HANDSHAKE, &[("origin", VITE)]).expect(403);
}

#[test]
fn the_settings_are_read_from_the_environment() {
    let app = TestApp::with_environment(&[
        ("UNOC_ALLOWED_HOSTS", "noc.example.org *.lan.example.org"),
        ("UNOC_ALLOWED_ORIGINS", "https://Tools.example.org:443/"),
        ("UNOC_INSECURE_NO_AUTH", "1"),
    ]);
    for host in ["noc.example.org", "a.lan.example.org:81"] {
        let health: Value = app.get_with("/health", &[("host", host)]).expect(200).json();
        assert_eq!(health["status"], "healthy");
    }
    app.get_with("/health", &[("host", "lan.example.org")]).expect(421);
    seed(&app, &[("origin", "https://tools.example.org")]).expect(201);
}

#[test]
fn a_login_through_a_proxy_that_is_not_trusted_is_warned_of_once() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), &[]);
    let login = r#"{"name":"ada","password":"not the password"}"#;
    let warnings = || {
        let is_one = |line: &String| line.contains("WARN") && line.contains("trusted_proxies");
        server.log().iter().filter(|line| is_one(line)).count()
    };
    let log_in = |headers: &[(&str, &str)]| {
        let headers = [&[("content-type", "application/json")][..], headers].concat();
        server.http.send(Method::POST, "/api/session", &headers, Some(login)).expect(401);
    };
    log_in(&[]);
    assert_eq!(warnings(), 0);
    for _ in 0..2 {
        log_in(&[("x-forwarded-for", "203.0.113.9")]);
    }
    server.logged(|line| line.contains("WARN") && line.contains("the proxy 127.0.0.1"));
    assert_eq!(warnings(), 1);
}

/// A proxy that rewrites Host and adds nothing looks like a command of this host.
#[test]
fn loopback_is_not_this_host_where_a_proxy_is_expected() {
    for (name, value, is_local) in [
        ("UNOC_ALLOWED_HOSTS", "noc.example.org", false),
        ("UNOC_TRUSTED_PROXIES", "192.0.2.1", false),
        ("UNOC_PUBLIC_URL", "https://noc.example.org", false),
        ("UNOC_PUBLIC_URL", "http://localhost:5001", true),
        ("UNOC_SITE_NAME", "Bonn", true),
    ] {
        let app = TestApp::with_environment(&[(name, value)]);
        let answer = app.get("/api/devices").expect(if is_local { 200 } else { 403 });
        if !is_local {
            assert!(answer.text().contains("user add NAME --role admin"), "{}", answer.text());
        }
        let socket = app.file("unoc.sock");
        unix_http::send(&socket, &Method::GET, "/api/devices", &[], "").expect(200);
        app.get("/health").expect(200);
    }
}

#[test]
fn insecure_no_auth_is_warned_of_while_there_are_users() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), &[]);
    let user = json!({"name": "ada", "role": "admin", "password": "correct horse battery"});
    server.http.post("/api/users", &user).expect(201);
    assert!(server.terminate().0.success());
    let server = Server::start(directory.path(), &[("UNOC_INSECURE_NO_AUTH", "1")]);
    server.logged(|line| line.contains("WARN") && line.contains("insecure_no_auth is on"));
    server.http.get("/api/devices").expect(401);
}

/// Another path of the host, or another site of its domain, may have set a cookie of the same name.
#[test]
fn a_foreign_cookie_is_not_in_the_way_of_the_own_one() {
    let app = TestApp::empty();
    let user = json!({"name": "ada", "role": "admin", "password": "correct horse battery"});
    app.post("/api/users", &user).expect(201);
    let login = json!({"name": "ada", "password": "correct horse battery"});
    let answer = app.post("/api/session", &login).expect(200);
    let cookie = answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    for cookies in [cookie.clone(), format!("unoc_session=x; unoc_session=; {cookie}")] {
        app.get_with("/api/devices", &[("cookie", cookies.as_str())]).expect(200);
    }
    let fifth = format!("{}{cookie}", "unoc_session=x; ".repeat(4));
    app.get_with("/api/devices", &[("cookie", fifth.as_str())]).expect(401);
}

#[test]
fn no_answer_is_guessed_at_or_loaded_by_pages_of_other_sites() {
    let tools = "https://tools.example.org";
    let app = TestApp::with(|config| config.allowed_origins = vec![tools.to_owned()]);
    for path in ["/", "/health", "/api/devices", "/api/nothing", HANDSHAKE] {
        for headers in [&[][..], &[("host", "evil.example")], &[("origin", tools)]] {
            let answer = app.get_with(path, headers);
            let found = ["x-content-type-options", "cross-origin-resource-policy"]
                .map(|name| answer.header(name));
            let policy = (headers != [("origin", tools)]).then_some("same-origin");
            assert_eq!(found, [Some("nosniff"), policy], "{path} {headers:?}");
        }
    }
}
