//! A backup is plain SQL: `psql` loads it, and the appliance adopts what was loaded (S8).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;
use unoc::domain::{IdCounters, Timestamp};
use unoc::store::{OpenOptions, Store};
use uuid::Uuid;

use super::fixture::{back_up, entities, export_of, names_in, run_with};
use crate::harness::content::Content;
use crate::harness::postgres::{Postgres, connect};
use crate::harness::process::{Said, Server, run, said};
use crate::harness::proxy::{Cut, Proxy};
use crate::harness::skip;
use crate::harness::wait;
use crate::sync::exact::{Exact, look};

const DUMP_V2: &str = "tests/it/v2_import/dumps/clean.sql";

/// A site, a backup of it as SQL, and the content of its store at that time.
struct Saved {
    directory: TempDir,
    sql: PathBuf,
    site_id: Uuid,
    content: Content,
    export: String,
}

impl Saved {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let data_dir = directory.path().join("data");
        let server = Server::start(&data_dir, &[("UNOC_DEV_FEATURES", "0")]);
        server.http.odd_site();
        assert!(server.terminate().0.success());
        Self::of(directory)
    }

    /// Makes a backup of the current site.
    fn of(directory: TempDir) -> Self {
        let data_dir = directory.path().join("data");
        // Before it: a backup leaves a row in the audit trail, which is not in it.
        let (site_id, content) = content_of(&data_dir);
        back_up(&data_dir);
        let text = run(&data_dir, &["backup", "cat", "latest"]).expect(0).stdout;
        let sql = directory.path().join("backup.sql");
        fs::write(&sql, text).expect("our own file");
        let export = export_of(&data_dir);
        Self { directory, sql, site_id, content, export }
    }

    fn data_dir(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// Asserts that the rows of a database are those of the backup. `counters` may be higher, and
    /// the audit trail longer, if the database held a later state before.
    #[track_caller]
    fn assert_is_in(&self, url: &str, later: Option<&Content>, when: &str) -> u64 {
        let look =
            look(&mut connect(url).expect("it is readable"), self.site_id).expect("it is readable");
        let look = look.unwrap_or_else(|| panic!("{when}: the site is not there"));
        let mut site = self.content.site();
        let last_commit = self.content.last_commit;
        let (counters, next_audit) = later
            .map_or((last_commit.counters, last_commit.next_audit), |it| {
                greater(&self.content, it)
            });
        site.counters = counters;
        look.exact.assert_is(
            &Exact::of(&site, last_commit.seq, last_commit.committed_at, next_audit),
            when,
        );
        look.assert_audit_is(&later.unwrap_or(&self.content).audit, when);
        look.epoch
    }
}

fn greater(a: &Content, b: &Content) -> (IdCounters, u64) {
    let (x, y) = (a.last_commit.counters, b.last_commit.counters);
    let counters = IdCounters {
        device: x.device.max(y.device),
        interface: x.interface.max(y.interface),
        link: x.link.max(y.link),
    };
    (counters, a.last_commit.next_audit.max(b.last_commit.next_audit))
}

fn content_of(data_dir: &Path) -> (Uuid, Content) {
    let options = OpenOptions { cache_bytes: 1 << 20, now: Timestamp(0), site_id: None };
    let store = Store::open(data_dir, options).expect("nobody else holds it");
    (
        store.site_id(),
        Content::read(&store.read().expect("it is readable")).expect("it is readable"),
    )
}

/// A server and `psql`; `None`, and the test is skipped, if one is missing.
fn postgres() -> Option<Postgres> {
    if Command::new("psql").arg("--version").output().is_err() {
        skip("psql is not installed (ops/test.sh installs it)");
        return None;
    }
    Postgres::start()
}

/// `psql DATABASE < FILE`
fn psql(url: &str, file: &Path) -> Said {
    let mut command = Command::new("psql");
    command.args(["-X", "-q", url]).stdin(fs::File::open(file).expect("a file"));
    said(&mut command)
}

fn serve(data_dir: &Path, url: &str) -> Server {
    Server::start(data_dir, &[("DATABASE_URL", url), ("UNOC_DEV_FEATURES", "0")])
}

/// Asserts that both sides of the mirror have the same rows.
#[track_caller]
fn assert_in_step(data_dir: &Path, url: &str) {
    let said = run_with(data_dir, &[("DATABASE_URL", url)], &["sync", "check"]);
    assert_eq!(said.code, 0, "{said:?}");
}

#[test]
fn a_backup_can_be_loaded_repeatedly_into_a_database() {
    let Some(postgres) = postgres() else { return };
    let saved = Saved::new();
    let said = psql(&postgres.url(), &saved.sql).expect(0);
    assert!(said.stderr.is_empty(), "{said:?}");
    let first = saved.assert_is_in(&postgres.url(), None, "loaded once");
    psql(&postgres.url(), &saved.sql).expect(0);
    let second = saved.assert_is_in(&postgres.url(), None, "loaded twice");
    assert!(second > first, "whoever held the site before is fenced off");
    // The tables are those that the mirror creates, which continues with them.
    let server = serve(&saved.data_dir(), &postgres.url());
    server.in_step();
    assert_eq!(entities(&server.http.export()), entities(&saved.export));
    assert_in_step(&saved.data_dir(), &postgres.url());
    server.http.provision("afterwards", "POP");
    server.in_step();
    assert_in_step(&saved.data_dir(), &postgres.url());
}

