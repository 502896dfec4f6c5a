//! Pages and filters of lists, and lists after changes.

use http::Method;
use serde_json::{Value, json};

use crate::harness::TestApp;
use crate::harness::site::ids_of;

/// Follows the `Link` headers from `start` and returns all items of all pages.
fn walk(app: &TestApp, start: &str, limit: usize) -> Vec<Value> {
    let mut items = Vec::new();
    let mut next = Some(start.to_owned());
    while let Some(path) = next {
        let answer = app.get(&path).expect(200);
        let page = answer.json().as_array().expect("a list").clone();
        assert!(page.len() <= limit, "{path}");
        next = answer.header("link").map(|link| {
            let target =
                link.strip_prefix('<').and_then(|link| link.strip_suffix(">; rel=\"next\""));
            target.unwrap_or_else(|| panic!("no link to the next page: {link}")).to_owned()
        });
        assert!(next.is_none() || page.len() == limit, "only a full page has a next one: {path}");
        items.extend(page);
        assert!(items.len() < 100_000, "the pages do not end");
    }
    items
}

#[test]
fn the_pages_together_are_the_whole_list() {
    let app = TestApp::demo();
    for list in ["devices", "interfaces", "links"] {
        let whole = app.get(&format!("/api/{list}")).expect(200).json();
        let count = whole.as_array().unwrap().len();
        for limit in [1, 7, count - 1, count, count + 1, 10_000] {
            let walked = walk(&app, &format!("/api/{list}?limit={limit}"), limit);
            assert_eq!(json!(walked), whole, "{list} by {limit}");
        }
    }
}

#[test]
fn a_cursor_alone_gives_the_rest() {
    let app = TestApp::demo();
    let ids = ids_of(&app.get("/api/devices").json());
    let rest =
        |after: u64| ids_of(&app.get(&format!("/api/devices?after={after}")).expect(200).json());
    assert_eq!(rest(0), ids);
    assert_eq!(rest(10), ids[10..]);
    assert_eq!(rest(u64::MAX), [0; 0]);
    assert_eq!(rest(ids[ids.len() - 1]), [0; 0]);
}

#[test]
fn filters_agree_with_the_whole_list() {
    let app = TestApp::demo();
    app.patch("/api/devices/4/override", &json!({"status_override": "DOWN"})).expect(200);
    let all = app.get("/api/devices").json();
    let all = all.as_array().unwrap();
    let pop = all.iter().find(|device| device["name"] == "POP West").unwrap()["id"].clone();
    let check = |query: &str, wanted: &dyn Fn(&Value) -> bool, some: bool| {
        let expected: Vec<Value> = all.iter().filter(|device| wanted(device)).cloned().collect();
        assert_eq!(!expected.is_empty(), some, "{query}");
        let path = format!("/api/devices?{query}");
        assert_eq!(app.get(&path).expect(200).json(), json!(expected), "{query}");
        assert_eq!(walk(&app, &format!("{path}&limit=3"), 3), expected, "{query} by pages");
        let head = app.send(Method::HEAD, &path, &[], None);
        assert_eq!(head.status, 200, "{query}");
    };
    let named = |text: &'static str| {
        move |device: &Value| device["name"].as_str().unwrap().to_lowercase().contains(text)
    };
    check("device_type=ONT", &|device| device["device_type"] == "ONT", true);
    check("device_type=NVT", &|device| device["device_type"] == "NVT", false);
    for status in ["UP", "DOWN", "DEGRADED"] {
        let effective = |device: &Value| device["effective_status"] == status;
        let any = all.iter().any(effective);
        check(&format!("status={status}"), &effective, any);
    }
    check(
        &format!("parent_container_id={pop}"),
        &|device| device["parent_container_id"] == pop,
        true,
    );
    check("parent_container_id=99999", &|_| false, false);
    check("q=ont-1", &named("ont-1"), true);
    check("q=OnT-1", &named("ont-1"), true);
    check("q=", &|_| true, true);
    check("q=%C3%A4", &named("a"), true);
    check("q=%25", &named("%"), false);
    let both =
        |device: &Value| device["device_type"] == "OLT" && device["parent_container_id"] == pop;
    check(&format!("device_type=OLT&parent_container_id={pop}"), &both, true);
    let none = |device: &Value| {
        device["device_type"] == "ONT" && device["name"].as_str().unwrap().contains("OLT")
    };
    check("device_type=ONT&q=OLT", &none, false);
    let effective = |device: &Value| {
        device["device_type"] == "ONT"
            && device["effective_status"] == "DOWN"
            && named("-2-")(device)
    };
    check("device_type=ONT&status=DOWN&q=-2-", &effective, true);
}

