//! The data directories that released versions left open in this version, with everything in them.
//!
//! A release adds its own, in `tests/fixtures/stores/VERSION`:
//! `cargo nextest run --run-ignored only -E 'test(the_fixture_of_this_version_is_written)'`

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use unoc::app;
use unoc::config::Config;
use unoc::domain::EntityKind;
use unoc::engine::Clock;
use unoc::query::{check_site, export_site};
use unoc::store::{IncidentState, STORE_FILE, Store};

use super::host::OLD;
use crate::harness::process::{Server, run};
use crate::harness::wait;

/// What a directory holds of each kind of record.
type Counts = BTreeMap<String, u64>;

const COUNTS_FILE: &str = "counts.json";
/// Smaller than the default level by a quarter; it is made once.
const ZSTD_LEVEL: i32 = 19;
/// More than a fixture has.
const RECORDS_MAX: usize = 1000;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/stores")
}

fn counts_of(store: &Store, data_dir: &Path) -> Counts {
    let snapshot = store.read().expect("a whole data directory");
    check_site(&snapshot).expect("a whole data directory");
    let mut export = Vec::new();
    export_site(&snapshot, store.site_id(), &mut export, |_, _| {})
        .expect("a whole data directory");
    let export = String::from_utf8(export).expect("a whole data directory");
    let is_override = |line: &&str| line.contains("\"status_override\":\"");
    let incidents = [IncidentState::Open, IncidentState::Acknowledged, IncidentState::Closed];
    let incidents = incidents
        .map(|state| snapshot.incident_count(state).expect("a whole data directory") as u64);
    let manifests = fs::read_dir(data_dir.join("backups")).expect("a whole data directory");
    let manifests = manifests.filter(|entry| {
        entry
            .as_ref()
            .expect("a whole data directory")
            .path()
            .extension()
            .is_some_and(|extension| extension == "json")
    });
    let count = |kind| snapshot.count(kind).expect("a whole data directory");
    Counts::from(
        [
            ("devices", count(EntityKind::Device)),
            ("interfaces", count(EntityKind::Interface)),
            ("links", count(EntityKind::Link)),
            ("overrides", export.lines().filter(is_override).count() as u64),
            ("audit", snapshot.audit_count().expect("a whole data directory")),
            ("seq", snapshot.seq()),
            ("incidents open", incidents[0]),
            ("incidents acknowledged", incidents[1]),
            ("incidents closed", incidents[2]),
            (
                "reports",
                snapshot.reports(None, None, RECORDS_MAX).expect("a whole data directory").len()
                    as u64,
            ),
            ("settings", snapshot.setting_changes().expect("a whole data directory").len() as u64),
            (
                "duties",
                snapshot
                    .duty_records("contacts", None, RECORDS_MAX)
                    .expect("a whole data directory")
                    .len() as u64,
            ),
            ("backups", manifests.count() as u64),
        ]
        .map(|(key, count)| (key.to_owned(), count)),
    )
}

#[test]
fn the_store_of_every_released_version_opens_with_all_that_it_holds() {
    let mut versions = 0;
    for fixture in fs::read_dir(fixtures()).unwrap() {
        let fixture = fixture.unwrap().path();
        let directory = tempfile::tempdir().unwrap();
        let data_dir = directory.path().join("data");
        fs::create_dir_all(data_dir.join("backups")).unwrap();
        let store = fs::read(fixture.join("unoc.redb.zst")).unwrap();
        fs::write(data_dir.join(STORE_FILE), zstd::decode_all(&store[..]).unwrap()).unwrap();
        for file in fs::read_dir(fixture.join("backups")).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), data_dir.join("backups").join(file.file_name())).unwrap();
        }
        let wanted: Counts =
            serde_json::from_slice(&fs::read(fixture.join(COUNTS_FILE)).unwrap()).unwrap();
        assert!(wanted.values().all(|count| *count > 0), "{wanted:?}");

        let config = Config::for_data_dir(&data_dir);
        let store = app::open_store(&config, &Clock::system()).unwrap();
        let mut counts = counts_of(&store, &data_dir);
        // The one that is made before the store is upgraded.
        let backups = counts["backups"];
        counts.insert("backups".to_owned(), backups.min(wanted["backups"]));
        assert_eq!(counts, wanted, "{}", fixture.display());
        drop(store);
        run(&data_dir, &["backup", "verify"]).expect(0);
        let server = Server::start(&data_dir, &[]);
        server.http.get("/health").expect(200);
        assert!(server.terminate().0.success());
        versions += 1;
    }
    assert!(versions > 0);
}

#[test]
#[ignore = "it writes the fixture that a release keeps"]
fn the_fixture_of_this_version_is_written() {
    let directory = tempfile::tempdir().unwrap();
    let data_dir = directory.path().join("data");
    let server = Server::start(&data_dir, &[]);
    let http = &server.http;
    // Leaves of the demo network: an incident each.
    for id in [50, 55, 60, 65] {
        let body = json!({"status_override": "DOWN", "override_reason": "fixture"});
        http.patch(&format!("/api/devices/{id}/override"), &body).expect(200);
    }
    http.patch("/api/settings", &json!({"event_interval_ms": 250})).expect(200);
    http.post("/api/runbook/contacts/records", &json!({"name": "Ada"})).expect(201);
    run(&data_dir, &["backup", "now"]).expect(0);
    run(&data_dir, &["jobs", "run", "daily-review"]).expect(0);
    let incidents = |state: &str, least: usize| {
        wait::until("incidents", || {
            let list = http.get(&format!("/api/incidents?state={state}")).expect(200).json();
            let list = list["incidents"].as_array().unwrap().clone();
            (list.len() >= least).then_some(list)
        })
    };
    let open = incidents("open", 7);
    let body = json!({"name": "Ada"});
    http.post(&format!("/api/incidents/{}/acknowledge", open[0]["id"]), &body).expect(200);
    http.delete("/api/devices/65/override").expect(200);
    incidents("closed", 1);
    assert!(server.terminate().0.success());

    let fixture = fixtures().join(OLD);
    fs::remove_dir_all(&fixture).ok();
    fs::create_dir_all(fixture.join("backups")).unwrap();
    let store = app::open_store(&Config::for_data_dir(&data_dir), &Clock::system()).unwrap();
    let counts = counts_of(&store, &data_dir);
    drop(store);
    let text = serde_json::to_string_pretty(&counts).unwrap();
    fs::write(fixture.join(COUNTS_FILE), text + "\n").unwrap();
    let store = fs::read(data_dir.join(STORE_FILE)).unwrap();
    let packed = zstd::encode_all(&store[..], ZSTD_LEVEL).unwrap();
    fs::write(fixture.join("unoc.redb.zst"), packed).unwrap();
    for file in fs::read_dir(data_dir.join("backups")).unwrap() {
        let file = file.unwrap();
        let is_hidden = file.file_name().to_string_lossy().starts_with('.');
        if file.file_type().unwrap().is_file() && !is_hidden {
            fs::copy(file.path(), fixture.join("backups").join(file.file_name())).unwrap();
        }
    }
    assert!(counts.values().all(|count| *count > 0), "{counts:?}");
}
