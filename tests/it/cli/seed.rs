//! `unoc seed`

use serde_json::{Value, json};

use crate::harness::process::{Server, host_user, run};

#[test]
fn the_demo_network_is_loaded_into_a_new_directory() {
    let directory = tempfile::tempdir().unwrap();
    let said = run(&directory.path().join("new"), &["seed"]).expect(0);
    assert!(said.stdout.starts_with("Loaded ") && said.stdout.ends_with(" links.\n"), "{said:?}");
    let server = Server::start(&directory.path().join("new"), &[("UNOC_DEV_FEATURES", "0")]);
    let health = server.http.get("/api/health").expect(200).json();
    let counts =
        ["device_count", "interface_count", "link_count"].map(|key| health["store"][key].clone());
    let words =
        format!("Loaded {} devices, {} interfaces, {} links.\n", counts[0], counts[1], counts[2]);
    assert_eq!(said.stdout, words);
    let rows = server.http.get("/api/audit").expect(200).json();
    let actors: Vec<_> = rows.as_array().unwrap().iter().map(|row| &row["actor"]).collect();
    assert!(actors.contains(&&host_user().into()), "{actors:?}");
}

#[test]
fn a_network_of_any_size_is_the_same_for_the_same_size() {
    let exports = [1, 2].map(|_| {
        let directory = tempfile::tempdir().unwrap();
        let said = run(directory.path(), &["seed", "--size", "500", "--json"]).expect(0);
        let counts: Value = serde_json::from_str(&said.stdout).unwrap();
        assert!(counts["devices"].as_u64().unwrap() > 500, "{counts}");
        let export = run(directory.path(), &["export"]).expect(0).stdout;
        // Times and the identity in the first line differ between runs.
        let lines = export.lines().skip(1).map(|line| {
            let mut line: Value = serde_json::from_str(line).unwrap();
            line["created_at"] = Value::Null;
            line["updated_at"] = Value::Null;
            line["status_since"] = Value::Null;
            line
        });
        let lines: Vec<Value> = lines.collect();
        let leaves = ["ONT", "BUSINESS_ONT", "AON_CPE"];
        let is_leaf = |line: &&Value| leaves.iter().any(|kind| line["device_type"] == *kind);
        assert_eq!(lines.iter().filter(is_leaf).count(), 500, "leaves");
        assert_eq!(counts["links"], lines.iter().filter(|line| line["kind"] == "link").count());
        lines
    });
    assert_eq!(exports[0], exports[1]);
}

#[test]
fn a_site_is_replaced_only_with_replace() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    run(path, &["seed"]).expect(0);
    let before = run(path, &["export"]).expect(0).stdout;
    for arguments in [&["seed"][..], &["seed", "--size", "9"], &["seed", "--json"]] {
        let said = run(path, arguments).expect(3);
        assert!(said.stderr.contains("add --replace"), "{said:?}");
        assert!(said.stdout.is_empty(), "{said:?}");
    }
    assert_eq!(run(path, &["export"]).expect(0).stdout, before);
    run(path, &["seed", "--size", "9", "--replace"]).expect(0);
    assert_ne!(run(path, &["export"]).expect(0).stdout, before);
}

#[test]
fn a_running_server_loads_the_demo_network() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let server = Server::start(path, &[("UNOC_DEV_FEATURES", "0")]);
    let offline = tempfile::tempdir().unwrap();
    let words = run(offline.path(), &["seed"]).expect(0).stdout;
    assert_eq!(run(path, &["seed"]).expect(0).stdout, words, "the same output either way");
    let refused = run(path, &["seed"]).expect(3);
    assert!(refused.stderr.contains("add --replace"), "{refused:?}");
    let said = run(path, &["seed", "--replace", "--json"]).expect(0);
    let counts: Value = serde_json::from_str(&said.stdout).unwrap();
    let store = server.http.get("/api/health").json()["store"].clone();
    assert_eq!(
        counts,
        json!({
            "devices": store["device_count"],
            "interfaces": store["interface_count"],
            "links": store["link_count"],
        })
    );
    let sized = run(path, &["seed", "--size", "9", "--replace"]).expect(75);
    assert!(sized.stderr.contains("systemctl stop unoc"), "{sized:?}");
}
