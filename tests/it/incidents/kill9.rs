//! kill -9 at random moments: what was answered is there after the restart, and no problem has two incidents.
//!
//! `UNOC_TEST_INCIDENT_KILLS` sets the number of kills.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::engine::kill9::server::{Home, Server};
use crate::harness::commands::{Rng, setting};
use crate::harness::http::Http;
use crate::harness::plant::Plant;
use crate::harness::site::text_of;
use crate::harness::wait;

const SEED: u64 = 815;
/// Time from the first change to the kill: around the moment at which the incidents are written.
const KILL_AFTER_MS: std::ops::Range<usize> = 0..3000;

fn http(server: &Server) -> Http {
    Http::new(&format!("http://{}", server.address()))
}

fn incidents(http: &Http, query: &str) -> Vec<Value> {
    let list = http.get(&format!("/api/incidents?limit=500{query}")).expect(200).json();
    list["incidents"].as_array().expect("a list").clone()
}

/// Waits until the incidents of the network whose cause exists are those of these links. One that flaps stays
/// open without its cause.
fn settled(http: &Http, links: &BTreeSet<u64>, when: &str) {
    let expected: BTreeSet<String> = links.iter().map(|id| format!("network:link:{id}")).collect();
    wait::until(&format!("{when}: one open incident for each cut link"), || {
        let open = incidents(http, "&state=not_closed&source=network");
        let keys: BTreeSet<String> = open.iter().map(|it| text_of(&it["key"]).to_owned()).collect();
        assert_eq!(keys.len(), open.len(), "{when}: a problem with two incidents: {open:?}");
        let active = open.iter().filter(|incident| incident["is_active"] == true);
        let keys: BTreeSet<String> = active.map(|it| text_of(&it["key"]).to_owned()).collect();
        (keys == expected).then_some(())
    });
}

#[test]
fn incidents_survive_kill_9_at_any_moment() {
    let kills = setting("UNOC_TEST_INCIDENT_KILLS", 8);
    let seed = setting("UNOC_TEST_SEED", SEED);
    println!("{kills} kills, UNOC_TEST_SEED={seed}");
    let mut rng = Rng::new(seed);
    let home = Home::new();
    let server = home.start();
    let plant = Plant::build(&http(&server));
    let links = ["ONT-A1", "ONT-A2", "ONT-A3", "ONT-A4"].map(|leaf| plant.link("SPL-A", leaf));
    let mut cut: BTreeSet<u64> = BTreeSet::new();
    let mut noted: Vec<(u64, String)> = Vec::new();
    let mut server = server;
    for kill in 0..kills {
        let when = format!("kill {kill}, seed {seed}");
        let client = http(&server);
        // Something is cut, something is mended, somebody writes a note; then it ends at once.
        for link in links {
            if rng.chance(50) {
                if cut.remove(&link) {
                    client.mend(link);
                } else {
                    client.cut(link);
                    cut.insert(link);
                }
            }
        }
        if let Some(first) = incidents(&client, "").first() {
            let id = first["id"].as_u64().expect("an id");
            let body = json!({"name": "Ada", "note": when});
            client.post(&format!("/api/incidents/{id}/note"), &body).expect(200);
            noted.push((id, when.clone()));
        }
        let pause = KILL_AFTER_MS.start + rng.below(KILL_AFTER_MS.len());
        std::thread::park_timeout(Duration::from_millis(pause as u64));
        let before = incidents(&client, "");
        server.kill();

        server = home.start();
        let client = http(&server);
        let after = incidents(&client, "");
        for incident in &before {
            let found = after.iter().find(|one| one["id"] == incident["id"]);
            let found = found.unwrap_or_else(|| panic!("{when}: {incident} is lost"));
            let count = |of: &Value| of["count"].as_u64().expect("a number");
            assert!(count(found) >= count(incident), "{when}: {found}, before {incident}");
        }
        for (id, note) in &noted {
            let incident =
                client.get(&format!("/api/incidents/{id}")).expect(200).text().to_owned();
            assert!(incident.contains(note), "{when}: a note is lost: {incident}");
        }
        settled(&client, &cut, &when);
    }
    let crashes = incidents(&http(&server), "&key=service:unclean-shutdown");
    assert_eq!(crashes[0]["count"], kills, "each kill is counted once");
    let (status, _) = server.terminate(10);
    assert!(status.success());
    let client_of_last = home.start();
    let crashes = incidents(&http(&client_of_last), "&key=service:unclean-shutdown");
    assert_eq!(crashes[0]["count"], kills, "a shutdown is not");
}
