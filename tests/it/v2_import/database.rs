//! Reading and importing v2's database.

use unoc::pg::PgConfig;
use unoc::v2_import::{
    ArchiveOutcome, ImportRecord, SiteChoice, V2ImportError, V2Tables, archive, read_database,
};

use super::{CLEAN, CLEAN_DUMP, DIRTY, DIRTY_DUMP, SCHEMA, corrected, load, read, v2_database};
use crate::harness::pgbouncer::Pgbouncer;
use crate::harness::postgres::{self, Postgres};
use crate::harness::process::{Server, run, said, unoc};

fn tables(url: &str) -> Result<V2Tables, V2ImportError> {
    read_database(&PgConfig::parse(url).expect("an address"), &SiteChoice::default())
}

#[test]
fn the_database_and_its_dump_give_the_same_site() {
    let Some(postgres) = Postgres::start() else { return };
    for (name, contents, dump) in [
        ("clean", &[SCHEMA, CLEAN][..], CLEAN_DUMP),
        ("dirty", &[SCHEMA, CLEAN, DIRTY], DIRTY_DUMP),
    ] {
        let from_database = tables(&v2_database(&postgres, name, contents)).unwrap();
        let from_dump = read(dump).unwrap();
        assert_eq!(from_database.fingerprint(), from_dump.fingerprint(), "{name}");
        assert_eq!(from_database.next_ids, from_dump.next_ids, "{name}");
        assert_eq!(corrected(from_database), corrected(from_dump), "{name}");
    }
}

#[test]
fn additional_and_missing_columns_are_accepted() {
    let Some(postgres) = Postgres::start() else { return };
    let url = v2_database(&postgres, "odd", &[SCHEMA, CLEAN]);
    let before = corrected(tables(&url).unwrap());
    let mut client = postgres::connect(&url).unwrap();
    client
        .batch_execute(
            "ALTER TABLE devices ADD vendor text DEFAULT 'x', DROP status, \
             ALTER created_at TYPE timestamptz USING created_at AT TIME ZONE 'UTC', \
             ALTER device_type TYPE text, ALTER x TYPE real, ALTER id TYPE bigint; \
             ALTER DATABASE odd SET timezone = 'Asia/Kolkata'; ALTER DATABASE odd SET datestyle = 'SQL, DMY'; \
             ALTER TABLE links DROP link_loss_db, DROP physical_medium_id; \
             ALTER SEQUENCE links_id_seq OWNED BY NONE",
        )
        .unwrap();
    let after = corrected(tables(&url).unwrap());
    assert_eq!(after.report.findings, []);
    assert_eq!(after.site.devices[5], before.site.devices[5]);
    assert_eq!(after.site.links[0].medium, None);
    assert_eq!(after.site.counters, before.site.counters);
}

#[test]
fn import_works_through_a_pooler() {
    let Some(postgres) = Postgres::start() else { return };
    let Some(pooler) = Pgbouncer::start(&postgres) else { return };
    load(&postgres.url(), &[SCHEMA, CLEAN]);
    let directly = tables(&postgres.url()).unwrap();
    for _ in 0..3 {
        assert_eq!(tables(&pooler.url()).unwrap(), directly);
    }
    let stamp = ImportRecord::of(&directly);
    let target = PgConfig::parse(&pooler.url()).unwrap();
    let moved = archive(&target, &SiteChoice::default(), Some(&stamp), false).unwrap();
    assert!(matches!(moved, ArchiveOutcome::Moved { .. }));
    assert_eq!(
        archive(&target, &SiteChoice::default(), None, false).unwrap(),
        ArchiveOutcome::Already
    );
    assert_eq!(tables(&pooler.url()).unwrap(), directly, "from the archive");
}

#[test]
fn tables_that_are_not_v2s_are_refused() {
    let Some(postgres) = Postgres::start() else { return };
    let check = |name: &str, sql: &str, words: &str| {
        let error = tables(&v2_database(&postgres, name, &[sql])).expect_err(words).to_string();
        assert!(error.contains(words), "{words:?} not in {error}");
    };
    check("empty", "", "table devices of UNOC v2 does not exist");
    check(
        "own",
        "CREATE TABLE devices (site_id uuid, id bigint, name text)",
        "the tables of UNOC itself",
    );
    check("bare", SCHEMA, "no device");
    check("torn", &format!("{SCHEMA}; DROP TABLE links"), "table links of UNOC v2 does not exist");
    check("other", "CREATE TABLE devices (id int, hostname text)", "no column name");
    let other_schema = format!("CREATE SCHEMA x; SET search_path = x; {SCHEMA}; {CLEAN}");
    let url = v2_database(&postgres, "elsewhere", &[&other_schema]);
    assert_eq!(tables(&url).unwrap().devices.len(), 8, "the only schema that has them");
    let url = format!("{}?options=-csearch_path%3Dx", postgres.url_of("elsewhere"));
    assert_eq!(tables(&url).unwrap().devices.len(), 8, "where the address names the schema");
    let both = format!(
        "{SCHEMA}; {CLEAN}; CREATE SCHEMA unoc_v2; ALTER TABLE devices SET SCHEMA unoc_v2; \
                        ALTER TABLE interfaces SET SCHEMA unoc_v2; ALTER TABLE links SET SCHEMA unoc_v2; \
                        CREATE TABLE devices (site_id uuid, id bigint)"
    );
    let url = v2_database(&postgres, "moved", &[&both]);
    assert_eq!(tables(&url).unwrap().devices.len(), 8, "from the archive, beside our own tables");
}

