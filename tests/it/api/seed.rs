//! Loading the demo network.

use http::Method;

use crate::harness::TestApp;
use crate::harness::site::ids_of;

fn seed(app: &TestApp) {
    let answer = app.send(Method::POST, "/api/seed", &[], None).expect(201);
    assert_eq!(answer.text(), r#"{"message":"Database seeded successfully"}"#);
}

#[test]
fn seeding_replaces_everything_and_ids_continue() {
    let app = TestApp::demo();
    let lists = ["devices", "interfaces", "links"];
    let last = lists.map(|list| *ids_of(&app.get(&format!("/api/{list}")).json()).last().unwrap());
    let names = |app: &TestApp| {
        let devices = app.get("/api/devices").json();
        let devices = devices.as_array().unwrap().iter();
        devices.map(|device| device["name"].clone()).collect::<Vec<_>>()
    };
    let before = names(&app);
    app.provision("not part of the demo", "POP");
    seed(&app);
    assert_eq!(names(&app), before, "the same network");
    for (list, last) in lists.into_iter().zip(last) {
        let first = ids_of(&app.get(&format!("/api/{list}")).json())[0];
        assert!(first > last, "{list}: {first} follows {last}");
    }
    app.get("/api/devices/1").expect(404);
}

#[test]
fn an_empty_site_can_be_seeded_whatever_the_body_says() {
    let app = TestApp::empty();
    seed(&app);
    let count = app.get("/api/devices").json().as_array().unwrap().len();
    let answer = app.send(Method::POST, "/api/seed", &[], Some("no JSON"));
    answer.expect(201);
    assert_eq!(app.get("/api/devices").json().as_array().unwrap().len(), count);
}

#[test]
fn a_site_that_was_emptied_on_purpose_is_not_seeded_at_the_next_start() {
    let directory = tempfile::tempdir().unwrap();
    let server = crate::harness::process::Server::start(directory.path(), &[]);
    let ids = ids_of(&server.http.get("/api/devices").json());
    assert!(!ids.is_empty());
    for id in ids {
        server.http.delete(&format!("/api/devices/{id}")).expect(204);
    }
    assert!(server.terminate().0.success());
    let server = crate::harness::process::Server::start(directory.path(), &[]);
    assert_eq!(server.http.get("/api/devices").text(), "[]");
}
