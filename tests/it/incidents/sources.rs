//! What opens incidents: the network, jobs, and the end of the service.

use std::fs;

use serde_json::{Value, json};
use unoc::incidents::NETWORK_INCIDENTS_MAX;

use crate::harness::plant::Plant;
use crate::harness::site::text_of;
use crate::harness::socket::Client;
use crate::harness::{TestApp, wait};

/// How long a problem must exist, and a bit.
const HOLD_OFF_SECONDS: i64 = 3;

/// A network that is built in no time: what is not connected yet is no incident.
fn built() -> (TestApp, Plant) {
    let app = TestApp::empty();
    app.clock.hold();
    let plant = Plant::build(&app);
    (app, plant)
}

/// The incidents that are not closed, once there are this many.
fn open(app: &TestApp, count: usize) -> Vec<Value> {
    app.clock.advance(HOLD_OFF_SECONDS);
    wait::until("the incidents", || {
        let list = app.get("/api/incidents?state=not_closed").expect(200).json();
        let incidents = list["incidents"].as_array().expect("a list").iter();
        // The clock of the test stands still and jumps, which is an incident of a check.
        let incidents: Vec<Value> =
            incidents.filter(|incident| incident["source"] != "check").cloned().collect();
        (incidents.len() == count).then_some(incidents)
    })
}

fn incident(app: &TestApp, id: &Value) -> Value {
    app.get(&format!("/api/incidents/{id}")).expect(200).json()
}

fn kinds(incident: &Value) -> Vec<String> {
    let entries = incident["timeline"].as_array().expect("a list").iter();
    entries.map(|entry| text_of(&entry["kind"]).to_owned()).collect()
}

#[test]
fn a_cut_feeder_is_one_incident_with_its_customers_until_it_is_mended() {
    let (app, plant) = built();
    let link = plant.link("ODF", "SPL-A");
    app.cut(link);
    let opened = open(&app, 1).remove(0);
    assert_eq!(opened["key"], format!("network:link:{link}"));
    assert_eq!(opened["title"], "ODF - SPL-A is set to DOWN");
    assert_eq!(
        opened["detail"], "4 customers affected, 5 devices behind it; reason: dug up",
        "{opened}"
    );
    assert_eq!(opened["subject"], json!({"kind": "link", "id": link}));
    assert_eq!((&opened["severity"], &opened["state"]), (&json!("critical"), &json!("open")));
    assert_eq!(opened["customer_count"], 4);

    // Another cause above takes the customers that it has alone; both are incidents of their own.
    app.hold(plant.id("OLT"), &json!("DOWN"));
    assert_eq!(open(&app, 2)[0]["title"], "OLT is set to DOWN");
    app.hold(plant.id("OLT"), &Value::Null);
    open(&app, 1);
    app.mend(link);
    open(&app, 0);
    let closed = incident(&app, &opened["id"]);
    assert_eq!((&closed["state"], &closed["closed_by"]), (&json!("closed"), &Value::Null));
    assert_eq!(kinds(&closed), ["opened", "closed"]);
    assert_eq!(app.get("/api/incidents").expect(200).json()["incidents"][0]["id"], 1);
}

#[test]
fn planned_work_is_no_incident() {
    let (app, plant) = built();
    app.cut(plant.link("ODF", "SPL-A"));
    open(&app, 1);
    let path = format!("/api/links/{}", plant.link("ODF", "SPL-A"));
    let planned = json!({"status_override": "DOWN", "override_is_planned_work": true});
    app.patch(&path, &planned).expect(200);
    open(&app, 0);
}

#[test]
fn a_failed_job_is_an_incident_until_it_succeeds() {
    let app = TestApp::demo();
    // A file where the directory of the backups should be.
    let directory = app.file("backups");
    let aside = app.file("backups.aside");
    if directory.exists() {
        fs::rename(&directory, &aside).expect("it is ours");
    }
    fs::write(&directory, "in the way").expect("it is ours");
    let run = || {
        let started = app.post("/api/jobs/backup/run", &json!(null)).expect(202).json();
        wait::until("the run ends", || {
            let job = app.get("/api/jobs/backup").expect(200).json();
            let run = job["runs"][0].clone();
            (run["id"] == started["id"]).then_some(run)
        })
    };
    let of_backup = |state: &str, count: usize| {
        wait::until("the incident of the job", || {
            let list = app.get("/api/incidents?key=job:backup").expect(200).json();
            let found = list["incidents"].get(0)?.clone();
            (found["state"] == state && found["count"] == count).then_some(found)
        })
    };
    let failed = run();
    assert_eq!(failed["result"], "failed");
    let opened = of_backup("open", 1);
    assert_eq!(opened["title"], "The job “Nightly backup” failed");
    assert_eq!(opened["detail"], failed["message"]);
    assert_eq!(opened["severity"], "major");
    run();
    of_backup("open", 2);
    fs::remove_file(&directory).expect("it is ours");
    assert_eq!(run()["result"], "ok");
    let closed = of_backup("closed", 2);
    assert_eq!(kinds(&incident(&app, &closed["id"])), ["opened", "reopened", "closed"]);
}