#[test]
fn one_command_imports_a_database() {
    let Some(postgres) = Postgres::start() else { return };
    let url = v2_database(&postgres, "v2", &[SCHEMA, CLEAN, DIRTY]);
    let count = "SELECT count(*), max(updated_at) FROM interfaces";
    let before = postgres::rows(&mut postgres::connect(&url).unwrap(), count);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();

    // A dry run works while v2 and the service are running.
    let server = Server::start(path, &[]);
    let dry_run = run(path, &["import", "--from-postgres", &url, "--dry-run"]).expect(0);
    assert!(dry_run.stdout.ends_with("nothing was changed.\n"), "{dry_run:?}");
    let refused = run(path, &["import", "--from-postgres", &url, "--replace"]).expect(75);
    assert!(refused.stderr.contains("systemctl stop unoc"), "{refused:?}");
    assert!(server.terminate().0.success());

    let refused = run(path, &["import", "--from-postgres", &url]).expect(3);
    assert!(refused.stderr.contains("add --replace"), "{refused:?}");
    // The address comes from the environment, so that the command line has no password.
    let mut command = unoc(&["import", "--replace", "--from-postgres", "--data-dir"]);
    command.arg(path).env("DATABASE_URL", url.replace("postgresql:", "postgresql+asyncpg:"));
    let imported = said(&mut command).expect(0);
    assert!(
        imported.stdout.ends_with("Imported:     24 devices, 32 interfaces, 9 links.\n"),
        "{imported:?}"
    );
    let same = |text: &str| {
        text.rsplit_once("Would load").or(text.rsplit_once("Imported")).map(|it| it.0.to_owned())
    };
    assert_eq!(same(&imported.stdout), same(&dry_run.stdout), "the dry run reported the same");
    assert_eq!(postgres::rows(&mut postgres::connect(&url).unwrap(), count), before);

    let server = Server::start(path, &[]);
    let device = server.http.get("/api/devices/9").expect(200).json();
    assert_eq!(device["status_override"], "DOWN");
    assert_eq!(device["created_at"], "2025-10-24T08:00:07.000000Z");
    assert_eq!(
        server.http.get("/api/devices/5").json()["status"],
        "UP",
        "reached through the imported links"
    );
    assert_eq!(server.http.get("/api/links/88").json()["status_override"], serde_json::Value::Null);
    assert_eq!(server.http.provision("next", "POP"), 78, "after the demo network's 77");
}

#[test]
fn one_command_imports_a_dump() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let file = path.join("v2.sql");
    std::fs::write(&file, CLEAN_DUMP).unwrap();
    let data = path.join("data");
    let mut command = unoc(&["import", "--from-dump", "-", "--json", "--data-dir"]);
    command.arg(&data).stdin(std::fs::File::open(&file).unwrap());
    let json: serde_json::Value =
        serde_json::from_str(&said(&mut command).expect(0).stdout).unwrap();
    assert_eq!((&json["devices"], &json["dry_run"]), (&8.into(), &false.into()));
    let server = Server::start(&data, &[]);
    assert_eq!(server.http.provision("next", "POP"), 42, "after what v2's sequence gave out");
}

#[test]
fn errors_are_reported_in_one_line() {
    let directory = tempfile::tempdir().unwrap();
    let dry = |arguments: &[&str]| {
        let all = [&["import", "--dry-run"], arguments].concat();
        let said = run(directory.path(), &all);
        assert_eq!(said.stderr.lines().count(), 1, "{said:?}");
        (said.code, said.stderr)
    };
    let holds = |(code, stderr): (i32, String), expected: i32, words: &str| {
        assert!(code == expected && stderr.contains(words), "{code}: {stderr}");
    };
    holds(dry(&["--from-postgres", "postgresql://u:secret-pw@127.0.0.1:1/x"]), 75, "refused");
    holds(dry(&["--from-postgres"]), 1, "DATABASE_URL");
    holds(
        dry(&["--from-postgres", "mysql://u:secret-pw@h/x"]),
        1,
        "the database address cannot be used",
    );
    holds(dry(&["--from-dump", "/nonexistent/x"]), 1, "cannot open /nonexistent/x");
    let Some(postgres) = Postgres::start() else { return };
    holds(dry(&["--from-postgres", &postgres.url()]), 3, "table devices of UNOC v2 does not exist");
    holds(dry(&["--from-postgres", &postgres.url_of("nowhere")]), 1, "\"nowhere\" does not exist");
    let wrong = postgres.url().replace("unoc-pw", "secret-pw");
    let (code, stderr) = dry(&["--from-postgres", &wrong]);
    assert!(code == 1 && stderr.contains("password authentication failed"), "{code}: {stderr}");
    assert!(!stderr.contains("secret-pw"), "{stderr}");
}
