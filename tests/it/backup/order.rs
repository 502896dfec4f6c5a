//! Which backup is the newest if the site's commit numbers were reset.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::fixture::path_of;
use crate::harness::postgres::Postgres;
use crate::harness::process::Server;
use crate::harness::site::text_of;

/// A site whose backups outlive its data directory; each retention rule keeps one.
fn serve(data_dir: &Path, backup_dir: &Path, more: &[(&str, &str)]) -> Server {
    let mut environment = vec![
        ("UNOC_BACKUP_DIR", path_of(backup_dir)),
        ("UNOC_DEV_FEATURES", "0"),
        ("UNOC_BACKUP_KEEP_LAST", "1"),
        ("UNOC_BACKUP_KEEP_DAILY", "1"),
        ("UNOC_BACKUP_KEEP_WEEKLY", "0"),
        ("UNOC_BACKUP_KEEP_MONTHLY", "0"),
    ];
    environment.extend(more);
    Server::start(data_dir, &environment)
}

/// A backup of the current site is the newest one, and is kept.
#[track_caller]
fn the_next_backup_is_the_newest(server: &Server) {
    let old = server.http.backups()["backups"].as_array().expect("a list").len();
    assert!(old > 0, "there are older ones");
    let made = server.http.back_up();
    assert_eq!(made["is_newest_verified"], true, "{made:#}");
    let first = |list: &Value| list["backups"][0]["id"].clone();
    assert_eq!(first(&server.http.backups()), made["id"]);
    server.http.ask("/api/backups/prune").expect(200);
    assert_eq!(first(&server.http.backups()), made["id"], "it stays");
    assert_eq!(server.http.backup(&json!("latest"))["id"], made["id"]);
    assert!(server.http.seq() > 1_000_000, "later than anything that ever was");
}

#[test]
fn backups_of_a_machine_reset_to_a_snapshot_are_the_newest() {
    let directory = tempfile::tempdir().unwrap();
    let [data_dir, snapshot, backup_dir] =
        ["data", "snapshot", "backups"].map(|name| directory.path().join(name));
    let server = serve(&data_dir, &backup_dir, &[]);
    server.http.provision("before", "POP");
    assert!(server.terminate().0.success());
    let copied = Command::new("cp").arg("-a").args([&data_dir, &snapshot]).status().unwrap();
    assert!(copied.success());
    let server = serve(&data_dir, &backup_dir, &[]);
    for number in 0..5 {
        server.http.provision(&format!("lost {number}"), "POP");
    }
    server.http.back_up();
    assert!(server.terminate().0.success());
    let server = serve(&snapshot, &backup_dir, &[]);
    the_next_backup_is_the_newest(&server);
}

#[test]
fn backups_of_a_site_restored_from_postgresql_are_the_newest() {
    let Some(postgres) = Postgres::start() else { return };
    let directory = tempfile::tempdir().unwrap();
    let [first, second, backup_dir] =
        ["first", "second", "backups"].map(|name| directory.path().join(name));
    let url = postgres.url();
    let server = serve(&first, &backup_dir, &[("DATABASE_URL", &url)]);
    server.http.provision("sent", "POP");
    let site = text_of(&server.in_step()["site_id"]).to_owned();
    assert!(server.terminate().0.success());
    // The backups have commits that never reached PostgreSQL.
    let server = serve(&first, &backup_dir, &[]);
    for number in 0..5 {
        server.http.provision(&format!("lost {number}"), "POP");
    }
    server.http.back_up();
    assert!(server.terminate().0.success());
    let server = serve(&second, &backup_dir, &[("DATABASE_URL", &url), ("UNOC_SITE_ID", &site)]);
    assert!(server.http.seq() > 1_000_000, "the gap is there before any backup is made");
    the_next_backup_is_the_newest(&server);
}
