//! Answers that v2's framework gave by itself.

use http::Method;
use serde_json::json;

use crate::harness::TestApp;
use crate::harness::skip;

/// Every GET route without parameters.
const READS: [&str; 14] = [
    "/health",
    "/health/live",
    "/health/ready",
    "/api/health",
    "/api/devices",
    "/api/devices/1",
    "/api/devices/1/interfaces",
    "/api/interfaces",
    "/api/links",
    "/api/links/1",
    "/api/audit",
    "/api/export",
    "/openapi.json",
    "/docs",
];

#[test]
fn an_unknown_path_is_not_found() {
    let app = TestApp::empty();
    for path in [
        "/api",
        "/api/",
        "/api/nothing",
        "/api/devices/1/nothing",
        "/health/none",
        "/nothing",
        "/x.js",
    ] {
        for method in [Method::GET, Method::POST, Method::DELETE] {
            let answer = app.send(method.clone(), path.trim_end_matches('/'), &[], None);
            assert_eq!(answer.status, 404, "{method} {path}");
            assert_eq!(answer.text(), r#"{"detail":"Not Found"}"#, "{method} {path}");
        }
    }
    // Below the API a browser does not get the page.
    let html = [("accept", "text/html")];
    let answer = app.send(Method::GET, "/api/nothing", &html, None).expect(404);
    assert_eq!(answer.text(), r#"{"detail":"Not Found"}"#);
}

#[test]
fn a_wrong_method_names_the_right_ones() {
    let app = TestApp::empty();
    for (method, path, allowed) in [
        (Method::PUT, "/api/devices", &["GET", "POST"][..]),
        (Method::DELETE, "/api/devices", &["GET", "POST"]),
        (Method::POST, "/api/devices/1", &["GET", "PATCH", "DELETE"]),
        (Method::PATCH, "/api/devices/1/interfaces", &["GET"]),
        (Method::POST, "/health", &["GET"]),
        (Method::GET, "/api/seed", &["POST"]),
        (Method::GET, "/api/links/create-simple", &[]),
        (Method::PUT, "/api/links/create-simple", &["POST"]),
        (Method::DELETE, "/api/interfaces", &["GET", "POST"]),
        (Method::POST, "/openapi.json", &["GET"]),
        (Method::POST, "/api/devices/1/override", &["PATCH", "DELETE"]),
    ] {
        let answer = app.send(method.clone(), path, &[], None);
        assert_eq!(answer.status, 405, "{method} {path}");
        assert_eq!(answer.text(), r#"{"detail":"Method Not Allowed"}"#);
        let header = answer.header("allow").unwrap();
        let named: Vec<&str> = header.split(',').map(str::trim).collect();
        assert!(allowed.iter().all(|one| named.contains(one)), "{method} {path}: {header}");
        assert!(!named.contains(&method.as_str()), "{method} {path}: {header}");
    }
}

#[test]
fn head_works_on_every_get() {
    let app = TestApp::demo();
    for path in READS {
        let get = app.get(path).expect(200);
        let head = app.send(Method::HEAD, path, &[], None);
        assert_eq!(head.status, 200, "{path}");
        assert!(head.body.is_empty(), "{path}");
        assert_eq!(head.header("content-type"), get.header("content-type"), "{path}");
        assert_eq!(head.header("etag"), get.header("etag"), "{path}");
    }
    app.send(Method::HEAD, "/api/devices/99999", &[], None).expect(404);
    app.send(Method::HEAD, "/api/nothing", &[], None).expect(404);
}

#[test]
fn a_trailing_slash_redirects() {
    let app = TestApp::demo();
    for path in READS {
        let answer = app.get(&format!("{path}/"));
        assert_eq!(answer.status, 307, "{path}/");
        assert_eq!(answer.header("location"), Some(path));
    }
    let answer = app.get("/api/devices/?limit=2&q=a%20b").expect(307);
    assert_eq!(answer.header("location"), Some("/api/devices?limit=2&q=a%20b"));
    let answer = app.post("/api/devices/provision/", &json!({})).expect(307);
    assert_eq!(answer.header("location"), Some("/api/devices/provision"));
    let foreign = app.get("//example.org/api/devices/");
    assert!(foreign.header("location").is_none_or(|to| !to.starts_with("//")), "{foreign:?}");
}

#[test]
fn answers_are_compressed_for_clients_that_ask() {
    let app = TestApp::demo();
    let plain = app.get("/api/devices").expect(200);
    assert_eq!(plain.header("content-encoding"), None);
    for (coding, program) in [("gzip", "gzip"), ("zstd", "zstd")] {
        let answer = app.get_with("/api/devices", &[("accept-encoding", coding)]).expect(200);
        assert_eq!(answer.header("content-encoding"), Some(coding));
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert!(answer.header("vary").unwrap().contains("accept-encoding"));
        assert!(answer.body.len() * 4 < plain.body.len(), "{coding}: {}", answer.body.len());
        assert_eq!(answer.header("etag"), plain.header("etag"));
        match decompressed(program, &answer.body) {
            Some(text) => assert_eq!(text, plain.body, "{coding}"),
            None => skip(&format!("{program} is not installed, its bytes are not read back")),
        }
    }
    let other = app.get_with("/api/devices", &[("accept-encoding", "br, identity")]).expect(200);
    assert_eq!(other.header("content-encoding"), None);
}

/// Returns the output of the program; `None` if it is not installed.
fn decompressed(program: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), bytes).expect("room");
    let input = std::fs::File::open(file.path()).expect("the file");
    let output = std::process::Command::new(program).arg("-dc").stdin(input).output();
    let output = output.ok()?;
    assert!(output.status.success(), "{output:?}");
    Some(output.stdout)
}
