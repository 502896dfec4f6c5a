//! `unoc settings`, with a running server and without one.

use serde_json::Value;

use crate::harness::process::{Server, run};

#[test]
fn settings_are_listed_changed_for_a_time_and_reset() {
    let directory = tempfile::tempdir().unwrap();
    let missing = run(directory.path(), &["settings"]).expect(75);
    assert!(missing.stderr.contains("no server runs on"), "{missing:?}");
    let server = Server::start(directory.path(), &[("UNOC_DEV_FEATURES", "0")]);
    let line = |name: &str| {
        let listed = run(directory.path(), &["settings"]).expect(0).stdout;
        let mut lines = listed.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        let line = lines.find(|words| words[0] == name).expect("the setting");
        line.join(" ")
    };
    assert_eq!(line("NAME"), "NAME VALUE DEFAULT UNTIL CHANGED BY");
    assert_eq!(line("exports"), "exports on on - -");
    assert_eq!(line("event_interval_ms"), "event_interval_ms 0 ms 0 ms - -");

    let arguments = ["settings", "set", "event_interval_ms=1000", "exports=off", "--for", "1h"];
    let changed = run(directory.path(), &arguments).expect(0).stdout;
    let lines: Vec<&str> = changed.lines().collect();
    assert!(lines[0].starts_with("event_interval_ms is 1000 ms until 20"), "{changed}");
    assert!(lines[1].starts_with("exports is off until 20"), "{changed}");
    assert!(lines[1].ends_with("Z, then on.") && lines.len() == 2, "{changed}");
    assert!(line("exports").starts_with("exports off on 20"), "{}", line("exports"));
    server.http.get("/api/export").expect(503);

    let arguments = ["settings", "reset", "event_interval_ms", "exports"];
    let reset = run(directory.path(), &arguments).expect(0).stdout;
    assert_eq!(reset, "event_interval_ms is 0 ms, the default.\nexports is on, the default.\n");
    let kept = run(directory.path(), &["settings", "set", "imports=off"]).expect(0).stdout;
    assert_eq!(kept, "imports is off, until: unoc settings reset imports\n");
    let listed = run(directory.path(), &["settings", "--json"]).expect(0).stdout;
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed["settings"], server.http.get("/api/settings").json()["settings"]);
    assert!(server.terminate().0.success());
}

#[test]
fn after_a_kill_the_error_says_that_no_server_answers() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), &[("UNOC_DEV_FEATURES", "0")]);
    server.end_by("KILL");
    let said = run(directory.path(), &["settings"]).expect(75).stderr;
    assert!(said.contains("no server answers at"), "{said}");
    assert!(said.contains("start it (systemctl start unoc)"), "{said}");
}

#[test]
fn what_is_no_setting_or_out_of_range_is_refused_with_what_is_allowed() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), &[("UNOC_DEV_FEATURES", "0")]);
    for (arguments, code, expected) in [
        (
            &["set", "export=off"][..],
            3,
            "there is no setting \"export\"; use one of event_interval",
        ),
        (&["reset", "export"], 3, "there is no setting \"export\""),
        (&["set", "exports=no"], 3, "exports is on or off, not \"no\""),
        (&["set", "v2_events_max=5"], 3, "v2_events_max is from 50 to 2000 events, not \"5\""),
        (&["set", "exports=off", "--for", "8d"], 3, "--for is from 1s to 7d"),
        (&["set", "exports"], 2, "use NAME=VALUE"),
        (&["set", "exports=off", "--for", "soon"], 2, "use a span such as 15m"),
    ] {
        let arguments: Vec<&str> = ["settings"].iter().chain(arguments).copied().collect();
        let refused = run(directory.path(), &arguments).expect(code);
        assert!(refused.stderr.contains(expected), "{arguments:?}: {refused:?}");
    }
    let listed = server.http.get("/api/settings").expect(200).json();
    let mut settings = listed["settings"].as_array().unwrap().iter();
    assert!(settings.all(|setting| setting["changed_by"].is_null()), "{listed}");
    assert!(server.terminate().0.success());
}
