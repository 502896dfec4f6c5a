//! What identifies devices, joins their ports and plans work is in exports, backups and the mirror,
//! to the last character; and files and databases of version 0.1.0 are still read.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use unoc::domain::Site;
use unoc::query::check_site;
use unoc::sql::{audit_entry, audit_row};
use unoc::store::{AuditEntry, AuditImage, AuditOrigin, AuditOutcome, OpenOptions, Store};
use unoc::wire::{ExportLine, SiteReader, write_header, write_line};
use uuid::Uuid;

use super::fixture::{
    back_up, entities, export_of, file_of, path_of, portable, without_assumed_joins,
};
use crate::harness::commands::{Rng, time};
use crate::harness::content::Content;
use crate::harness::labels;
use crate::harness::postgres::{Postgres, connect};
use crate::harness::process::{Server, run};
use crate::sync::exact::{Exact, look};

/// A site as 0.1.0 exported it, its store, and a backup of it by that version.
const EXPORT: &[u8] = include_bytes!("../store/golden/v2.jsonl.zst");
const STORE: &[u8] = include_bytes!("../store/golden/v2.redb.zst");
const BACKUP: &str = "unoc_20261129_123311";

fn old_export() -> String {
    String::from_utf8(zstd::decode_all(EXPORT).expect("whole")).expect("a text")
}

fn read(export: &str) -> Site {
    SiteReader::new(export.as_bytes()).read_all(|_, _| {}).expect("an export")
}

fn write(site: &Site) -> Vec<u8> {
    let mut text = Vec::new();
    let count = site.devices.len() + site.interfaces.len() + site.links.len();
    write_header(&mut text, Uuid::nil(), 1, site.counters, count as u64).expect("into memory");
    let devices = site.devices.iter().map(ExportLine::Device);
    let lines = devices.chain(site.interfaces.iter().map(ExportLine::Interface));
    for line in lines.chain(site.links.iter().map(ExportLine::Link)) {
        write_line(&mut text, line).expect("into memory");
    }
    text
}

/// A site with a value in every field.
fn labelled() -> Site {
    let mut site = read(&old_export());
    labels::label(&mut Rng::new(7), &mut site);
    labels::join_ports(&mut site);
    site
}

/// What operators have set of a site: neither computed values nor times.
fn set_of(site: &Site) -> impl PartialEq + std::fmt::Debug + use<'_> {
    let devices = site.devices.iter().map(|it| (&it.optics, it.lifecycle, &it.details));
    let overrides = site.devices.iter().map(|it| &it.status_override);
    let ports = site.interfaces.iter().map(|it| &it.cross_connect);
    let links = site.links.iter().map(|it| (it.lifecycle, &it.status_override));
    let devices: Vec<_> = devices.zip(overrides).collect();
    (devices, ports.collect::<Vec<_>>(), links.collect::<Vec<_>>())
}

/// A data directory with that site.
fn labelled_directory() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("site.jsonl");
    fs::write(&file, write(&labelled())).expect("our own file");
    let data_dir = directory.path().join("data");
    run(&data_dir, &["import", path_of(&file)]).expect(0);
    (directory, data_dir)
}

fn content_of(data_dir: &Path) -> (Uuid, Content) {
    let options = OpenOptions { cache_bytes: 1 << 20, now: time(0), site_id: None };
    let store = Store::open(data_dir, options).expect("nobody else holds it");
    let snapshot = store.read().expect("it is readable");
    check_site(&snapshot).expect("consistent");
    (store.site_id(), Content::read(&snapshot).expect("it is readable"))
}

#[test]
fn every_field_is_exported_and_backed_up() {
    let (directory, data_dir) = labelled_directory();
    let exported = export_of(&data_dir);
    let (site, wanted) = (read(&exported), labelled());
    assert!(set_of(&site) == set_of(&wanted), "{:#?}\n{:#?}", set_of(&site), set_of(&wanted));
    assert!(exported.contains("\"cross_connect\":{\"interface_id\":"));

    let backup = back_up(&data_dir);
    assert_eq!(backup["state"], "verified", "{backup:#}");
    let elsewhere = directory.path().join("elsewhere");
    run(&elsewhere, &["restore", path_of(&file_of(&data_dir, &backup))]).expect(0);
    assert_eq!(portable(&export_of(&elsewhere)), portable(&exported));
}

/// An entry of the audit trail in which every entity was created.
fn creation(site: Site) -> AuditEntry {
    let devices = site.devices.into_iter().map(|it| AuditImage::Device {
        id: it.id.0,
        before: None,
        after: Some(Box::new(it)),
    });
    let ports = site.interfaces.into_iter().map(|it| AuditImage::Interface {
        id: it.id.0,
        before: None,
        after: Some(Box::new(it)),
    });
    let links = site.links.into_iter().map(|it| AuditImage::Link {
        id: it.id.0,
        before: Some(Box::new(it)),
        after: None,
    });
    let images: Vec<AuditImage> = devices.chain(links).chain(ports).collect();
    AuditEntry {
        id: 1,
        seq: 1,
        at: time(1),
        origin: AuditOrigin::default(),
        action: "test".to_owned(),
        outcome: AuditOutcome::Done,
        details: String::new(),
        link: None,
        undone_ids: Vec::new(),
        change_count: 1,
        direct: None,
        image_count: images.len() as u64,
        images,
    }
}

