//! The bodies of 422 answers.

use http::Method;
use serde_json::{Value, json};

use crate::harness::TestApp;
use crate::harness::http::Answer;

const PROVISION: &str = "/api/devices/provision";
const ALL_TYPES: &str = "'BACKBONE_GATEWAY', 'CORE_ROUTER', 'EDGE_ROUTER', 'OLT', 'AON_SWITCH', \
                         'ONT', 'BUSINESS_ONT', 'AON_CPE', 'POP', 'CORE_SITE', 'ODF', 'NVT', \
                         'SPLITTER' or 'HOP'";

fn send(app: &TestApp, path: &str, body: &str) -> Answer {
    app.send(Method::POST, path, &[("content-type", "application/json")], Some(body))
}

#[test]
fn all_errors_of_a_body_are_returned_together() {
    let app = TestApp::empty();
    let body = json!({
        "device_type": "TREE", "x": "far", "y": [], "tx_power_dbm": "loud",
        "parent_container_id": 1.5, "validate_upstream": "perhaps", "insertion_loss_db": -1,
    });
    let number = "Input should be a valid number, unable to parse string as a number";
    let expected = json!([
        {"type": "missing", "loc": ["body", "name"], "msg": "Field required", "input": body},
        {
            "type": "enum", "loc": ["body", "device_type"], "msg": format!("Input should be {ALL_TYPES}"),
            "input": "TREE", "ctx": {"expected": ALL_TYPES},
        },
        {
            "type": "int_from_float", "loc": ["body", "parent_container_id"],
            "msg": "Input should be a valid integer, got a number with a fractional part", "input": 1.5,
        },
        {
            "type": "bool_parsing", "loc": ["body", "validate_upstream"],
            "msg": "Input should be a valid boolean, unable to interpret input", "input": "perhaps",
        },
        {"type": "float_parsing", "loc": ["body", "x"], "msg": number, "input": "far"},
        {"type": "float_type", "loc": ["body", "y"], "msg": "Input should be a valid number", "input": []},
        {"type": "float_parsing", "loc": ["body", "tx_power_dbm"], "msg": number, "input": "loud"},
        {
            "type": "greater_than_equal", "loc": ["body", "insertion_loss_db"],
            "msg": "Input should be greater than or equal to 0", "input": -1, "ctx": {"ge": 0.0},
        },
    ]);
    for route in [PROVISION, "/api/devices"] {
        let answer = app.post(route, &body).expect(422);
        assert_eq!(answer.json(), json!({"detail": expected}), "{route}");
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
}

#[test]
fn the_keys_of_an_error_are_in_v2s_order() {
    let app = TestApp::empty();
    assert_eq!(
        send(&app, PROVISION, r#"{"name":"a"}"#).expect(422).text(),
        "{\"detail\":[{\"type\":\"missing\",\"loc\":[\"body\",\"device_type\"],\
         \"msg\":\"Field required\",\"input\":{\"name\":\"a\"}}]}"
    );
}

#[test]
fn single_values() {
    let app = TestApp::empty();
    let check = |key: &str, value: Value, kind: &str| {
        let mut body = json!({"name": "n", "device_type": "POP"});
        body[key] = value.clone();
        let faults = app.post(PROVISION, &body).expect(422).detail();
        assert_eq!(faults.as_array().unwrap().len(), 1, "{faults}");
        assert_eq!(faults[0]["type"], kind, "{key}: {value}");
        assert_eq!(faults[0]["loc"], json!(["body", key]));
        assert_eq!(faults[0]["input"], value);
    };
    check("name", json!(""), "string_too_short");
    check("name", json!(" \t "), "string_too_short");
    check("name", json!("\u{a0}"), "string_too_short");
    check("name", json!("\u{200b}\u{2060} \u{ad}"), "string_too_short");
    check("name", json!("x".repeat(129)), "string_too_long");
    check("name", json!("a\nb"), "string_pattern_mismatch");
    check("name", json!("a\u{7f}"), "string_pattern_mismatch");
    check("name", json!("a\u{0}b"), "string_pattern_mismatch");
    check("name", json!(5), "string_type");
    check("name", Value::Null, "string_type");
    check("device_type", json!("pop"), "enum");
    check("device_type", json!(1), "enum");
    check("device_type", Value::Null, "enum");
    check("parent_container_id", json!("one"), "int_parsing");
    check("parent_container_id", json!([1]), "int_type");
    check("validate_upstream", json!([]), "bool_type");
    check("validate_upstream", Value::Null, "bool_type");
    check("x", Value::Null, "float_type");
    check("x", json!(true), "float_type");
    check("x", json!("NaN"), "finite_number");
    check("x", json!("1e999"), "finite_number");
    check("insertion_loss_db", json!(-0.01), "greater_than_equal");
    assert_eq!(app.get("/api/devices").text(), "[]", "nothing was made");
}

#[test]
fn values_that_v2_accepts_are_accepted() {
    let app = TestApp::empty();
    let pop = app.provision("parent", "POP");
    for (number, (key, value)) in [
        ("x", json!("1.5")),
        ("y", json!(" 2 ")),
        ("tx_power_dbm", Value::Null),
        ("parent_container_id", json!(pop.to_string())),
        ("parent_container_id", json!(1.0)),
        ("validate_upstream", json!("yes")),
        ("validate_upstream", json!(0)),
        ("unknown", json!({"deep": [1, {}]})),
        ("id", json!(777)),
    ]
    .into_iter()
    .enumerate()
    {
        let mut body = json!({"name": format!("n{number}"), "device_type": "HOP"});
        body[key] = value;
        let made = app.post(PROVISION, &body).expect(201).json()["device"]["id"].clone();
        assert_ne!(made, 777);
    }
    for name in
        ["x".repeat(128), "Straße 7 / Süd".to_owned(), " outer ".to_owned(), "名".repeat(128)]
    {
        let body = json!({"name": name, "device_type": "HOP"});
        let made = app.post(PROVISION, &body).expect(201).json();
        assert_eq!(made["device"]["name"], json!(name));
    }
}

#[test]
fn the_error_of_invalid_json_has_its_offset() {
    let app = TestApp::empty();
    for (body, offset) in [("{\"name\": ", 9), ("{\n\"name\": x}", 10), ("nonsense", 1), ("[1,", 2)]
    {
        let faults = send(&app, PROVISION, body).expect(422).detail();
        assert_eq!(faults.as_array().unwrap().len(), 1);
        assert_eq!(faults[0]["type"], "json_invalid", "{body}");
        assert_eq!(faults[0]["msg"], "JSON decode error");
        assert_eq!(faults[0]["loc"][0], "body");
        let found = faults[0]["loc"][1].as_u64().unwrap();
        assert!(found.abs_diff(offset) <= 1, "{body}: {faults}");
        assert_eq!(faults[0]["input"], json!({}));
        assert!(faults[0]["ctx"]["error"].is_string());
    }
}

#[test]
fn a_body_that_is_not_an_object_is_refused() {
    let app = TestApp::empty();
    let check = |body: &str, kind: &str, input: Value| {
        let faults = send(&app, PROVISION, body).expect(422).detail();
        assert_eq!(faults[0]["type"], kind, "{body}");
        assert_eq!(faults[0]["loc"], json!(["body"]), "{body}");
        assert_eq!(faults[0]["input"], input, "{body}");
    };
    check("", "missing", Value::Null);
    check("[]", "model_attributes_type", json!([]));
    check("7", "model_attributes_type", json!(7));
    check("\"text\"", "model_attributes_type", json!("text"));
    check("null", "model_attributes_type", Value::Null);
    let headers = [("content-type", "text/plain")];
    let body = r#"{"name":"a","device_type":"POP"}"#;
    let answer = app.send(Method::POST, PROVISION, &headers, Some(body)).expect(422);
    assert_eq!(answer.detail()[0]["type"], "model_attributes_type");
    for kind in ["application/json; charset=utf-8", "application/vnd.x+json", "APPLICATION/JSON"] {
        let body = json!({"name": kind.replace('/', " "), "device_type": "POP"}).to_string();
        app.send(Method::POST, PROVISION, &[("content-type", kind)], Some(&body)).expect(201);
    }
}

#[test]
fn queries_have_the_same_errors() {
    let app = TestApp::empty();
    let check = |query: &str, kind: &str, key: &str| {
        let faults = app.get(&format!("/api/devices?{query}")).expect(422).detail();
        assert_eq!(faults[0]["type"], kind, "{query}");
        assert_eq!(faults[0]["loc"], json!(["query", key]), "{query}");
    };
    check("limit=0", "greater_than_equal", "limit");
    check("limit=10001", "less_than_equal", "limit");
    check("limit=ten", "int_parsing", "limit");
    check("limit=", "int_parsing", "limit");
    check("after=-1", "greater_than_equal", "after");
    check("device_type=TREE", "enum", "device_type");
    check("status=up", "enum", "status");
    check("parent_container_id=x", "int_parsing", "parent_container_id");
    let both = app.get("/api/devices?limit=x&after=y&status=z").expect(422).detail();
    assert_eq!(both.as_array().unwrap().len(), 3, "{both}");
    app.get("/api/devices?unknown=1&limit=5").expect(200);
    for path in ["/api/interfaces", "/api/links"] {
        assert_eq!(
            app.get(&format!("{path}?limit=x")).expect(422).detail()[0]["type"],
            "int_parsing"
        );
    }
    assert_eq!(app.get("/api/audit?limit=501").expect(422).detail()[0]["loc"][1], "limit");
}
