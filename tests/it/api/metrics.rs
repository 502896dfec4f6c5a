//! What `GET /metrics` says, and that it stays small.

use http::Method;
use serde_json::json;

use crate::harness::TestApp;
use crate::harness::metrics::Samples;
use crate::harness::plant::Plant;
use crate::harness::receiver::WebhookReceiver;
use crate::harness::socket::Client;

/// The documented routes and methods are some 130, each with up to 4 classes of status.
const HTTP_SERIES_MAX: usize = 7_000;
/// All others: some 60 gauges and counters, 40 checks with two series each, histograms of fixed labels.
const OTHER_SERIES_MAX: usize = 500;

/// A sample that is a count.
fn count(samples: &Samples, name: &str) -> usize {
    let value = samples.get(name).unwrap_or_else(|| panic!("no {name}"));
    value.to_string().parse().expect("a whole number")
}

fn requests(route: &str, method: &str, status: &str) -> String {
    let labels = format!(r#"{{route="{route}",method="{method}",status="{status}"}}"#);
    format!("unoc_http_request_duration_seconds_count{labels}")
}

#[test]
fn requests_are_counted_by_route_method_and_class() {
    let app = TestApp::demo();
    for id in [1, 2, 3, 1_000_000] {
        app.get(&format!("/api/devices/{id}"));
    }
    app.get("/nothing").expect(404);
    app.send(Method::PUT, "/api/devices/1", &[], None).expect(405);
    app.provision("P1", "POP");
    let samples = app.metrics();
    assert_eq!(count(&samples, &requests("/api/devices/{id}", "GET", "2xx")), 3);
    assert_eq!(count(&samples, &requests("/api/devices/{id}", "GET", "4xx")), 1);
    assert_eq!(count(&samples, &requests("/api/devices/provision", "POST", "2xx")), 1);
    assert_eq!(count(&samples, &requests("other", "other", "4xx")), 2);
    let took = requests("/api/devices/{id}", "GET", "2xx").replace("_count{", "_sum{");
    assert!((1e-6..5.0).contains(&samples[&took]), "{took} {}", samples[&took]);
}

#[test]
fn routes_below_a_base_path_have_their_documented_names() {
    let app = TestApp::with(|config| config.base_path = "/a/b".to_owned());
    app.get("/api/devices/1").expect(200);
    assert_eq!(count(&app.metrics(), &requests("/api/devices/{id}", "GET", "2xx")), 1);
}

#[test]
fn a_write_is_in_every_step_that_it_takes() {
    let app = TestApp::empty();
    let before = app.metrics();
    let mut client = Client::connect(app.address, "/live");
    app.provision_pops("P", 10);
    client.count_until("changes").expect("the change");
    let after = app.metrics();
    for (name, least) in [
        ("unoc_engine_queue_wait_seconds_count", 1),
        ("unoc_engine_batch_commands_count", 1),
        ("unoc_engine_execute_seconds_count", 1),
        ("unoc_engine_commit_seconds_count", 1),
        (r#"unoc_events_delay_seconds_count{namespace="/"}"#, 1),
        (r#"unoc_events_delay_seconds_count{namespace="/live"}"#, 1),
    ] {
        assert!(count(&after, name) >= count(&before, name) + least, "{name}");
    }
    assert_eq!(count(&after, r#"unoc_clients{namespace="/live"}"#), 1);
    assert_eq!(count(&after, r#"unoc_clients_behind{namespace="/live"}"#), 0);
    assert_eq!(count(&after, "unoc_engine_queue_length"), 0);
}

#[test]
fn incidents_and_notices_are_counted() {
    let receiver = WebhookReceiver::start();
    let contacts = json!([
        {"name": "on-call", "webhook": {"url": receiver.url("/x")}},
        {"name": "chat", "webhook": {"url": receiver.url("/y"), "form": "slack"}},
    ]);
    let contacts = contacts.to_string();
    let variables = [("UNOC_CONTACTS", contacts.as_str()), ("UNOC_ESCALATION", "0s: on-call")];
    let app = TestApp::with_environment(&variables);
    app.clock.hold();
    let plant = Plant::build(&app);
    let attempts = |kind: &str, outcome: &str| {
        let labels = format!(r#"{{kind="{kind}",outcome="{outcome}"}}"#);
        count(&app.metrics(), &format!("unoc_notice_attempt_seconds_count{labels}"))
    };
    assert_eq!(attempts("generic", "succeeded"), 0, "it is there before the first attempt");
    app.cut(plant.link("ODF", "SPL-A"));
    app.clock.advance(3);
    receiver.wait_for(1);
    crate::harness::wait::until("the attempt is counted", || {
        (attempts("generic", "succeeded") >= 1).then_some(())
    });
    assert_eq!(attempts("slack", "succeeded"), 0);
    assert_eq!(count(&app.metrics(), r#"unoc_incidents_open{severity="critical"}"#), 1);
    assert!(!app.get("/metrics").text().contains("on-call"), "names of people are in no metric");
}

#[test]
fn the_number_of_series_is_bounded_whatever_clients_do() {
    let app = TestApp::empty();
    let hostile = |from: u64| {
        for n in from..from + 30 {
            app.get(&format!("/nothing/{n}"));
            app.get(&format!("/api/devices/{n}"));
            app.get(&format!("/api/devices/x{n}"));
            let method = Method::from_bytes(format!("M{n}").as_bytes()).expect("a method");
            app.send(method, &format!("/api/links/{n}"), &[], None);
        }
        app.provision_pops(&format!("P{from}-"), 50);
    };
    let clients: Vec<Client> = (0..2).map(|_| Client::connect(app.address, "/live")).collect();
    hostile(1);
    app.metrics();
    let before: Vec<String> = app.metrics().into_keys().collect();
    let more: Vec<Client> = (0..8).map(|_| Client::connect(app.address, "/")).collect();
    hostile(1_000);
    let after: Vec<String> = app.metrics().into_keys().collect();
    // The checks run meanwhile, and get their first values.
    let of_others = |names: &[String]| -> Vec<String> {
        names.iter().filter(|name| !name.starts_with("unoc_check_")).cloned().collect()
    };
    assert_eq!(of_others(&before), of_others(&after));
    let is_http = |name: &&String| name.starts_with("unoc_http_");
    let http = after.iter().filter(is_http).count();
    assert!(http <= HTTP_SERIES_MAX, "{http}");
    assert!(after.len() - http <= OTHER_SERIES_MAX, "{} without requests", after.len() - http);
    drop((clients, more));
}

#[test]
fn the_process_is_known_by_its_standard_names() {
    let app = TestApp::empty();
    let samples = app.metrics();
    for name in [
        "process_cpu_seconds_total",
        "process_resident_memory_bytes",
        "process_virtual_memory_bytes",
        "process_open_fds",
        "process_max_fds",
        "process_threads",
    ] {
        assert!(samples[name] > 0.0, "{name}");
    }
    let started = samples["process_start_time_seconds"];
    assert_eq!(started.to_bits(), app.metrics()["process_start_time_seconds"].to_bits());
    let version = format!(r#"unoc_build_info{{version="{}""#, env!("CARGO_PKG_VERSION"));
    assert!(samples.keys().any(|name| name.starts_with(&version)), "{samples:?}");
}
