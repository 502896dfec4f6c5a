//! Restoring while the service runs: no acknowledged write is lost, and all clients are notified.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use unoc::domain::Timestamp;
use unoc::store::{OpenOptions, Store};

use super::fixture::{assert_no_left_overs, entities, names_in, run_with};
use crate::harness::content::Content;
use crate::harness::postgres::Postgres;
use crate::harness::process::Server;
use crate::harness::site::{id_of, text_of};
use crate::harness::socket::{Client, Event};
use crate::harness::{TestApp, wait};

const WRITERS: usize = 4;
/// Writes that each writer gets acknowledged before the restore begins, and after it ended.
const WRITES_AROUND: usize = 10;

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("no number: {value}"))
}

#[test]
fn writes_during_a_restore_are_in_the_state_before_or_after() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), &[]);
    let backup = server.http.back_up();
    let is_restored = AtomicBool::new(false);
    let write = |writer: usize| {
        let (mut acknowledged, mut after) = (BTreeMap::new(), 0);
        for round in 0.. {
            let name = format!("writer {writer} round {round}");
            let body = json!({"name": name, "device_type": "POP", "validate_upstream": false});
            let answer = server.http.post("/api/devices/provision", &body).expect(201).json();
            acknowledged.insert(id_of(&answer["device"]), name);
            after += usize::from(is_restored.load(Ordering::SeqCst));
            if after > WRITES_AROUND {
                break;
            }
        }
        acknowledged
    };
    let acknowledged: BTreeMap<u64, String> = std::thread::scope(|scope| {
        let writers: Vec<_> =
            (0..WRITERS).map(|writer| scope.spawn(move || write(writer))).collect();
        wait::until("everybody writes", || {
            let count =
                server.http.get("/api/devices").expect(200).text().matches("\"writer ").count();
            (count >= WRITERS * WRITES_AROUND).then_some(())
        });
        let restored = server.http.restore(&backup["id"], false).expect(200).json();
        is_restored.store(true, Ordering::SeqCst);
        assert_eq!(restored["is_dry_run"], false);
        writers.into_iter().flat_map(|writer| writer.join().expect("no panic")).collect()
    });
    let undo = server.http.backups()["undo"].take();
    assert!(server.terminate().0.success());

    let open = |path: &std::path::Path| {
        let options = OpenOptions { cache_bytes: 1 << 20, now: Timestamp(0), site_id: None };
        let store = Store::open(path, options).expect("the store opens");
        Content::read(&store.read().unwrap()).unwrap()
    };
    let kept = names_in(&directory.path().join("undo"));
    let kept = kept.iter().find(|name| name.starts_with("seq")).expect("a kept store");
    let before = open(&directory.path().join("undo").join(kept));
    let after = open(directory.path());
    assert_eq!(
        before.last_commit.seq,
        number(&undo["seq_before"]),
        "the note names the kept state"
    );
    let named = |content: &Content, id: u64| {
        let device = content.devices.iter().find(|device| device.id.0 == id);
        device.map(|device| device.name.as_str().to_owned())
    };
    let mut counts = [0, 0];
    for (&id, name) in &acknowledged {
        let is_before = id < before.last_commit.counters.device;
        let (holds, lacks) = if is_before { (&before, &after) } else { (&after, &before) };
        assert_eq!(named(holds, id).as_deref(), Some(name.as_str()), "device {id}");
        assert_eq!(named(lacks, id), None, "device {id} is on one side alone");
        counts[usize::from(!is_before)] += 1;
    }
    assert!(counts.iter().all(|count| *count >= WRITERS * WRITES_AROUND), "{counts:?}");
    assert_no_left_overs(directory.path());
}

#[test]
fn clients_are_notified_and_caches_cleared() {
    let app = TestApp::demo();
    app.provision("in both", "POP");
    let backup = app.back_up();
    app.provision("afterwards", "POP");
    let mut client = Client::connect(app.address, "/live");
    client.until(|event| event.name == "snapshot");
    let lists = ["/api/devices", "/api/links"];
    let etags = lists.map(|list| app.get(list).expect(200).header("etag").unwrap().to_owned());
    let seq = app.seq();
    app.restore(&backup["id"], false).expect(200);
    assert!(app.seq() > seq, "a number never comes twice");
    // The batch of the last change may still be on its way.
    let is_old = |event: &Event| event.name == "changes" && number(&event.payload["to_seq"]) <= seq;
    let is_of_site = |event: &Event| ["changes", "resync"].contains(&event.name.as_str());
    let event = client.until(|event| is_of_site(event) && !is_old(event)).pop().unwrap();
    assert_eq!(event.name, "resync", "{}", event.raw);
    assert!(number(&event.payload["to_seq"]) > seq);
    for (list, etag) in lists.iter().zip(&etags) {
        let headers = [("if-none-match", etag.as_str())];
        let answer = app.get_with(list, &headers).expect(200);
        assert_ne!(answer.header("etag"), Some(etag.as_str()), "{list}");
    }
    let devices = app.get("/api/devices").expect(200);
    assert!(devices.text().contains("in both") && !devices.text().contains("afterwards"));
    let row = app.get("/api/audit?limit=1").expect(200).json()[0].clone();
    assert_eq!(
        (&row["action"], &row["actor"]),
        (&"restore backup".into(), &"api 127.0.0.1".into())
    );
    // The names of removed devices are free again, their ids are not.
    assert!(app.provision("afterwards", "POP") > 76);
}

