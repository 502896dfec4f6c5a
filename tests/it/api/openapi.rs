//! The OpenAPI document and the page that shows it.

use serde_json::Value;

use crate::harness::TestApp;

#[test]
fn the_document_equals_the_snapshot() {
    let document = unoc::api::document();
    let version = format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION"));
    assert!(document.contains(&version));
    let document = document.replacen(&version, "\"version\": \"x.y.z\"", 1);
    insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("openapi", document);
    });
}

#[test]
fn the_served_document_is_version_3_1_and_complete() {
    let app = TestApp::empty();
    let answer = app.get("/openapi.json").expect(200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let document = answer.json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."), "{}", document["openapi"]);
    let printed: Value = serde_json::from_str(&unoc::api::document()).unwrap();
    assert_eq!(document, printed, "`unoc openapi` prints what is served");
    let calls: Vec<String> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().keys();
            methods.map(move |method| format!("{} {path}", method.to_uppercase()))
        })
        .collect();
    for call in [
        "GET /health",
        "GET /api/devices",
        "GET /api/devices/{id}",
        "GET /api/devices/{id}/interfaces",
        "POST /api/devices/provision",
        "POST /api/devices",
        "POST /api/devices/bulk",
        "PATCH /api/devices/{id}",
        "PATCH /api/devices/{id}/override",
        "DELETE /api/devices/{id}/override",
        "POST /api/devices/{id}/override-status",
        "DELETE /api/devices/{id}/override-status",
        "DELETE /api/devices/{id}",
        "GET /api/interfaces",
        "POST /api/interfaces",
        "GET /api/links",
        "GET /api/links/{id}",
        "POST /api/links",
        "POST /api/links/create-simple",
        "DELETE /api/links/{id}",
        "PATCH /api/links/{id}",
        "DELETE /api/links/{id}/override",
        "GET /api/devices/{id}/optical-path",
        "GET /api/devices/{id}/path",
        "GET /api/devices/{id}/ports",
        "GET /api/devices/{id}/cross-connects",
        "POST /api/devices/{id}/cross-connects",
        "PUT /api/devices/{id}/cross-connects",
        "DELETE /api/devices/{id}/cross-connects/{interface_id}",
        "GET /api/export/cross-connects.csv",
        "POST /api/import/cross-connects",
        "GET /api/optical/fiber-types",
        "GET /api/optical/classes",
        "GET /api/topology/summary",
        "GET /api/problems",
        "GET /api/problems/{kind}/{id}",
        "GET /api/problems/{kind}/{id}/customers",
        "GET /api/problems/{kind}/{id}/customers.csv",
        "GET /api/overrides",
        "POST /api/audit/{id}/undo",
        "POST /api/undo",
        "POST /api/simulate",
        "GET /api/jobs",
        "GET /api/jobs/{name}",
        "PATCH /api/jobs/{name}",
        "POST /api/jobs/{name}/run",
        "POST /api/seed",
        "POST /api/admin/shutdown",
    ] {
        assert!(calls.iter().any(|known| known == call), "{call} is missing: {calls:?}");
    }
}

#[test]
fn every_reference_can_be_resolved() {
    let document = unoc::api::document();
    let parsed: Value = serde_json::from_str(&document).unwrap();
    for line in document.lines().filter_map(|line| line.trim().strip_prefix("\"$ref\": \"#")) {
        let pointer = line.trim_end_matches(',').trim_end_matches('"');
        assert!(parsed.pointer(pointer).is_some(), "{pointer}");
    }
}

#[test]
fn the_page_loads_nothing_from_other_hosts() {
    let app = TestApp::empty();
    let page = app.get("/docs").expect(200);
    assert!(page.header("content-type").unwrap().starts_with("text/html"));
    assert!(!page.text().contains("://"), "no other host: {}", page.text());
    assert!(!page.text().contains("=\"//"), "no other host");
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'self'; "), "{policy}");
    assert!(!policy.contains("http"), "{policy}");
}
