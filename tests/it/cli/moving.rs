//! `unoc export` and `unoc import`: moving a site to another directory.

use std::fs;
use std::path::Path;

use http::Method;
use serde_json::{Value, json};

use crate::harness::process::{Server, run, said, unoc};

/// Returns an export without the identity of the site and its seq.
fn portable(export: &str) -> (Value, String) {
    let (header, rest) = export.split_once('\n').expect("a header");
    let mut header: Value = serde_json::from_str(header).expect("JSON");
    header["site_id"].take();
    header["seq"].take();
    (header, rest.to_owned())
}

/// Creates a site with every kind of entity in `directory`.
fn lively_site(directory: &Path) {
    let server = Server::start(directory, &[]);
    let http = &server.http;
    http.patch(
        "/api/devices/3/override",
        &json!({"status_override": "DOWN", "override_reason": "ä \"q\" \\"}),
    )
    .expect(200);
    http.patch("/api/devices/4", &json!({"x": 0.1, "y": -1e-9, "tx_power_dbm": 5})).expect(200);
    let odd = http.provision("Straße 7 / „Süd“ 名", "HOP");
    let odf = http.provision("gone", "ODF");
    http.delete(&format!("/api/devices/{odf}")).expect(204);
    let body =
        json!({"device_a_id": odd, "device_b_id": 5, "link_type": "fiber", "status": "DOWN"});
    http.post("/api/links/create-simple?validate=false", &body).expect(200);
    assert!(server.terminate().0.success());
}

#[test]
fn an_imported_site_equals_the_exported_one() {
    let directory = tempfile::tempdir().unwrap();
    let [first, second] = ["first", "second"].map(|name| directory.path().join(name));
    lively_site(&first);
    let file = directory.path().join("site.jsonl");
    let file = file.to_str().unwrap();
    let told = run(&first, &["export", file]).expect(0).stdout;
    let export = fs::read_to_string(file).unwrap();
    assert_eq!(told, format!("Exported the site to {file} ({} bytes).\n", export.len()));
    assert_eq!(run(&first, &["export"]).expect(0).stdout, export, "to a file or to the terminal");
    let json: Value =
        serde_json::from_str(&run(&first, &["export", file, "--json"]).stdout).unwrap();
    assert_eq!(json, json!({"file": file, "bytes": export.len()}));

    // Into an empty directory, and over another site with smaller ids.
    run(&second, &["import", file]).expect(0);
    let moved = run(&second, &["export"]).expect(0).stdout;
    assert_eq!(portable(&moved), portable(&export));
    assert_ne!(moved.lines().next(), export.lines().next(), "a site keeps its identity");
    let third = directory.path().join("third");
    run(&third, &["seed", "--size", "3"]).expect(0);
    run(&third, &["import", file]).expect(3);
    let said = run(&third, &["import", file, "--replace", "--json"]).expect(0);
    let counts: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(counts["devices"], export.matches("\"kind\":\"device\"").count());
    assert_eq!(portable(&run(&third, &["export"]).expect(0).stdout), portable(&export));

    // The server continues with the ids of the file.
    let next = portable(&export).0["next_device_id"].as_u64().unwrap();
    let server = Server::start(&third, &[]);
    assert_eq!(server.http.provision("next", "POP"), next);
}

#[test]
fn a_site_is_imported_from_standard_input() {
    let directory = tempfile::tempdir().unwrap();
    let [first, second] = ["first", "second"].map(|name| directory.path().join(name));
    run(&first, &["seed"]).expect(0);
    let export = run(&first, &["export"]).expect(0).stdout;
    let file = directory.path().join("x");
    fs::write(&file, &export).unwrap();
    let mut command = unoc(&["import", "-"]);
    command.arg("--data-dir").arg(&second).stdin(fs::File::open(&file).unwrap());
    assert!(said(&mut command).expect(0).stdout.starts_with("Imported "));
    assert_eq!(portable(&run(&second, &["export"]).stdout), portable(&export));
}