#[test]
fn another_site_in_the_same_database_is_not_touched() {
    let Some(postgres) = postgres() else { return };
    let saved = Saved::new();
    let other = tempfile::tempdir().unwrap();
    let server = Server::start(other.path(), &[("DATABASE_URL", &postgres.url())]);
    server.in_step();
    let site_id = server.http.get("/api/health").expect(200).json()["site_id"].take();
    let site_id: Uuid = site_id.as_str().unwrap().parse().unwrap();
    let of_other = || look(&mut postgres.client(), site_id).unwrap().expect("it is there");
    let before = of_other();
    psql(&postgres.url(), &saved.sql).expect(0);
    let after = of_other();
    after.exact.assert_is(&before.exact, "the other site");
    assert_eq!((after.audit, after.epoch), (before.audit, before.epoch));
    saved.assert_is_in(&postgres.url(), None, "beside another site");
    server.http.provision("goes on", "POP");
    server.in_step();
    assert_in_step(other.path(), &postgres.url());
}

#[test]
fn a_later_state_is_replaced_and_the_appliance_adopts_what_was_loaded() {
    let Some(postgres) = postgres() else { return };
    let saved = Saved::new();
    let data_dir = saved.data_dir();
    let server = serve(&data_dir, &postgres.url());
    server.in_step();
    let later = server.http.provision("too much", "OLT");
    server.http.provision_pops("many", 100);
    server.http.delete("/api/devices/1").expect(204);
    server.in_step();
    assert!(server.terminate().0.success());
    let (_, mut content) = content_of(&data_dir);
    // The row of the stop would be sent by the next start.
    content.audit.pop();
    content.last_commit.next_audit -= 1;
    // As in the runbook: stop the service, load the file, start the service.
    psql(&postgres.url(), &saved.sql).expect(0);
    saved.assert_is_in(&postgres.url(), Some(&content), "over a later state");
    let server = serve(&data_dir, &postgres.url());
    server.in_step();
    assert_eq!(entities(&server.http.export()), entities(&saved.export));
    assert_in_step(&data_dir, &postgres.url());
    let kept = names_in(&data_dir.join("quarantine"));
    assert_eq!(kept.len(), 1, "{kept:?}");
    let (_, set_aside) = content_of(&data_dir.join("quarantine").join(&kept[0]));
    assert_eq!(set_aside.site(), content.site(), "what was replaced is kept whole");
    // Its ids are not reused.
    assert!(server.http.provision("next", "POP") > later);
    assert!(server.terminate().0.success());
}

#[test]
fn a_backup_loaded_into_a_fresh_database_restores_the_site() {
    let Some(postgres) = postgres() else { return };
    let saved = Saved::new();
    let data_dir = saved.data_dir();
    let server = Server::start(&data_dir, &[("UNOC_DEV_FEATURES", "0")]);
    server.http.provision_pops("a mistake ", 30);
    assert!(server.terminate().0.success());
    let mut cat = crate::harness::process::unoc(&["backup", "cat", "latest", "--data-dir"]);
    let mut cat = cat.arg(&data_dir).stdout(Stdio::piped()).spawn().unwrap();
    let mut loading = Command::new("psql");
    let loaded =
        said(loading.args(["-X", "-q", &postgres.url()]).stdin(cat.stdout.take().unwrap()));
    assert!(loaded.code == 0 && cat.wait().unwrap().success(), "{loaded:?}");
    let server = serve(&data_dir, &postgres.url());
    let export = wait::until("the loaded state is adopted", || {
        let export = server.http.export();
        (!export.contains("a mistake")).then_some(export)
    });
    assert_eq!(entities(&export), entities(&saved.export));
    server.in_step();
    assert_in_step(&data_dir, &postgres.url());
    assert_eq!(names_in(&data_dir.join("quarantine")).len(), 1);
}

/// What a database holds of our tables and those of v2.
fn fingerprint(postgres: &Postgres) -> Vec<Vec<String>> {
    let mut rows = postgres.rows(
        "SELECT c.relname, c.relkind, (SELECT count(*) FROM pg_attribute a WHERE a.attrelid = c.oid) \
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = 'public' ORDER BY 1",
    );
    let tables = rows.iter().filter(|row| row[1] == "r").map(|row| row[0].clone());
    for table in tables.collect::<Vec<_>>() {
        rows.extend(postgres.rows(&format!(
            "SELECT '{table}', count(*), coalesce(md5(string_agg(t::text, ',' ORDER BY t::text)), '') \
             FROM \"{table}\" t"
        )));
    }
    rows
}

