//! Archiving v2's tables.

use std::path::Path;

use serde_json::{Value, json};

use super::{CLEAN, CLEAN_DUMP, SCHEMA, v2_database};
use crate::harness::postgres::{self, Postgres};
use crate::harness::process::{Said, Server, run};
use crate::harness::wait;

const ARCHIVE: [&str; 3] = ["import", "--archive-legacy", "--from-postgres"];

fn archive(data_dir: &Path, url: &str, more: &[&str]) -> Said {
    run(data_dir, &[&ARCHIVE[..], &[url], more].concat())
}

fn import(data_dir: &Path, url: &str) {
    run(data_dir, &["import", "--replace", "--from-postgres", url]).expect(0);
}

fn rows(url: &str, sql: &str) -> Vec<Vec<String>> {
    postgres::rows(&mut postgres::connect(url).expect("the server answers"), sql)
}

/// Tables, sequences and enum types by schema.
fn places(url: &str) -> Vec<Vec<String>> {
    rows(
        url,
        "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname IN ('public', 'unoc_v2') AND c.relkind IN ('r', 'S') UNION ALL \
         SELECT n.nspname, t.typname FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace \
         WHERE n.nspname IN ('public', 'unoc_v2') AND t.typtype = 'e' ORDER BY 1, 2",
    )
}

#[test]
fn imported_tables_are_moved_and_nothing_else() {
    let Some(postgres) = Postgres::start() else { return };
    let others = "CREATE TABLE users (id serial, s status); CREATE TYPE colour AS ENUM ('red'); \
                  ALTER SEQUENCE links_id_seq OWNED BY NONE; CREATE VIEW up AS SELECT name FROM devices";
    let url = v2_database(&postgres, "v2", &[SCHEMA, CLEAN, others]);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let before = places(&url);
    let refused = archive(path, &url, &[]).expect(3);
    assert!(refused.stderr.contains("import first: unoc import --from-postgres"), "{refused:?}");
    import(path, &url);
    // The service may run: the archive does not need the store.
    let server = Server::start(path, &[]);
    let told = archive(path, &url, &["--dry-run"]).expect(0);
    assert!(told.stdout.contains("Would move table devices from public to unoc_v2"), "{told:?}");
    assert_eq!(places(&url), before, "a dry run moves nothing");
    let told = archive(path, &url, &["--json"]).expect(0);
    let json: Value = serde_json::from_str(&told.stdout).unwrap();
    let moved = [
        "table alembic_version",
        "table devices",
        "table interfaces",
        "table links",
        "sequence devices_id_seq",
        "sequence interfaces_id_seq",
        "sequence links_id_seq",
        "type devicetype",
        "type interfacetype",
        "type status",
    ];
    assert_eq!(
        json,
        json!({"dry_run": false, "schema": "unoc_v2", "already": false, "moved": moved})
    );
    let left: Vec<String> = places(&url)
        .into_iter()
        .filter(|row| row[0] == "public")
        .map(|mut row| row.remove(1))
        .collect();
    assert_eq!(left, ["colour", "users", "users_id_seq"]);
    assert_eq!(rows(&url, "SELECT count(*) FROM up")[0], ["8"], "what reads the tables finds them");
    assert_eq!(rows(&url, "SELECT nextval('unoc_v2.links_id_seq')")[0], ["7"]);
    drop(server);

    let again = archive(path, &url, &[]).expect(0);
    assert!(
        again.stdout.contains("already in the schema unoc_v2; there is nothing to do"),
        "{again:?}"
    );
    // The archive can be imported too.
    import(path, &url);
}

#[test]
fn tables_imported_from_a_dump_can_be_archived_in_the_database() {
    let Some(postgres) = Postgres::start() else { return };
    let url = v2_database(&postgres, "v2", &[SCHEMA, CLEAN]);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("v2.sql");
    std::fs::write(&file, CLEAN_DUMP).unwrap();
    let data = directory.path().join("data");
    run(&data, &["import", "--from-dump", file.to_str().unwrap()]).expect(0);
    archive(&data, &url, &[]).expect(0);
}

