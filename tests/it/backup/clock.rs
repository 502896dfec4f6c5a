//! Clocks that jump: hosts without a battery get the time late, and people set it wrong.

use serde_json::{Value, json};
use unoc::domain::Timestamp;

use crate::harness::TestApp;
use crate::harness::site::text_of;

const SECOND_US: i64 = 1_000_000;
const DAY_US: i64 = 86_400 * SECOND_US;

/// An appliance whose jobs run only on request, at noon of a day.
fn app_with(variables: &[(&str, &str)]) -> (TestApp, Timestamp) {
    let app = TestApp::with_environment(variables);
    let jobs = app.get("/api/jobs").expect(200).json();
    for job in jobs["jobs"].as_array().expect("a list") {
        let path = format!("/api/jobs/{}", text_of(&job["name"]));
        app.patch(&path, &json!({"is_enabled": false})).expect(200);
    }
    let now = app.clock.clock().now();
    app.clock.jump_to(now);
    (app, now)
}

fn ids(list: &Value) -> Vec<String> {
    let list = list["backups"].as_array().expect("a list");
    list.iter().map(|backup| text_of(&backup["id"]).to_owned()).collect()
}

#[test]
fn two_backups_in_one_second_have_different_names() {
    let (app, _) = app_with(&[("UNOC_BACKUP_KEEP_LAST", "20")]);
    let mut made = Vec::new();
    for number in 0..6 {
        // One of the same state and one of another state.
        if number % 2 == 1 {
            app.provision(&format!("D{number}"), "POP");
        }
        let backup = app.back_up();
        let id = text_of(&backup["id"]).to_owned();
        assert!(!made.contains(&id), "{id} again: {made:?}");
        assert_eq!(backup["is_newest_verified"], true, "the answer is the new one: {backup:#}");
        made.push(id);
    }
    made.reverse();
    assert_eq!(ids(&app.backups()), made, "the newest first");
}

#[test]
fn a_clock_set_back_makes_no_name_twice() {
    let (app, now) = app_with(&[("UNOC_BACKUP_KEEP_LAST", "20")]);
    let mut made = Vec::new();
    for (jump, what) in [(0, "now"), (365 * DAY_US, "in a year"), (0, "now again"), (-DAY_US, "")] {
        app.clock.jump_to(Timestamp(now.0 + jump));
        for _ in 0..2 {
            let backup = app.back_up();
            let id = text_of(&backup["id"]).to_owned();
            assert!(!made.contains(&id), "{what}: {id} again: {made:?}");
            assert_eq!(backup["state"], "verified", "{what}");
            made.push(id);
        }
    }
    assert_eq!(ids(&app.backups()).len(), made.len());
}

#[test]
fn a_backup_from_the_future_does_not_hide_that_there_is_no_recent_one() {
    let (app, now) = app_with(&[]);
    app.provision("first", "POP");
    app.back_up();
    app.clock.jump_to(Timestamp(now.0 + 365 * DAY_US));
    app.provision("of the future", "POP");
    let future = app.back_up();
    assert_eq!(app.backups()["is_stale"], false);

    app.clock.jump_to(now);
    let list = app.backups();
    assert_eq!(list["is_stale"], false, "a backup of today is there");
    assert!(list["rpo_s"].as_f64().unwrap() < 60.0, "{list:#}");
    // The later state is the newest backup, whatever its date.
    assert_eq!(app.backup(&future["id"])["is_newest_verified"], true);

    for days in [3, 30, 300] {
        app.clock.jump_to(Timestamp(now.0 + days * DAY_US));
        let list = app.backups();
        assert_eq!(list["is_stale"], true, "after {days} days");
        let rpo_days = list["rpo_s"].as_f64().unwrap() / 86_400.0;
        assert!((rpo_days - f64::from(u32::try_from(days).unwrap())).abs() < 0.1, "{rpo_days}");
        assert_eq!(app.get("/health").expect(200).json()["status"], "degraded");
    }
    app.provision("second", "POP");
    let backup = app.back_up();
    let list = app.backups();
    assert_eq!((&list["is_stale"], &backup["is_newest_verified"]), (&false.into(), &true.into()));
    assert!(list["rpo_s"].as_f64().unwrap() < 60.0, "{list:#}");
    assert_eq!(list["restorable_as_of"], backup["taken_at"]);
}

#[test]
fn a_new_backup_ends_staleness_although_another_has_a_later_date() {
    let (app, now) = app_with(&[]);
    app.provision("only", "POP");
    app.clock.jump_to(Timestamp(now.0 + 365 * DAY_US));
    app.back_up();
    app.clock.jump_to(Timestamp(now.0 + 5 * DAY_US));
    assert_eq!(app.backups()["is_stale"], true);
    let made = app.back_up();
    assert!(
        text_of(&made["id"]) < "unoc_2027",
        "the new one is answered, not the future one: {made:#}"
    );
    assert_eq!(app.backups()["is_stale"], false);
    assert_eq!(app.get("/health").expect(200).json()["status"], "healthy");
}

#[test]
fn retention_keeps_days_and_the_newest_verified_backup_despite_clock_jumps() {
    let (app, now) = app_with(&[
        ("UNOC_BACKUP_KEEP_LAST", "1"),
        ("UNOC_BACKUP_KEEP_DAILY", "3"),
        ("UNOC_BACKUP_KEEP_WEEKLY", "0"),
        ("UNOC_BACKUP_KEEP_MONTHLY", "0"),
    ]);
    let day = |days: i64, name: &str| {
        app.clock.jump_to(Timestamp(now.0 + days * DAY_US));
        app.provision(name, "POP");
        text_of(&app.back_up()["id"]).to_owned()
    };
    let made = [(0, "a"), (1, "b"), (400, "future"), (2, "c"), (2, "d")];
    let made = made.map(|(days, name)| day(days, name));
    let list = ids(&app.backups());
    // The newest state of each day is kept; one with a wrong date takes the place of one day.
    assert_eq!(list, [made[4].clone(), made[2].clone(), made[1].clone()], "{made:?}");
    let preview = app.get("/api/backups/prune").expect(200).json();
    assert_eq!(preview["remove"], json!([]));
    app.clock.jump_to(Timestamp(now.0 - 1000 * DAY_US));
    app.ask("/api/backups/prune").expect(200);
    assert_eq!(ids(&app.backups()), list, "time alone removes nothing");
    let newest = app.backup(&json!(made[4]));
    assert_eq!(newest["is_newest_verified"], true);
    let because = newest["kept_as"].as_array().unwrap();
    assert!(because.contains(&"newest verified".into()) && because.contains(&"last".into()));
}
