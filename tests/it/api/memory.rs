//! The memory that answers take, measured on the real process.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::harness::process::{Server, run};
use crate::harness::site::id_of;

/// Large enough that one outage is megabytes, small enough for an unoptimised build.
const LEAVES: &str = "12000";
/// The store's page cache, in MiB, which fills while answers are made and is not counted.
const CACHE_MIB: &str = "8";
const OUTAGES: usize = 24;
const SLOW_READERS: usize = 30;
/// Most memory of an answer: its rows (4 MiB), buffers, and what malloc keeps. Keeping and decoding
/// every image of the outages took 155 MiB, and whole lists and exports buffered for the slow
/// readers 571 MiB.
const GROWTH_KIB_MAX: u64 = 48 * 1024;

/// Starts a server with a site whose backbone failed and recovered.
fn after_outages(directory: &std::path::Path, outages: usize) -> Server {
    run(directory, &["seed", "--size", LEAVES]).expect(0);
    let server = Server::start(directory, &[("UNOC_CACHE_MIB", CACHE_MIB)]);
    let gateways = server.http.get("/api/devices?device_type=BACKBONE_GATEWAY").expect(200).json();
    let gateways: Vec<u64> = gateways.as_array().expect("a list").iter().map(id_of).collect();
    for number in 0..outages {
        for id in &gateways {
            let path = format!("/api/devices/{id}/override");
            if number.is_multiple_of(2) {
                server.http.patch(&path, &json!({"status_override": "DOWN"})).expect(200);
            } else {
                server.http.delete(&path).expect(200);
            }
        }
    }
    server
}

#[test]
fn the_trail_of_large_outages_is_read_in_little_memory() {
    let directory = tempfile::tempdir().unwrap();
    let server = after_outages(directory.path(), OUTAGES);
    let before = server.peak_since_now();
    let answer = server.http.get("/api/audit?limit=500").expect(200);
    let growth = server.peak_kib().saturating_sub(before);
    assert!(growth < GROWTH_KIB_MAX, "{growth} KiB");

    let rows = answer.json();
    let outages: Vec<&Value> = rows
        .as_array()
        .expect("rows")
        .iter()
        .filter(|row| row["change_count"].as_u64() > Some(10_000))
        .collect();
    assert!(outages.len() >= OUTAGES, "{} rows are of outages", outages.len());
    for row in outages.iter().filter(|row| text(row, "action").ends_with("override")) {
        let changes = row["changes"].as_array().expect("changes");
        // The operator's change is first and is always included.
        let after = &changes[0]["after"];
        assert_eq!(after["device_type"], "BACKBONE_GATEWAY", "{}", changes[0]);
    }
    // The same rows, in the page's portions.
    let newest = server.http.get("/api/audit?limit=1").expect(200).json();
    assert_eq!(newest[0]["id"], rows[0]["id"]);
    assert_eq!(newest[0]["changes"].as_array().expect("changes").len(), 100);
}

fn text<'a>(row: &'a Value, key: &str) -> &'a str {
    row[key].as_str().unwrap_or_default()
}

#[test]
fn slow_readers_of_a_filtered_list_and_of_exports_cost_little() {
    let directory = tempfile::tempdir().unwrap();
    let server = after_outages(directory.path(), 0);
    let list = "/api/devices?status=UP";
    let size = server.http.get(list).expect(200).body.len();
    assert!(size > 3_000_000, "the list has {size} bytes");
    let before = server.peak_since_now();
    let address = server.http.base.trim_start_matches("http://").to_owned();
    let readers: Vec<TcpStream> = (0..SLOW_READERS)
        .flat_map(|_| [slow_reader(&address, list), slow_reader(&address, "/api/export")])
        .collect();
    // Clients that read are served completely, while and after the slow ones are.
    assert_eq!(server.http.get(list).expect(200).body.len(), size);
    let export = server.http.get("/api/export").expect(200);
    let header: Value = serde_json::from_str(export.text().lines().next().unwrap()).unwrap();
    let lines = export.text().lines().count() as u64 - 1;
    assert_eq!(header["entities"], lines);
    server.http.post("/api/seed", &json!({})).expect(201);
    let growth = server.peak_kib().saturating_sub(before);
    assert!(growth < 2 * GROWTH_KIB_MAX, "{growth} KiB for {} readers", readers.len());
}

/// A client that reads only the beginning of an answer.
fn slow_reader(address: &str, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).expect("a connection");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n").expect("sent");
    let mut first = [0; 1024];
    stream.read_exact(&mut first).expect("the beginning");
    assert!(first.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&first));
    stream
}
