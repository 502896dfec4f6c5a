//! Causes of checks in how the appliance is set: a feature that is off, a configuration with an error.

use std::fs;

use serde_json::json;

use super::causes::{incident, run_until};
use crate::harness::TestApp;
use crate::harness::process::Server;
use crate::harness::site::text_of;

#[test]
fn a_feature_that_is_off_is_told_without_an_incident() {
    let app = TestApp::empty();
    app.patch("/api/settings", &json!({"exports": false})).expect(200);
    let check = run_until(&app, "settings.off", "warning");
    assert!(text_of(&check["message"]).contains("Exports: off"), "{check}");
    app.patch("/api/settings", &json!({"exports": null})).expect(200);
    run_until(&app, "settings.off", "ok");
    let incidents = app.get("/api/incidents?key=check:settings.off").expect(200).json();
    assert_eq!(incidents["incidents"], json!([]));
}

#[test]
fn a_configuration_with_an_error_is_an_incident() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("unoc.toml");
    fs::write(&file, "site_name = 'one'\n").expect("it is ours");
    let path = file.to_str().expect("a text");
    let environment = [("UNOC_CONFIG", path), ("UNOC_DEV_FEATURES", "0")];
    let server = Server::start(&directory.path().join("data"), &environment);
    let http = &server.http;
    run_until(http, "configuration.applied", "ok");
    fs::write(&file, "prot = 7\n").expect("it is ours");
    server.signal("HUP");
    let check = run_until(http, "configuration.applied", "warning");
    assert!(text_of(&check["message"]).contains("prot"), "{check}");
    incident(http, "configuration.applied", "open");
    fs::write(&file, "site_name = 'one'\n").expect("it is ours");
    server.signal("HUP");
    run_until(http, "configuration.applied", "ok");
    incident(http, "configuration.applied", "closed");
}