#[test]
fn an_export_is_the_same_while_the_server_runs() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    lively_site(path);
    let offline = run(path, &["export"]).expect(0).stdout;
    let server = Server::start(path, &[]);
    assert_eq!(run(path, &["export"]).expect(0).stdout, offline);
    assert_eq!(server.http.get("/api/export").expect(200).text(), offline);
    let file = path.join("online.jsonl");
    run(path, &["export", file.to_str().unwrap()]).expect(0);
    assert_eq!(fs::read_to_string(file).unwrap(), offline);
    let based = tempfile::tempdir().unwrap();
    let below = Server::start(based.path(), &[("UNOC_BASE_PATH", "/noc")]);
    let export = run(based.path(), &["export"]).expect(0).stdout;
    assert_eq!(below.http.get("/api/export").expect(200).text(), export, "below a path");
}

#[test]
fn an_import_needs_exclusive_access_to_the_store() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let file = path.join("site.jsonl");
    let server = Server::start(path, &[]);
    run(path, &["export", file.to_str().unwrap()]).expect(0);
    let said = run(path, &["import", file.to_str().unwrap(), "--replace"]).expect(75);
    assert!(said.stderr.contains("systemctl stop unoc"), "{said:?}");
    assert_eq!(server.data_dir(), path);
    let second = run(path, &["serve", "--port", "0"]).expect(75);
    assert!(second.stderr.contains("is in use by another process"), "{second:?}");
    server.http.get("/health").expect(200);
    assert!(server.terminate().0.success());
    run(path, &["import", file.to_str().unwrap(), "--replace"]).expect(0);
}

const BOM: &str = include_str!("../../cases/json/bom.jsonl");
const COUNTERS_TOO_LARGE: &str = include_str!("../../cases/json/next-id-u64max.jsonl");

/// Imports a text into an empty directory; the exit code must be `code`.
fn import(directory: &Path, text: &str, code: i32) -> String {
    let file = directory.join("site.jsonl");
    fs::write(&file, text).expect("written");
    let said = run(
        &directory.join("data"),
        &["import", file.to_str().expect("a path of UTF-8"), "--replace"],
    );
    said.expect(code).stderr
}

#[test]
fn a_byte_order_mark_is_ignored() {
    let directory = tempfile::tempdir().unwrap();
    assert!(BOM.starts_with('\u{feff}'));
    import(directory.path(), BOM, 0);
    // In the marker, too, which an operator may have edited.
    let marker = directory.path().join("data/site.json");
    let text = fs::read_to_string(&marker).unwrap();
    fs::write(&marker, format!("\u{feff}{text}")).unwrap();
    let server = Server::start(&directory.path().join("data"), &[]);
    let body = "\u{feff}{\"name\":\"from an editor\",\"device_type\":\"POP\"}";
    let json = [("content-type", "application/json")];
    let answer = server.http.send(Method::POST, "/api/devices/provision", &json, Some(body));
    answer.expect(201);
}

#[test]
fn ids_end_where_json_numbers_are_exact() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let stderr = import(path, COUNTERS_TOO_LARGE, 1);
    assert!(stderr.contains("line 1: next_device_id is 18446744073709551615"), "{stderr}");

    let last = COUNTERS_TOO_LARGE
        .replace("18446744073709551615", "9007199254740991")
        .replace("18446744073709551614", "9007199254740991");
    let above = last.replacen("\"id\":1,", "\"id\":9007199254740992,", 1);
    let stderr = import(path, &above, 1);
    assert!(stderr.contains("line 2: id 9007199254740992 is not between 1 and"), "{stderr}");

    // The last id is assigned, and none after it; the store can be opened again.
    import(path, &last, 0);
    for (name, code) in [("last", 201), ("beyond", 400)] {
        let server = Server::start(&path.join("data"), &[]);
        let body = json!({"name": name, "device_type": "POP"});
        let answer = server.http.post("/api/devices/provision", &body).expect(code);
        let text = answer.text();
        let expected = if code == 201 { "9007199254740991" } else { "No device id is left" };
        assert!(text.contains(expected), "{text}");
        server.http.post("/api/seed", &json!({})).expect(400);
        assert!(server.terminate().0.success());
    }
}
