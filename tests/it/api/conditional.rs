//! `ETag`, 304 and the seq of an answer.

use http::Method;
use serde_json::json;

use unoc::store::{MARKER_FILE, STORE_FILE};

use crate::harness::TestApp;
use crate::harness::process::Server;

const PATHS: [&str; 9] = [
    "/api/devices",
    "/api/devices?limit=3",
    "/api/devices?q=ont&limit=2",
    "/api/devices/1",
    "/api/devices/1/interfaces",
    "/api/interfaces",
    "/api/interfaces?after=5",
    "/api/links",
    "/api/links/1",
];

#[test]
fn an_unchanged_answer_is_not_sent_again() {
    let app = TestApp::demo();
    for path in PATHS {
        let first = app.get(path).expect(200);
        let etag = first.header("etag").unwrap().to_owned();
        assert!(etag.starts_with("W/\"") && etag.ends_with("-1\""), "{etag}");
        assert_eq!(first.header("x-unoc-seq"), Some("1"), "{path}");
        assert_eq!(first.header("cache-control"), Some("no-cache"), "{path}");
        let strong = etag.trim_start_matches("W/");
        let listed = format!("\"other\", {etag}");
        for known in [&etag, strong, &listed, "*"] {
            let again = app.get_with(path, &[("if-none-match", known)]);
            assert_eq!(again.status, 304, "{path} {known}");
            assert!(again.body.is_empty());
            assert_eq!(again.header("etag"), Some(&*etag), "{path}");
            assert_eq!(again.header("x-unoc-seq"), Some("1"), "{path}");
            let head = app.send(Method::HEAD, path, &[("if-none-match", known)], None);
            assert_eq!(head.status, 304, "HEAD {path}");
        }
        for other in ["\"other\"", "W/\"1\"", "", "\""] {
            app.get_with(path, &[("if-none-match", other)]).expect(200);
        }
    }
}

#[test]
fn a_change_makes_known_tags_stale() {
    let app = TestApp::demo();
    let known: Vec<String> =
        PATHS.iter().map(|path| app.get(path).header("etag").unwrap().to_owned()).collect();
    app.patch("/api/devices/1", &json!({"x": 1, "y": 1})).expect(200);
    for (path, etag) in PATHS.iter().zip(known) {
        let answer = app.get_with(path, &[("if-none-match", &etag)]).expect(200);
        assert_ne!(answer.header("etag"), Some(&*etag), "{path}");
        assert_eq!(answer.header("x-unoc-seq"), Some("2"), "{path}");
    }
}

#[test]
fn refused_and_idle_requests_change_no_seq() {
    let app = TestApp::demo();
    let etag = app.get("/api/devices").header("etag").unwrap().to_owned();
    app.post("/api/devices/provision", &json!({"name": "BB-GW-1", "device_type": "POP"}))
        .expect(400);
    app.post("/api/devices/provision", &json!({})).expect(422);
    app.delete("/api/devices/99999").expect(404);
    app.get_with("/api/devices", &[("if-none-match", &etag)]).expect(304);
}

#[test]
fn another_site_has_other_tags() {
    let tags = [TestApp::demo(), TestApp::demo()]
        .map(|app| app.get("/api/devices").header("etag").unwrap().to_owned());
    assert_ne!(tags[0], tags[1], "the same seq of two sites");
}

/// A store restored by a snapshot of the machine repeats its seqs with other content.
#[test]
fn a_restored_store_has_other_tags() {
    let directory = tempfile::tempdir().unwrap();
    let [data, copy] = ["data", "copy"].map(|name| directory.path().join(name));
    let server = Server::start(&data, &[]);
    assert!(server.terminate().0.success());
    std::fs::create_dir(&copy).unwrap();
    for file in [STORE_FILE, MARKER_FILE] {
        std::fs::copy(data.join(file), copy.join(file)).unwrap();
    }
    let renamed = |directory: &std::path::Path, name: &str| {
        let server = Server::start(directory, &[]);
        server.http.patch("/api/devices/1", &json!({"name": name})).expect(200);
        let tags = ["/api/devices", "/api/devices/1", "/api/problems", "/api/topology/summary"]
            .map(|path| (path, server.http.get(path).header("etag").unwrap().to_owned()));
        (server, tags)
    };
    let (_, tags) = renamed(&data, "one");
    let (server, again) = renamed(&copy, "other");
    assert_eq!(server.http.get("/api/devices/1").header("x-unoc-seq"), Some("2"), "as before");
    for ((path, known), (_, tag)) in tags.into_iter().zip(again) {
        assert_ne!(known, tag, "{path}");
        server.http.get_with(path, &[("if-none-match", &known)]).expect(200);
    }
}

#[test]
fn a_missing_entity_is_404_and_not_304() {
    let app = TestApp::demo();
    let etag = app.get("/api/devices").header("etag").unwrap().to_owned();
    for path in ["/api/devices/99999", "/api/devices/99999/interfaces", "/api/links/99999"] {
        app.get_with(path, &[("if-none-match", &etag)]).expect(404);
        app.get_with(path, &[("if-none-match", "*")]).expect(404);
    }
}
