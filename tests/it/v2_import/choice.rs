//! If several schemas or databases hold tables with v2's names, the operator has to choose.

use unoc::pg::PgConfig;
use unoc::v2_import::{SiteChoice, V2ImportError, V2Tables, read_database, read_dump};

use super::{CLEAN, CLEAN_DUMP, SCHEMA, text, v2_database};
use crate::harness::postgres::Postgres;
use crate::harness::process::run;

fn choice(database: Option<&str>, schema: Option<&str>) -> SiteChoice {
    SiteChoice { database: database.map(str::to_owned), schema: schema.map(str::to_owned) }
}

fn read(dump: &str, choice: &SiteChoice) -> Result<V2Tables, V2ImportError> {
    read_dump(dump.as_bytes(), choice)
}

/// The dump with its tables in another schema, and one device fewer.
fn moved(schema: &str) -> String {
    let dump = CLEAN_DUMP.replace("public.", &format!("{schema}."));
    let dump = dump.replace("Schema: public", &format!("Schema: {schema}"));
    dump.lines()
        .filter(|line| !line.starts_with("2\tBB1"))
        .map(|line| format!("{line}\n"))
        .collect()
}

/// A dump of two databases by `pg_dumpall`; one name needs quotes.
fn all() -> String {
    let begin = "-- PostgreSQL database cluster dump";
    let connect = "\\connect -reuse-previous=on \"dbname='it''s old'\"".replace("''", "\\'");
    let old = moved("public");
    format!("{begin}\n\\connect unocdb\n{CLEAN_DUMP}\n{connect}\n{old}\n{begin} complete\n")
}

#[track_caller]
fn asks(result: Result<V2Tables, V2ImportError>, words: &[&str]) {
    let error = result.map(|_| ()).expect_err("it asks").to_string();
    for word in words.iter().chain(&["Choose one", "--schema NAME"]) {
        assert!(error.contains(word), "{word:?} not in {error}");
    }
}

#[test]
fn one_of_two_schemas_in_a_dump_can_be_chosen() {
    // With qualified names, and as an old pg_dump writes it, which sets the search path instead.
    let (above, below) = CLEAN_DUMP.split_once("CREATE TYPE").unwrap();
    let old = moved("old");
    let (_, old) = old.split_once("CREATE TYPE").unwrap();
    let (old, _) = old.split_once("--\n-- PostgreSQL database dump complete").unwrap();
    let both = format!("{above}CREATE TYPE{old}CREATE TYPE{below}");
    let by_path = format!(
        "{above}SET search_path = old, pg_catalog;\nCREATE TYPE{}SET search_path = public, pg_catalog;\nCREATE TYPE{}",
        old.replace("old.", ""),
        below.replace("public.", ""),
    );
    for dump in [both, by_path] {
        asks(read(&dump, &SiteChoice::default()), &["schema old; schema public"]);
        let public = read(&dump, &choice(None, Some("public"))).unwrap();
        assert_eq!(text(&public), text(&super::read(CLEAN_DUMP).unwrap()));
        assert_eq!(read(&dump, &choice(None, Some("old"))).unwrap().devices.len(), 7);
        let error = read(&dump, &choice(None, Some("new"))).expect_err("it is not there");
        assert!(error.to_string().contains("available: schema old; schema public"), "{error}");
    }
}

#[test]
fn one_of_two_databases_in_a_dump_can_be_chosen() {
    let dump = all();
    let places = "database it's old, schema public; database unocdb, schema public";
    asks(read(&dump, &SiteChoice::default()), &[places, "--database NAME"]);
    asks(read(&dump, &choice(None, Some("public"))), &[places]);
    let unocdb = read(&dump, &choice(Some("unocdb"), None)).unwrap();
    assert_eq!(text(&unocdb), text(&super::read(CLEAN_DUMP).unwrap()));
    assert_eq!(read(&dump, &choice(Some("it's old"), None)).unwrap().devices.len(), 7);

    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("all.sql");
    std::fs::write(&file, dump).unwrap();
    let import = ["import", "--dry-run", "--from-dump", file.to_str().unwrap()];
    let refused = run(directory.path(), &import).expect(3);
    assert!(refused.stderr.contains(places), "{refused:?}");
    let chosen = [&import[..], &["--database", "it's old"]].concat();
    let told = run(directory.path(), &chosen).expect(0);
    assert!(told.stdout.contains("Found in v2:  7 devices"), "{told:?}");
}

#[test]
fn two_dumps_in_one_file_are_refused() {
    for dump in [CLEAN_DUMP, super::dumps::INSERTS, super::dumps::ROWS] {
        let error = read(&format!("{dump}{dump}"), &SiteChoice::default()).expect_err("twice");
        assert!(error.to_string().contains("occurs twice"), "{error}");
    }
}

#[test]
fn one_of_two_schemas_on_a_server_can_be_chosen() {
    let Some(postgres) = Postgres::start() else { return };
    let others = "CREATE SCHEMA cms; CREATE TABLE cms.links (id int, url text); \
                  CREATE TABLE cms.devices (id int, hostname text)";
    let url = v2_database(&postgres, "v2", &[SCHEMA, CLEAN, others]);
    let tables =
        |url: &str, choice: &SiteChoice| read_database(&PgConfig::parse(url).unwrap(), choice);
    assert_eq!(tables(&url, &SiteChoice::default()).unwrap().devices.len(), 8, "one is not v2's");

    let second = format!(
        "CREATE SCHEMA old; SET search_path = old; {SCHEMA}; {CLEAN}; DELETE FROM links; DELETE FROM interfaces; DELETE FROM devices WHERE id = 9"
    );
    super::load(&url, &[&second.replace("; ", ";\n")]);
    asks(tables(&url, &SiteChoice::default()), &["schema old; schema public"]);
    assert_eq!(tables(&url, &choice(None, Some("public"))).unwrap().devices.len(), 8);
    assert_eq!(tables(&url, &choice(None, Some("old"))).unwrap().devices.len(), 7);
    let by_path = format!("{url}?options=-csearch_path%3Dold");
    assert_eq!(tables(&by_path, &SiteChoice::default()).unwrap().devices.len(), 7);
    assert!(matches!(
        tables(&url, &choice(None, Some("cms"))),
        Err(V2ImportError::NotThere { .. })
    ));

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let import = ["import", "--from-postgres", &url, "--replace"];
    let refused = run(path, &import).expect(3);
    assert!(refused.stderr.contains("schema old; schema public"), "{refused:?}");
    let archive = [&import[..], &["--archive-legacy", "--schema", "old"]].concat();
    let told = run(path, &archive).expect(0);
    assert!(told.stdout.contains("Moved table devices from old to unoc_v2"), "{told:?}");
    // The other schema still holds v2's tables, beside the archive.
    asks(tables(&url, &SiteChoice::default()), &["schema public; schema unoc_v2"]);
}