#[test]
fn a_query_finds_names_in_any_script_case_and_form() {
    let app = TestApp::empty();
    let street = app.provision("Straße A\u{308}ÖÜ 7", "HOP");
    app.provision("other", "HOP");
    for query in ["%C3%A4%C3%B6", "STRA%C3%9FE", "%C3%84%C3%96%C3%9C+7", "strasse+aou", "u%CC%88+7"]
    {
        let found = app.get(&format!("/api/devices?q={query}")).expect(200).json();
        assert_eq!(ids_of(&found), [street], "{query}");
    }
}

#[test]
fn changes_between_pages_neither_repeat_nor_skip_items() {
    let app = TestApp::empty();
    app.provision_pops("P", 100);
    let first = app.get("/api/devices?limit=40").expect(200);
    assert!(first.header("link").unwrap().starts_with("</api/devices?limit=40&after=40>"));
    app.delete("/api/devices/40").expect(204);
    app.delete("/api/devices/41").expect(204);
    app.provision("new", "POP");
    let second = app.get("/api/devices?limit=40&after=40").expect(200);
    assert_eq!(ids_of(&second.json()), (42..=81).collect::<Vec<_>>());
    let third = app.get("/api/devices?limit=40&after=81").expect(200);
    assert_eq!(ids_of(&third.json()), (82..=101).collect::<Vec<_>>());
    assert_eq!(third.header("link"), None);
}

#[test]
fn a_change_of_one_of_a_thousand_shows_in_the_list_and_nothing_else_does() {
    let app = TestApp::empty();
    app.provision_pops("P", 1_000);
    let mut expected = app.get("/api/devices").expect(200).json();
    for id in [1, 500, 512, 513, 1_000] {
        app.patch(&format!("/api/devices/{id}"), &json!({"name": format!("new {id}")})).expect(200);
        expected[usize::try_from(id).unwrap() - 1] = app.device(id);
        assert_eq!(app.get("/api/devices").expect(200).json(), expected, "after {id}");
    }
    app.delete("/api/devices/512").expect(204);
    expected.as_array_mut().unwrap().remove(511);
    assert_eq!(app.get("/api/devices").expect(200).json(), expected, "after a deletion");
    let made = app.provision("last", "POP");
    expected.as_array_mut().unwrap().push(app.device(made));
    assert_eq!(app.get("/api/devices").expect(200).json(), expected, "after a creation");
}

#[test]
fn lists_stay_whole_while_everything_changes() {
    let app = TestApp::empty();
    app.provision_pops("P", 2_000);
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for round in 0..20 {
                // Each bulk is one commit: its rows are seen together or not at all.
                app.post(
                    "/api/devices/bulk",
                    &crate::harness::site::pops(&format!("R{round}-"), 10),
                )
                .expect(201);
            }
            done.store(true, std::sync::atomic::Ordering::SeqCst);
        });
        while !done.load(std::sync::atomic::Ordering::SeqCst) && !writer.is_finished() {
            let answer = app.get("/api/devices").expect(200);
            let list = answer.json();
            let count = list.as_array().unwrap().len();
            assert_eq!(count % 10, 0, "a torn list");
            let seq: usize = answer.header("x-unoc-seq").unwrap().parse().unwrap();
            assert_eq!(count, 2_000 + (seq - 1) * 10, "the list is the one of its seq");
        }
    });
}
