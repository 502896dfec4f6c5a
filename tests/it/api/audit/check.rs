//! Whether the trail is as it was written, over HTTP.

use serde_json::{Value, json};

use crate::harness::TestApp;

fn check(app: &TestApp) -> Value {
    app.get("/api/audit/verify").expect(200).json()
}

#[test]
fn an_untouched_trail_is_intact_and_backups_know_its_head() {
    let app = TestApp::demo();
    app.provision("A", "POP");
    let backup = app.back_up();
    let found = check(&app);
    assert_eq!((&found["is_intact"], &found["problems"]), (&json!(true), &json!([])));
    assert_eq!((&found["unchained_count"], &found["first_id"]), (&json!(0), &json!(0)));
    let known = &found["known"][0];
    assert_eq!(known["source"], format!("backup {}", backup["id"].as_str().expect("an id")));
    assert_eq!(known["state"], "same");
    let newest = app.get("/api/audit?limit=1").expect(200).json()[0].clone();
    assert_eq!((&found["head"]["id"], &found["head"]["hash"]), (&newest["id"], &newest["hash"]));
    assert_eq!(found["row_count"], newest["id"].as_u64().expect("a number") + 1);
}

#[test]
fn an_erasure_leaves_the_chain_as_it_was() {
    let app = TestApp::empty();
    let id = app.provision("ONT-1", "ONT");
    let path = format!("/api/devices/{id}");
    app.patch(&path, &json!({"customer_name": "Jürgen Groß", "phone": "+49 228 1234"})).expect(200);
    app.patch(&path, &json!({"x": 5, "y": 6})).expect(200);
    let hashes = |app: &TestApp| -> Vec<Value> {
        let rows = app.get("/api/audit?q=device&limit=500").expect(200).json();
        let rows = rows.as_array().expect("a list").iter();
        let rows = rows.filter(|row| row["action"] != "erase personal data");
        rows.map(|row| row["hash"].clone()).collect()
    };
    let before = hashes(&app);
    app.post("/api/devices/erase-personal-data", &json!({"ids": [id]})).expect(200);
    assert!(!app.get("/api/audit").expect(200).text().contains("Jürgen"));
    assert_eq!(hashes(&app), before);
    let found = check(&app);
    assert_eq!(found["is_intact"], true, "{found:#}");
    assert!(found["erased_image_count"].as_u64() >= Some(3), "{found:#}");
}

#[test]
fn removed_backups_are_recorded() {
    let app = TestApp::with(|config| {
        config.dev_features = false;
        config.backup_keep_last = 1;
        config.backup_keep_daily = 0;
        config.backup_keep_weekly = 0;
        config.backup_keep_monthly = 0;
    });
    let ids: Vec<Value> = (0..3)
        .map(|number| {
            app.provision(&format!("P{number}"), "POP");
            app.back_up()["id"].clone()
        })
        .collect();
    app.post("/api/backups/prune", &Value::Null).expect(200);
    let rows = app.get("/api/audit?action=delete%20backups").expect(200).json();
    let removed: Vec<&Value> = rows
        .as_array()
        .expect("a list")
        .iter()
        .flat_map(|row| row["details"]["removed"].as_array().expect("a list"))
        .collect();
    assert!(removed.contains(&&ids[0]) && removed.contains(&&ids[1]), "{rows:#}");
    assert!(!removed.contains(&&ids[2]), "{rows:#}");
    let made = app.get("/api/audit?action=make%20backup").expect(200).json();
    assert_eq!(made[0]["details"]["backup"], ids[2]);
    assert_eq!(
        (&made[0]["actor"], &made[0]["details"]["is_verified"]),
        (&json!("job backup"), &json!(true))
    );
}

#[test]
fn a_trail_without_problems_has_nothing_to_accept() {
    let app = TestApp::empty();
    app.provision("A", "POP");
    app.post("/api/audit/accept", &json!({})).expect(422);
    let accepted = app.post("/api/audit/accept", &json!({"reason": "looked at it"})).expect(200);
    assert_eq!(accepted.json()["accepted_by"], Value::Null);
    let rows = app.get("/api/audit").expect(200).json();
    let actions: Vec<_> =
        rows.as_array().expect("a list").iter().map(|row| &row["action"]).collect();
    assert_eq!(actions, ["provision device", "start service"]);
}
