//! The base path, for a reverse proxy that serves several applications.

use serde_json::json;

use crate::harness::TestApp;
use crate::harness::http::Http;
use crate::harness::site::ids_of;
use crate::harness::socket::Client;

#[test]
fn everything_is_served_below_the_path_and_nothing_beside_it() {
    let app = TestApp::with(|config| "/noc".clone_into(&mut config.base_path));
    // The base URL of the test's client includes the path.
    assert!(app.base.ends_with("/noc"), "{}", app.base);
    app.get("/health").expect(200);
    let id = app.provision("D", "HOP");
    assert!(ids_of(&app.get("/api/devices").expect(200).json()).contains(&id));
    app.get("/openapi.json").expect(200);
    app.get("/api/nothing").expect(404);
    app.post("/health", &json!({})).expect(405);
    let next = app.get("/api/devices?limit=1").expect(200);
    assert_eq!(next.header("link"), Some("</noc/api/devices?limit=1&after=1>; rel=\"next\""));
    let slash = app.get("/api/devices/?limit=1").expect(307);
    assert_eq!(slash.header("location"), Some("/noc/api/devices?limit=1"));
    let root = Http::new(&format!("http://{}", app.address));
    for path in
        ["/health", "/api/devices", "/openapi.json", "/", "/nocturne/api/devices", "/socket.io/"]
    {
        let answer = root.get(path);
        assert_eq!(answer.status, 404, "{path}");
    }
    let endpoint = std::fs::read_to_string(app.file("endpoint")).unwrap();
    let socket = app.file("unoc.sock");
    assert_eq!(endpoint, format!("{}\nunix:{}\n", app.base, socket.display()));
}

#[test]
fn the_page_contains_the_base_path() {
    let app = TestApp::with(|config| "/noc".clone_into(&mut config.base_path));
    for path in ["/", "/devices/7", "/docs"] {
        let page = app.get_with(path, &[("accept", "text/html")]).expect(200);
        assert!(page.text().contains("<base href=\"/noc/\">"), "{path}: {}", page.text());
        assert!(!page.text().contains("<base href=\"/\">"), "{path}");
    }
    let root = Http::new(&format!("http://{}", app.address));
    let bare = root.get("/noc?x=1").expect(307);
    assert_eq!(bare.header("location"), Some("/noc/?x=1"));
    let root_app = TestApp::empty();
    assert!(root_app.get("/").expect(200).text().contains("<base href=\"/\">"));
}

#[test]
fn socket_io_is_below_the_path() {
    let app = TestApp::with(|config| "/a/b".clone_into(&mut config.base_path));
    let mut client = Client::connect_under(app.address, "/a/b", "/");
    let id = app.provision("D", "POP");
    let events = client.until(|event| event.name == "device:created");
    assert_eq!(events.last().unwrap().payload["id"], id);
}
