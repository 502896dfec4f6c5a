//! The correction rules, row by row.

use std::fs;
use std::path::Path;

use serde_json::Value;
use unoc::domain::{DeviceId, Medium, Status, Timestamp};
use unoc::v2_import::{CORRECTION_RULES, CorrectionRuleId, markdown_table};

use super::{CLEAN_DUMP, DIRTY_DUMP, NOW, corrected, read};
use crate::harness::process::{Said, said, unoc};

fn dry_run(name: &str, more: &[&str]) -> Said {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/v2_import/dumps").join(name);
    let mut command = unoc(&["import", "--dry-run"]);
    said(command.args(more).arg("--from-dump").arg(file)).expect(0)
}

#[test]
fn the_report_names_each_row_and_its_rule() {
    let report = dry_run("dirty.sql", &[]);
    assert!(report.stderr.is_empty(), "{report:?}");
    insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("v2_import_report", report.stdout);
    });
    // M19 applies only with an option.
    for rule in CORRECTION_RULES.iter().filter(|rule| rule.id != CorrectionRuleId::LinkHeld) {
        assert!(report.stdout.contains(rule.name), "no row of the dump shows {}", rule.name);
    }
}

#[test]
fn json_and_text_reports_are_the_same() {
    let json: Value = serde_json::from_str(&dry_run("dirty.sql", &["--json"]).stdout).unwrap();
    let text = dry_run("dirty.sql", &[]).stdout;
    for finding in json["findings"].as_array().unwrap() {
        let words = ["rule", "table", "found", "done"].map(|key| finding[key].as_str().unwrap());
        let id = finding["id"].to_string();
        let line = text.lines().find(|line| {
            words.iter().all(|word| line.contains(word)) && line.contains(&format!(" {id} "))
        });
        assert!(line.is_some(), "{finding}");
    }
    let counted: u64 =
        json["rules"].as_array().unwrap().iter().map(|rule| rule["count"].as_u64().unwrap()).sum();
    assert_eq!(counted, json["findings"].as_array().unwrap().len() as u64);
    assert_eq!(json["dry_run"], true);
    assert_eq!(json["found"]["devices"], 26);
    assert_eq!(json["devices"], 24);
}

#[test]
fn a_valid_site_is_imported_unchanged() {
    let corrected = corrected(read(CLEAN_DUMP).unwrap());
    assert_eq!(corrected.report.findings, []);
    let site = &corrected.site;
    let ids: Vec<u64> = site.devices.iter().map(|device| device.id.0).collect();
    assert_eq!(ids, [1, 2, 3, 4, 5, 6, 7, 9]);
    assert_eq!((site.counters.device, site.counters.interface, site.counters.link), (42, 61, 7));
    let olt = &site.devices[4];
    assert_eq!((olt.name.as_str(), olt.parent), ("OLT1", Some(DeviceId(1))));
    assert_eq!((olt.position.x, olt.position.y), (400.0, 300.0));
    assert_eq!(olt.optics.tx_power_dbm, Some(4.5));
    let ont = &site.devices[7];
    let set = ont.status_override.as_ref().unwrap();
    assert_eq!(set.status, Status::Down);
    assert_eq!(set.reason.as_ref().unwrap().as_str(), "Kunde: \"Zähler\"\n\tgetauscht \\ ä");
    // 2025-10-24 08:00:07 UTC, and 2025-11-01 09:30:00.123456 UTC.
    assert_eq!(ont.created_at, Timestamp(1_761_292_807_000_000));
    assert_eq!(ont.updated_at, Timestamp(1_761_989_400_123_456));
    assert_eq!(ont.status_since, NOW);
    let link = &site.links[4];
    assert_eq!((link.id.0, link.length_km, link.medium), (5, Some(0.35), Some(Medium::G657a2)));
    corrected.dry_run(NOW).unwrap();
}

#[test]
fn corrected_values_match_the_report() {
    let corrected = corrected(read(DIRTY_DUMP).unwrap());
    let site = &corrected.site;
    let device = |id: u64| site.devices.iter().find(|device| device.id.0 == id);
    let link = |id: u64| site.links.iter().find(|link| link.id.0 == id);
    let name = |id: u64| device(id).map(|device| device.name.as_str());
    // The row with the valid name keeps it; the generated name gets a suffix.
    assert_eq!((name(56), name(50)), (Some("ONT-50"), Some("ONT-50-2")));
    assert_eq!((name(5), name(54), name(55)), (Some("OLT1"), Some("OLT1-2"), Some("OLT1-3")));
    assert!(device(64).is_none());
    assert_eq!(device(66).unwrap().parent, None);
    let reason = device(63).unwrap().status_override.clone().unwrap().reason.unwrap();
    assert_eq!(reason.as_str(), "ä".repeat(255));
    assert_eq!(device(65).unwrap().created_at, NOW);
    assert_eq!(link(87).unwrap().medium, Some(Medium::G657a1));
    let cut = link(88).unwrap();
    assert_eq!((cut.medium, cut.length_km), (None, None));
    assert_eq!(cut.status_override, None);
    let port = site.interfaces.iter().find(|port| port.id == cut.b).unwrap();
    assert_eq!((port.name.as_str(), port.device), ("port3", DeviceId(57)));
    assert_eq!(site.counters.interface, 83, "three ports were added after v2's 79");
    assert_eq!(site.interfaces.len(), corrected.report.loaded.interfaces);
    corrected.dry_run(NOW).unwrap();
}

#[test]
fn the_documentation_lists_every_rule() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/DEPLOYMENT.md");
    let paper = fs::read_to_string(path).unwrap();
    let (_, rest) = paper.split_once("<!-- correction-table -->\n").expect("the first marker");
    let (table, _) = rest.split_once("<!-- /correction-table -->").expect("the second marker");
    let expected = markdown_table();
    assert!(
        table.trim() == expected.trim(),
        "put this between the markers of docs/DEPLOYMENT.md:\n\n{expected}"
    );
}