#[test]
fn tables_that_changed_after_the_import_are_not_archived() {
    let Some(postgres) = Postgres::start() else { return };
    let url = v2_database(&postgres, "v2", &[SCHEMA, CLEAN]);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    import(path, &url);
    rows(&url, "UPDATE devices SET x = x + 1 WHERE id = 5");
    let refused = archive(path, &url, &[]).expect(3);
    assert!(refused.stderr.contains("changed since they were imported"), "{refused:?}");
    assert!(refused.stderr.contains("unoc import --from-postgres --replace"), "{refused:?}");
    assert!(places(&url).iter().all(|row| row[0] == "public"));
    import(path, &url);
    archive(path, &url, &[]).expect(0);
}

#[test]
fn tables_in_use_and_an_older_archive_are_not_touched() {
    let Some(postgres) = Postgres::start() else { return };
    let url = v2_database(&postgres, "v2", &[SCHEMA, CLEAN]);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    import(path, &url);
    let mut v2 = postgres::connect(&url).unwrap();
    v2.batch_execute("BEGIN; SELECT * FROM links").unwrap();
    let refused = archive(path, &url, &[]).expect(75);
    assert!(refused.stderr.contains("in use by another session: stop v2"), "{refused:?}");
    v2.batch_execute("COMMIT; CREATE SCHEMA unoc_v2; CREATE TABLE unoc_v2.devices (id int)")
        .unwrap();
    let refused = archive(path, &url, &[]).expect(3);
    assert!(refused.stderr.contains("ALTER SCHEMA unoc_v2 RENAME TO unoc_v2_older"), "{refused:?}");
    assert_eq!(rows(&url, "SELECT count(*) FROM public.links")[0], ["6"]);
}

#[test]
fn a_role_without_the_rights_changes_nothing() {
    let Some(postgres) = Postgres::start() else { return };
    let url = v2_database(&postgres, "v2", &[SCHEMA, CLEAN]);
    rows(
        &url,
        "CREATE ROLE reader LOGIN PASSWORD 'unoc-pw'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader",
    );
    let as_reader = url.replace("unoc:unoc-pw@", "reader:unoc-pw@");
    let directory = tempfile::tempdir().unwrap();
    let before = places(&url);
    // The right to read the tables is enough for an import, without that for the sequences.
    import(directory.path(), &as_reader);
    let refused = archive(directory.path(), &as_reader, &[]).expect(1);
    assert!(refused.stderr.contains("permission denied"), "{refused:?}");
    assert_eq!(places(&url), before);
}

#[test]
fn one_command_imports_and_archives() {
    let Some(postgres) = Postgres::start() else { return };
    let url = v2_database(&postgres, "v2", &[SCHEMA, CLEAN]);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    // An appliance that finds v2's tables does not touch them and names the command.
    let server = Server::start(path, &[("DATABASE_URL", &url)]);
    let stopped = wait::until("the mirror stops", || {
        let sync = server.http.get("/api/sync").json();
        (sync["state"] == "stopped").then_some(sync)
    });
    assert!(
        stopped["remedy"].as_str().unwrap().contains("unoc import --from-postgres"),
        "{stopped}"
    );
    assert!(server.terminate().0.success());
    let both = archive(path, &url, &["--replace", "--dry-run"]).expect(0);
    assert!(both.stdout.contains("Would load:") && both.stdout.contains("Would move"), "{both:?}");
    let both = archive(path, &url, &["--replace"]).expect(0);
    assert!(both.stdout.contains("Imported:") && both.stdout.contains("Done;"), "{both:?}");

    let server = Server::start(path, &[("DATABASE_URL", &url)]);
    wait::until("the mirror holds the site", || {
        (server.http.get("/api/sync").json()["state"] == "live").then_some(())
    });
    assert_eq!(rows(&url, "SELECT count(*) FROM devices")[0], ["8"]);
    assert_eq!(rows(&url, "SELECT count(*) FROM unoc_v2.devices")[0], ["8"]);
    drop(server);
    // Beside our own tables, the archive is read.
    import(path, &url);
    let again = archive(path, &url, &["--json"]).expect(0);
    assert!(again.stdout.contains("\"already\":true"), "{again:?}");
}