#[test]
fn incidents_survive_a_restart_and_are_not_opened_again() {
    let (app, plant) = built();
    let [mended, cut] = [plant.link("ODF", "SPL-A"), plant.link("SPL-B", "ONT-B1")];
    app.cut(mended);
    app.cut(cut);
    let before = open(&app, 2);
    let id = before[0]["id"].clone();
    let body = json!({"name": "Ada", "note": "on my way"});
    app.post(&format!("/api/incidents/{id}/acknowledge"), &body).expect(200);
    let before = app.get("/api/incidents").expect(200).json();
    let app = app.restart(|_| {});
    assert_eq!(app.get("/api/incidents").expect(200).json(), before);
    // It goes on with what it had: what is mended now closes the incident from before.
    app.mend(mended);
    app.mend(cut);
    open(&app, 0);
    let after = app.get("/api/incidents").expect(200).json();
    let closed = after["incidents"].as_array().expect("a list");
    assert_eq!(closed.len(), 2, "{after}");
    assert!(closed.iter().all(|one| one["count"] == 1), "{after}");
}

#[test]
fn clients_are_told_which_incidents_changed() {
    let (app, plant) = built();
    let mut socket = Client::connect(app.address, "/live");
    app.cut(plant.link("ODF", "SPL-A"));
    app.clock.advance(HOLD_OFF_SECONDS);
    let told = socket.until(|event| event.name == "incidents");
    let told = told.last().expect("the event");
    assert_eq!(told.payload, json!({"ids": [1], "has_maintenance": false}));
    // It is durable before anybody is told.
    assert_eq!(incident(&app, &json!(1))["state"], "open");
    let body = json!({"name": "Ada", "reason": "splicing", "ends_at": "2100-01-01T00:00:00Z"});
    app.post("/api/maintenance", &body).expect(201);
    let told = socket.until(|event| event.name == "incidents");
    let told = told.last().expect("the event");
    assert_eq!(told.payload, json!({"ids": [1], "has_maintenance": true}));
}

/// A full volume is when incidents are needed most: they may use half of what is kept free.
#[test]
fn incidents_are_written_while_the_store_is_read_only() {
    let free_bytes = {
        let app = TestApp::empty();
        app.handle.measure_volume().expect("a measurement").space.free_bytes
    };
    let app = TestApp::with(|config| config.min_free_bytes = free_bytes / 3 * 4);
    app.post("/api/jobs/self-check/run", &json!(null)).expect(202);
    let opened = wait::until("the incident of the job", || {
        let list = app.get("/api/incidents?key=job:self-check").expect(200).json();
        list["incidents"].get(0).cloned()
    });
    assert!(text_of(&opened["detail"]).contains("the store is read-only"), "{opened}");
    let body = json!({"name": "Ada"});
    app.post(&format!("/api/incidents/{}/acknowledge", opened["id"]), &body).expect(200);

    let full = TestApp::with(|config| config.min_free_bytes = 1 << 62);
    let body = json!({"name": "Ada", "reason": "r", "ends_at": "2100-01-01T00:00:00Z"});
    full.post("/api/maintenance", &body).expect(507);
    assert_eq!(full.get("/api/maintenance").expect(200).json(), json!([]), "nothing was kept");
}

/// One that comes and goes keeps its place, so that the last of a thousand others has none until it ends.
#[test]
fn a_refused_problem_gets_its_incident_once_there_is_room() {
    let (app, plant) = built();
    let link = plant.link("ODF", "SPL-A");
    for _ in 0..3 {
        app.cut(link);
        open(&app, 1);
        app.mend(link);
        wait::until("the cause is gone", || {
            let last = incident(&app, &json!(1));
            (last["is_active"] == false).then_some(())
        });
    }
    assert_eq!(incident(&app, &json!(1))["is_flapping"], true);
    let first = app.provision_pops("alone", NETWORK_INCIDENTS_MAX);
    let ids: Vec<u64> = (first..).take(NETWORK_INCIDENTS_MAX).collect();
    let down = json!({"device_ids": ids, "status": "DOWN"});
    app.post("/api/overrides/bulk", &down).expect(200);
    app.clock.advance(HOLD_OFF_SECONDS);
    let counted = |count: usize, overflow: &str| {
        let of_network = "/api/incidents?state=open&source=network&limit=1";
        wait::until("the incidents", || {
            let open_count = app.get(of_network).expect(200).json()["open_count"].clone();
            let list = app.get("/api/incidents?key=service:overflow").expect(200).json();
            let is_there = list["incidents"].get(0).is_some_and(|one| one["state"] == overflow);
            (open_count == count && is_there).then_some(())
        });
    };
    counted(NETWORK_INCIDENTS_MAX + 1, "open");
    app.post("/api/incidents/1/close", &json!({"name": "Ada"})).expect(200);
    app.provision("a change", "POP");
    counted(NETWORK_INCIDENTS_MAX, "closed");
}