#[test]
fn a_dry_run_reports_the_changes_and_makes_none() {
    let app = TestApp::demo();
    let [stays, goes] = ["stays", "goes"].map(|name| app.provision(name, "ONT"));
    let backup = app.back_up();
    let saved = app.seq();
    let new = app.provision("new", "OLT");
    app.patch(&format!("/api/devices/{stays}"), &json!({"name": "renamed"})).expect(200);
    app.delete(&format!("/api/devices/{goes}")).expect(204);
    let (site, seq) = (app.export(), app.seq());
    let told = app.restore(&backup["id"], true).expect(200).json();
    assert_eq!(told["is_dry_run"], true);
    assert_eq!(told["backup_id"], backup["id"]);
    assert_eq!(told["seq"], json!({"now": seq, "backup": saved}));
    let devices = &told["devices"];
    let counts = ["added", "removed", "changed"].map(|key| number(&devices[key]));
    assert_eq!(counts, [1, 1, 1], "{told:#}");
    let mut examples: Vec<_> = devices["examples"].as_array().unwrap().iter().collect();
    examples.sort_by_key(|example| text_of(&example["change"]));
    assert_eq!(
        json!(examples),
        json!([
            {"change": "added", "id": goes, "name": "goes"},
            {"change": "changed", "id": stays, "name": "stays"},
            {"change": "removed", "id": new, "name": "new"},
        ])
    );
    assert_eq!(told["changes_lost"], 3);
    assert_eq!(told["newest_change_lost"]["seq"], seq);
    assert_eq!(told["newest_change_lost"]["action"], "delete device");
    let now = number(&told["counts"]["interfaces"]["now"]);
    let ports = app.get("/api/export").expect(200).text().matches("\"kind\":\"interface\"").count();
    assert_eq!(now, ports as u64);
    assert_eq!((app.export(), app.seq()), (site, seq), "nothing changed");
    assert_eq!(app.backups()["undo"], Value::Null);
    // A dry run is the default.
    let path = format!("/api/backups/{}/restore", text_of(&backup["id"]));
    let careful = app.post(&path, &json!({})).expect(200).json();
    assert_eq!(careful["is_dry_run"], true);
    app.post(&path, &json!({"dry_run": "maybe"})).expect(422);
    assert_no_left_overs(&app.data_dir);
}

#[test]
fn an_undo_can_itself_be_undone() {
    let app = TestApp::demo();
    let saved = app.export();
    let backup = app.back_up();
    app.provision("afterwards", "OLT");
    app.delete("/api/devices/2").expect(204);
    let before = app.export();
    let states = [("restored", &saved), ("undone", &before), ("undone again", &saved)];
    for (index, (what, wanted)) in states.into_iter().enumerate() {
        let seq = app.seq();
        if index == 0 {
            app.restore(&backup["id"], false).expect(200);
        } else {
            app.undo().expect(200);
        }
        assert_eq!(entities(&app.export()), entities(wanted), "{what}");
        assert!(app.seq() > seq);
        let kept = names_in(&app.file("undo"));
        assert_eq!(kept.len(), 2, "one state and the note: {kept:?}");
    }
}

#[test]
fn the_mirror_follows_a_restore_and_its_undo() {
    let Some(postgres) = Postgres::start() else { return };
    let directory = tempfile::tempdir().unwrap();
    let url = postgres.url();
    let server = Server::start(directory.path(), &[("DATABASE_URL", &url)]);
    server.in_step();
    let saved = server.http.export();
    let backup = server.http.back_up();
    server.http.provision_pops("mirrored", 300);
    server.http.delete("/api/devices/2").expect(204);
    server.in_step();
    let before = server.http.export();
    let assert_same = |wanted: &str, when: &str| {
        assert_eq!(entities(&server.http.export()), entities(wanted), "{when}");
        let state = server.in_step();
        assert_eq!(state["state"], "live", "{when}: {state:#}");
        let said = run_with(directory.path(), &[("DATABASE_URL", &url)], &["sync", "check"]);
        assert_eq!(said.code, 0, "{when}: {said:?}");
        let count = postgres.value("SELECT count(*) FROM devices");
        let devices = wanted.matches("\"kind\":\"device\"").count();
        assert_eq!(count, devices.to_string(), "{when}");
    };
    server.http.restore(&backup["id"], false).expect(200);
    assert_same(&saved, "restored");
    server.http.undo().expect(200);
    assert_same(&before, "undone");
}
