//! kill -9 at random moments while the receiver is away: each incident is told after it, once or twice.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::time::Duration;

use serde_json::{Value, json};

use crate::engine::kill9::server::{Home, Server};
use crate::harness::commands::{Rng, setting};
use crate::harness::http::Http;
use crate::harness::plant::Plant;
use crate::harness::receiver::WebhookReceiver;
use crate::harness::wait;

const SEED: u64 = 4711;
/// Time from the cut to the kill: around the moment at which the incident is written.
const KILL_AFTER_MS: std::ops::Range<usize> = 1500..3500;

fn http(server: &Server) -> Http {
    Http::new(&format!("http://{}", server.address()))
}

/// All but that the receiver does not answer, of which there is nobody else to tell.
fn incidents(http: &Http) -> Vec<Value> {
    let list = http.get("/api/incidents?limit=500").expect(200).json();
    let incidents = list["incidents"].as_array().expect("a list").iter();
    incidents.filter(|it| it["key"] != "notice:on-call").cloned().collect()
}

#[test]
fn no_notice_is_lost_by_kill_9() {
    let kills = setting("UNOC_TEST_NOTICE_KILLS", 3);
    let seed = setting("UNOC_TEST_SEED", SEED);
    println!("{kills} kills, UNOC_TEST_SEED={seed}");
    let mut rng = Rng::new(seed);
    let free = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = free.local_addr().expect("an address");
    drop(free);
    let contacts =
        json!([{"name": "on-call", "webhook": format!("http://{address}/")}]).to_string();
    let home = Home::new().set("UNOC_CONTACTS", &contacts);
    let mut server = home.start();
    let plant = Plant::build(&http(&server));
    let links = ["ONT-A1", "ONT-A2", "ONT-A3", "ONT-A4"].map(|leaf| plant.link("SPL-A", leaf));
    for kill in 0..kills {
        http(&server).cut(links[kill % links.len()]);
        let pause = KILL_AFTER_MS.start + rng.below(KILL_AFTER_MS.len());
        std::thread::park_timeout(Duration::from_millis(pause as u64));
        server.kill();
        server = home.start();
    }
    let client = http(&server);
    let expected = kills.min(links.len());
    wait::until("an incident for each cut", || {
        let cuts = incidents(&client).into_iter();
        let cuts = cuts.filter(|one| one["source"] == "network").count();
        (cuts == expected).then_some(())
    });
    // Whatever there is an incident of has its notice, which waits.
    let all = incidents(&client);
    for incident in &all {
        let path = format!("/api/notices?incident_id={}", incident["id"]);
        let notices = client.get(&path).expect(200).json();
        assert_eq!(notices.as_array().map(Vec::len), Some(1), "seed {seed}: {incident}: {notices}");
    }
    let (status, _) = server.terminate(10);
    assert!(status.success());
    let receiver = WebhookReceiver::start_at(address);
    let server = home.start();
    let ids: BTreeSet<u64> = all.iter().filter_map(|incident| incident["id"].as_u64()).collect();
    wait::until("each incident is told", || {
        let bodies = receiver.all();
        let notices = bodies.iter().filter_map(|one| one.body["notices"].as_array());
        let told: BTreeSet<u64> =
            notices.flatten().filter_map(|notice| notice["incident"]["id"].as_u64()).collect();
        ids.is_subset(&told).then_some(())
    });
    let (status, _) = server.terminate(10);
    assert!(status.success());
}
