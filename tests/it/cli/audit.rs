//! `unoc audit`, with a running server and without one.

use serde_json::Value;

use crate::harness::process::{Server, run};

#[test]
fn the_trail_is_listed_and_exported_alike_with_and_without_a_server() {
    let directory = tempfile::tempdir().unwrap();
    let data_dir = directory.path().join("data");
    let missing = run(&data_dir, &["audit", "list"]);
    assert_ne!(missing.code, 0, "there is no site: {missing:?}");
    let server = Server::start(&data_dir, &[("UNOC_DEV_FEATURES", "0")]);
    for name in ["A", "B", "C"] {
        server.http.provision(name, "POP");
    }
    server.http.patch("/api/settings", &serde_json::json!({"v2_events": false})).expect(200);
    let list = |more: &[&str]| -> Value {
        let arguments = [&["audit", "list", "--json"], more].concat();
        serde_json::from_str(&run(&data_dir, &arguments).expect(0).stdout).unwrap()
    };
    let online = list(&[]);
    assert_eq!(online.as_array().unwrap().len(), 5);
    assert_eq!(list(&["--action", "settings"]).as_array().unwrap().len(), 1);
    assert_eq!(list(&["--limit", "2", "--before", "3"])[1]["id"], 1);
    let starts = list(&["--action", "start service"]);
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(starts[0]["details"], serde_json::json!({"version": version, "schema": 3}));
    assert_eq!(starts[0]["actor"], "system");
    let text = run(&data_dir, &["audit", "list", "--text", "v2_events"]).expect(0).stdout;
    assert!(text.contains("change settings") && text.contains("api 127.0.0.1"), "{text}");
    assert_eq!(text.lines().count(), 1);
    let file = directory.path().join("online.csv");
    let path = file.to_str().unwrap();
    let said = run(&data_dir, &["audit", "export", path, "--format", "csv"]).expect(0).stdout;
    assert!(said.starts_with("Exported the audit trail to "), "{said}");
    assert!(std::fs::read_to_string(&file).unwrap().contains("provision device"));
    run(&data_dir, &["audit", "verify"]).expect(0);
    assert!(server.terminate().0.success());

    let offline = list(&[]);
    let [newest, export, rest @ ..] = &offline.as_array().unwrap()[..] else { panic!("{offline}") };
    assert_eq!((&newest["actor"], &newest["action"]), (&"system".into(), &"end service".into()));
    assert_eq!(export["action"], "export audit trail", "the export of the server");
    assert_eq!(rest, &online.as_array().unwrap()[..]);
    let exported = run(&data_dir, &["audit", "export", "-"]).expect(0).stdout;
    let rows: Vec<Value> =
        exported.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 1 + 7, "a heading and each row");
    assert_eq!(rows[1]["id"], 0, "oldest first");
    assert_eq!(rows[7]["hash"], newest["hash"]);
    run(&data_dir, &["audit", "verify"]).expect(0);
    for wrong in [
        &["audit", "list", "--outcome", "x"][..],
        &["audit", "list", "--limit", "0"],
        &["audit", "export", "-", "--format", "xml"],
        &["audit"],
    ] {
        run(&data_dir, wrong).expect(2);
    }
}