#[test]
fn the_images_of_the_audit_trail_have_every_field() {
    let entry = creation(labelled());
    let row = audit_row(&entry);
    let again = audit_entry(&row).expect("a row that was written");
    assert_eq!(audit_row(&again), row);
    let shown = format!("{row:?}");
    for word in ["SERIAL2", "retired", "override_ends_at\\\":\\\"2", "is_assumed"] {
        assert!(shown.contains(word), "{word}: {shown}");
    }
}

#[test]
fn every_field_is_mirrored_and_adopted() {
    let Some(postgres) = Postgres::start() else { return };
    let (directory, data_dir) = labelled_directory();
    let url = postgres.url();
    let server = Server::start(&data_dir, &[("DATABASE_URL", &url)]);
    server.in_step();
    assert!(server.terminate().0.success());
    let (site_id, content) = content_of(&data_dir);
    let found = look(&mut connect(&url).unwrap(), site_id).unwrap().expect("the site is there");
    let last = content.last_commit;
    // The row of the stop is sent by the next start.
    let wanted = Exact::of(&content.site(), last.seq, last.committed_at, last.next_audit - 1);
    found.exact.assert_is(&wanted, "mirrored");
    let exported = export_of(&data_dir);

    let empty = directory.path().join("empty");
    let site_id = site_id.to_string();
    let environment = [("DATABASE_URL", url.as_str()), ("UNOC_SITE_ID", &site_id)];
    let server = Server::start(&empty, &environment);
    server.in_step();
    let answer = server.http.post("/api/sync/check", &serde_json::Value::Null).expect(200).json();
    assert_eq!((&answer["missing"], &answer["different"]), (&0.into(), &0.into()), "{answer}");
    assert_eq!(entities(&server.http.export()), entities(&exported));
}

#[test]
fn an_export_of_0_1_0_is_imported_as_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("old.jsonl");
    fs::write(&file, old_export()).unwrap();
    let data_dir = directory.path().join("data");
    run(&data_dir, &["import", path_of(&file)]).expect(0);
    let (imported, assumed_count) = without_assumed_joins(&export_of(&data_dir));
    assert_eq!(imported, without_assumed_joins(&old_export()).0);
    assert_eq!(assumed_count, 2 * 4, "ports of two ODFs; the HOP passes to every port");
}

/// A file may be made by another program.
#[test]
fn serials_of_an_export_are_normalised_and_texts_are_bounded() {
    let directory = tempfile::tempdir().unwrap();
    let import = |details: [&str; 2]| {
        let device = |id: u64, details: &str| {
            format!(
                r#"{{"kind":"device","id":{id},"name":"D{id}","device_type":"HOP","status":"UP","x":0,"y":0,"status_since":"2026-11-29T12:00:00Z","created_at":"2026-11-29T12:00:00Z","updated_at":"2026-11-29T12:00:00Z",{details}}}"#
            )
        };
        let header = format!(
            r#"{{"unoc_export":1,"site_id":"{}","seq":1,"next_device_id":3,"next_interface_id":1,"next_link_id":1,"entities":2}}"#,
            Uuid::nil()
        );
        let lines = [header, device(1, details[0]), device(2, details[1])].join("\n");
        let file = directory.path().join("site.jsonl");
        fs::write(&file, lines + "\n").unwrap();
        let data_dir = directory.path().join("data");
        (run(&data_dir, &["import", "--replace", path_of(&file)]), data_dir)
    };
    let (said, data_dir) = import([r#""serial":"4857544312345678""#, r#""serial":"other""#]);
    said.expect(0);
    let exported = export_of(&data_dir);
    assert!(exported.contains("HWTC12345678") && exported.contains("OTHER"), "{exported}");
    for (details, word) in [
        ([r#""serial":"4857544312345678""#, r#""serial":"hwtc12345678""#], "occurs twice"),
        ([r#""phone":"0""#, &format!(r#""phone":"{}""#, "1".repeat(41))], "phone: it has more"),
        ([r#""phone":"0""#, r#""latitude":1.5"#], "only valid together"),
    ] {
        let (said, _) = import(details);
        assert_ne!(said.code, 0, "{said:?}");
        assert!(said.stderr.contains(word), "{said:?}");
    }
}

/// The images of its audit trail had fewer keys, and are compared as they were written.
#[test]
fn a_backup_of_0_1_0_is_verified_and_restored() {
    let directory = tempfile::tempdir().unwrap();
    let data_dir = directory.path().join("data");
    let backups = data_dir.join("backups");
    fs::create_dir_all(&backups).unwrap();
    for kind in ["json", "sql.zst"] {
        let name = format!("{BACKUP}.{kind}");
        fs::copy(Path::new("tests/it/backup/golden").join(&name), backups.join(name)).unwrap();
    }
    run(&data_dir, &["restore", BACKUP]).expect(0);
    assert_eq!(portable(&export_of(&data_dir)), portable(&old_export()));
    run(&data_dir, &["backup", "verify", BACKUP]).expect(0);
    let (_, content) = content_of(&data_dir);
    assert!(content.audit.len() >= 25, "{} audit rows", content.audit.len());
}

#[test]
fn a_store_of_0_1_0_with_jobs_is_upgraded_with_all_its_data() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("unoc.redb"), zstd::decode_all(STORE).unwrap()).unwrap();
    assert_eq!(export_of(directory.path()), old_export());
    let (_, content) = content_of(directory.path());
    assert_eq!(content.audit.len(), 25);
    assert!(content.audit.iter().any(|entry| !entry.images.is_empty()));
}
