//! Names and reasons that break other programs are returned unchanged.

use serde_json::json;

use super::Target;

const NAMES: [&str; 16] = [
    "<script>alert(1)</script>",
    "\"quoted\" 'single' `back`",
    "back\\slash \\u0041 \\n",
    "{{7*7}} ${7*7} %s %n %00",
    "'; DROP TABLE devices; --",
    "../../etc/passwd",
    "\u{202e}right to left\u{202c} \u{200f}mark",
    "\u{1f4a9}\u{1f9d1}\u{200d}\u{1f692} 4-byte",
    "combining e\u{301} and \u{e9}",
    "zero\u{200b}width\u{feff}",
    "\u{10ffff}\u{fffd}\u{e000}",
    "\u{5149}\u{7ea4}\u{5230}\u{6237} \u{627}\u{644}\u{644}",
    "null",
    "0",
    "&lt;&amp;&#39;",
    "=cmd|' /C calc'!A0",
];

#[test]
fn hostile_names_are_returned_unchanged() {
    let target = Target::new();
    let mut client = target.client();
    for name in NAMES {
        let body = json!({"name": name, "device_type": "POP"});
        let answer = client.call("POST", "/api/devices/provision", Some(&body)).expect("an answer");
        assert_eq!(answer.status, 201, "{name:?}: {}", answer.text());
        let made = answer.json();
        assert_eq!(made["device"]["name"], name);
        let path = format!("/api/devices/{}", made["device"]["id"]);
        let set = json!({"status_override": "DOWN", "override_reason": name});
        let answer = client.call("PATCH", &format!("{path}/override"), Some(&set));
        assert_eq!(answer.expect("an answer").json()["device"]["override_reason"], name);
        let read = client.get(&path);
        assert_eq!(read.json()["name"], name);
        assert_eq!(read.header("content-type"), Some("application/json"), "no browser runs it");
        let again = client.call("POST", "/api/devices/provision", Some(&body)).expect("an answer");
        assert_eq!(again.json()["detail"], format!("Device with name '{name}' already exists"));
    }
    let list = client.get("/api/devices").json();
    let names: Vec<_> = list.as_array().expect("a list").iter().map(|row| &row["name"]).collect();
    assert_eq!(names, NAMES.map(|name| json!(name)).iter().collect::<Vec<_>>());

    // Through an export, a restart, and an import at another site.
    let export = client.get("/api/export").text();
    for name in NAMES {
        assert!(export.contains(&json!(name).to_string()), "{name:?} is not in the export");
    }
    let file = target.home.path("site.jsonl");
    std::fs::write(&file, &export).expect("the folder is ours");
    let copy = crate::engine::kill9::server::Home::new();
    copy.run_well(&["import", file.to_str().expect("our names are UTF-8")]);
    assert_eq!(copy.start().client().get("/api/devices").json(), list);
    target.check();
}

#[test]
fn a_log_line_stays_one_line() {
    let target = Target::new();
    let forged = "/nowhere%0a2026-01-01T00:00:00Z%20%20INFO%20Client%20connected:%20forged";
    let mut client = target.client();
    client.call("GET", forged, None).expect("an answer");
    let body = json!({"name": "line\nbreak", "device_type": "POP"});
    let answer = client.call("POST", "/api/devices/provision", Some(&body)).expect("an answer");
    assert_eq!(answer.status, 422, "control characters are no part of a name");
    let log = target.home.log();
    assert!(!log.lines().any(|line| line.starts_with("2026-01-01T00:00:00Z")), "{log}");
    target.check();
}