#[test]
fn the_tables_of_v2_are_not_touched_and_the_message_says_what_to_do() {
    let Some(postgres) = postgres() else { return };
    let dump = fs::read_to_string(DUMP_V2).unwrap();
    let plain: String = dump
        .lines()
        .filter(|line| !line.starts_with('\\') || *line == "\\.")
        .flat_map(|line| [line, "\n"])
        .collect();
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), plain).unwrap();
    psql(&postgres.url(), file.path());
    let before = fingerprint(&postgres);
    assert!(before.iter().any(|row| row[0] == "devices"), "{before:?}");
    let saved = Saved::new();
    let said = psql(&postgres.url(), &saved.sql);
    assert_eq!(said.code, 3, "{said:?}");
    assert!(said.stderr.contains("holds the tables of UNOC v2, which are never overwritten"));
    assert!(said.stderr.contains("load the backup into another database"), "{said:?}");
    assert_eq!(fingerprint(&postgres), before);
}

#[test]
fn tables_of_a_newer_version_are_not_touched() {
    let Some(postgres) = postgres() else { return };
    let saved = Saved::new();
    psql(&postgres.url(), &saved.sql).expect(0);
    postgres.rows(
        "INSERT INTO unoc_schema_history VALUES (99, 'later', '2030-01-01T00:00:00Z', '0');
         UPDATE devices SET x = x + 1",
    );
    let before = fingerprint(&postgres);
    let said = psql(&postgres.url(), &saved.sql);
    assert_eq!(said.code, 3, "{said:?}");
    assert!(said.stderr.contains("made by a newer UNOC (schema 99"), "{said:?}");
    assert_eq!(fingerprint(&postgres), before);
}

#[test]
fn a_full_verification_loads_the_file_into_a_scratch_database() {
    let Some(postgres) = postgres() else { return };
    let saved = Saved::new();
    let server = serve(&saved.data_dir(), &postgres.url());
    server.in_step();
    let made = server.http.back_up();
    let verified = server.http.verify(&made["id"]).expect(200).json();
    let verification = &verified["verification"];
    let version = verification["postgres"].as_str().unwrap_or_else(|| panic!("{verified:#}"));
    assert!(version.starts_with(&postgres.major().to_string()), "{verified:#}");
    assert_eq!((&verified["state"], &verification["kind"]), (&"verified".into(), &"full".into()));
    assert_eq!(verification["postgres_result"], "passed");
    let databases = "SELECT count(*) FROM pg_database WHERE datname LIKE 'unoc_drill%'";
    assert_eq!(postgres.value(databases), "0", "the scratch database is dropped");
    // A role that may not create databases: reported, and not the backup's failure.
    postgres.rows("CREATE ROLE plain LOGIN PASSWORD 'x'; GRANT ALL ON SCHEMA public TO plain");
    assert!(server.terminate().0.success());
    let other = postgres.url().replace("unoc:unoc-pw", "plain:x");
    let said = run_with(
        &saved.data_dir(),
        &[("DATABASE_URL", &other)],
        &["backup", "verify", "latest", "--json"],
    );
    let verified: Value = serde_json::from_str(&said.expect(0).stdout).unwrap();
    assert_eq!(verified["verification"]["postgres"], Value::Null);
    assert_eq!(verified["verification"]["postgres_result"], "not_possible");
    let message = verified["verification"]["message"].as_str().unwrap();
    assert!(message.contains("may not create databases"), "{message}");
}

/// A lost connection says nothing about the backup, but the full verification did not succeed.
#[test]
fn a_full_verification_that_postgresql_interrupted_is_a_failure() {
    let Some(postgres) = postgres() else { return };
    let saved = Saved::new();
    let proxy = Proxy::start(postgres.port());
    let url = Postgres::url_through(proxy.port());
    let server = serve(&saved.data_dir(), &url);
    server.in_step();
    let made = server.http.back_up();
    proxy.cut_at("CREATE DATABASE", Cut::Before);
    let verified = server.http.verify(&made["id"]).expect(200).json();
    let verification = &verified["verification"];
    assert_eq!(verification["postgres_result"], "failed", "{verified:#}");
    assert_eq!(verification["kind"], "full");
    assert_eq!(verified["state"], "verified", "the store was restored: {verified:#}");
    let health = server.http.get("/health").expect(200).json();
    assert_eq!(health["status"], "degraded", "{health}");
    let reason = health["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("failed in PostgreSQL"), "{health}");
    proxy.cut_at("CREATE DATABASE", Cut::Before);
    let said = run_with(&saved.data_dir(), &[], &["backup", "verify", "latest"]).expect(75);
    assert!(said.stderr.contains("could not be verified in PostgreSQL"), "{said:?}");
    proxy.cut_at("CREATE DATABASE", Cut::Before);
    server.http.post("/api/jobs/verify/run", &Value::Null).expect(202);
    let run = wait::until("the job ends", || {
        let job = server.http.get("/api/jobs/verify").expect(200).json();
        job["runs"].as_array().and_then(|runs| runs.first().cloned())
    });
    assert_eq!(run["result"], "failed", "{run:#}");
    let verified = server.http.verify(&made["id"]).expect(200).json();
    assert_eq!(verified["verification"]["postgres_result"], "passed", "{verified:#}");
    let detail = server.http.get("/api/health").expect(200).json();
    assert_eq!(detail["backup"]["postgres_failure"], Value::Null, "{detail}");
}
