//! A database that v2 itself wrote: imported in any way, it is a network that is up. v2 gives each
//! link the status DOWN and computes none, so that in its tables a working site is down.

use std::fs;

use serde_json::Value;
use unoc::domain::Status;
use unoc::pg::PgConfig;
use unoc::v2_import::{
    CorrectionRuleId, SiteChoice, V2LinkStatus, V2Tables, correct, read_database, read_dump,
};

use super::{NOW, SCHEMA, corrected, v2_database};
use crate::harness::postgres::Postgres;
use crate::harness::process::{Server, run};

const WRITTEN: &str = include_str!("v2_written.sql");

fn tables(url: &str) -> V2Tables {
    let target = PgConfig::parse(url).expect("an address");
    read_database(&target, &SiteChoice::default()).expect("tables of v2")
}

#[test]
fn the_status_of_an_imported_network_is_computed() {
    let Some(postgres) = Postgres::start() else { return };
    let url = v2_database(&postgres, "v2", &[SCHEMA, WRITTEN]);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let told = run(path, &["import", "--from-postgres", &url, "--dry-run"]).expect(0);
    assert!(told.stdout.contains("Every row is imported unchanged."), "{told:?}");
    assert!(told.stdout.contains("the status of 7 links"), "{told:?}");
    let held = told.stdout.matches("--keep-link-status would hold it DOWN").count();
    assert_eq!(held, 7, "the links are listed: {told:?}");
    run(path, &["import", "--from-postgres", &url]).expect(0);

    let server = Server::start(path, &[]);
    let get = |path: &str| server.http.get(path).expect(200).json();
    for device in get("/api/devices").as_array().unwrap() {
        let expected = if device["id"] == 8 { "DOWN" } else { "UP" };
        assert_eq!(device["status_override"].as_str().unwrap_or("UP"), expected, "{device}");
        if device["id"] != 8 {
            assert_eq!(device["status"], expected, "{device}");
        }
    }
    let links = get("/api/links");
    let links = links.as_array().unwrap();
    assert_eq!(links.len(), 8);
    let up = links.iter().filter(|link| link["status"] == "UP").count();
    assert_eq!(up, 7, "all but the one of the ONT that the operator took down: {links:?}");
    assert!(links.iter().all(|link| link["status_override"] == Value::Null), "{links:?}");
    let ont = get("/api/devices/8");
    assert_eq!(
        (&ont["status_override"], &ont["override_reason"]),
        (&"DOWN".into(), &"moved out".into())
    );
}

#[test]
fn keep_link_status_keeps_the_status_of_links() {
    let Some(postgres) = Postgres::start() else { return };
    let url = v2_database(&postgres, "v2", &[SCHEMA, WRITTEN]);
    let tables = tables(&url);
    let held = correct(tables, V2LinkStatus::Keep, NOW);
    let down = |link: &&unoc::domain::Link| {
        link.status_override.as_ref().is_some_and(|set| set.status == Status::Down)
    };
    assert_eq!(held.site.links.iter().filter(down).count(), 7);
    assert!(held.report.findings.iter().all(|finding| finding.rule == CorrectionRuleId::LinkHeld));

    let directory = tempfile::tempdir().unwrap();
    let import = ["import", "--keep-link-status", "--from-postgres", &url];
    let told = run(directory.path(), &[&import[..], &["--dry-run"]].concat()).expect(0);
    assert_eq!(told.stdout.matches("held DOWN by an override").count(), 7, "{told:?}");
    run(directory.path(), &import).expect(0);
    let server = Server::start(directory.path(), &[]);
    let link = server.http.get("/api/links/1").expect(200).json();
    assert_eq!((&link["status"], &link["status_override"]), (&"DOWN".into(), &"DOWN".into()));
}

#[test]
fn every_dump_of_a_written_database_gives_the_same_tables() {
    let Some(postgres) = Postgres::start_with_dump() else { return };
    let url = v2_database(&postgres, "v2", &[SCHEMA, WRITTEN]);
    let expected = tables(&url);
    let site = corrected(expected.clone());
    assert_eq!(expected.next_ids.device, Some(12), "after the one that was deleted");
    let check = |options: &[&str], dump: &[u8]| {
        let read = read_dump(dump, &SiteChoice::default());
        let read = read.unwrap_or_else(|error| panic!("{options:?}: {error}"));
        assert_eq!(read.fingerprint(), expected.fingerprint(), "{options:?}");
        assert_eq!(read.next_ids, expected.next_ids, "{options:?}");
        assert_eq!(corrected(read), site, "{options:?}");
    };
    let forms: [&[&str]; 11] = [
        &[],
        &["--inserts"],
        &["--column-inserts"],
        &["--rows-per-insert=50"],
        &["--column-inserts", "--on-conflict-do-nothing"],
        &["--data-only"],
        &["--data-only", "--column-inserts"],
        &["--schema=public"],
        &["--clean", "--if-exists"],
        &["--create", "--clean"],
        &["--no-owner", "--no-privileges", "--disable-triggers", "--data-only"],
    ];
    for options in forms {
        check(options, &postgres.dump("pg_dump", &url, options));
    }
    let whole = postgres.dump("pg_dumpall", &url, &[]);
    check(&["pg_dumpall"], &whole);
    let whole = postgres.dump("pg_dumpall", &url, &["--inserts", "--clean"]);
    check(&["pg_dumpall", "--inserts", "--clean"], &whole);
    let custom = tempfile::NamedTempFile::new().unwrap();
    fs::write(custom.path(), postgres.dump("pg_dump", &url, &["-Fc"])).unwrap();
    let plain = postgres.run("pg_restore", &["-f", "-", custom.path().to_str().unwrap()]);
    check(&["pg_restore"], &plain);
    // Rows without column names, in a dump without the table's definition.
    let bare = postgres.dump("pg_dump", &url, &["--data-only", "--inserts"]);
    let error = read_dump(&*bare, &SiteChoice::default()).expect_err("no columns").to_string();
    assert!(error.contains("line ") && error.contains("--column-inserts"), "{error}");
}
