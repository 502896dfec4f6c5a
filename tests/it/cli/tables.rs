//! `unoc import` and `unoc export` of CSV, with and without a running server.

use std::fs;
use std::process::Stdio;

use serde_json::Value;

use crate::harness::process::{Server, run, said, unoc};

const DEVICES: &str = "name;device_type;container\nONT-1;ONT;\nOLT-1;OLT;POP Süd\nER;EDGE_ROUTER;\nCR;CORE_ROUTER;\nPOP Süd;POP;\n";
const LINKS: &str =
    "a_device;a_interface;b_device;b_interface;length_km\nOLT-1;pon0;ONT-1;eth0;1.5\n";

#[test]
fn tables_are_imported_and_exported_with_and_without_a_server() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let [devices, links, bad, out] = ["devices.csv", "links.csv", "bad.csv", "out.csv"]
        .map(|name| path(name).to_str().unwrap().to_owned());
    fs::write(&devices, DEVICES).unwrap();
    fs::write(&links, LINKS).unwrap();
    fs::write(&bad, "name,device_type\nNew,POP\n\nOLT-1,ODF\nX,BOGUS\n").unwrap();
    let mut told = Vec::new();
    for is_served in [false, true] {
        let site = path(if is_served { "served" } else { "alone" });
        run(&site, &["config", "check"]).expect(0);
        let server = is_served.then(|| Server::start(&site, &[("UNOC_DEV_FEATURES", "0")]));
        let mut outputs = Vec::new();
        let mut ask = |arguments: &[&str], code: i32| {
            let said = run(&site, arguments).expect(code);
            outputs.push((said.stdout, said.stderr));
        };
        ask(&["import", &devices, "--dry-run"], 0);
        ask(&["import", &links, "--dry-run", "--json"], 3);
        if !is_served {
            run(&site, &["import", &links]).expect(3);
            assert!(!site.exists(), "neither a dry run nor a refusal leaves a store behind");
        }
        ask(&["import", &devices], 0);
        ask(&["import", &links, "--json"], 0);
        ask(&["import", &bad, "--dry-run"], 3);
        ask(&["import", &bad], 3);
        ask(&["import", &bad, "--json"], 3);
        ask(&["import", &devices, "--replace"], 3);
        ask(&["export", "--csv", "links", "--separator", ";"], 0);
        ask(&["export", "--csv", "links", "-", "--separator", "tab"], 0);
        ask(&["export", "--csv", "devices", &out], 0);
        outputs.push((fs::read_to_string(&out).unwrap(), String::new()));
        drop(server);
        told.push(outputs);
    }
    // The times of the status differ between sites.
    let without_times = |text: &str| {
        let is_time = |word: &str| word.len() == 27 && word.ends_with('Z');
        text.split(',').filter(|word| !is_time(word)).collect::<Vec<_>>().join(",")
    };
    for (alone, served) in told[0].iter().zip(&told[1]) {
        assert_eq!(without_times(&alone.0), without_times(&served.0));
        assert_eq!(alone.1, served.1);
    }
    let [dry, _, real, ..] = &told[0][..] else { panic!("{told:?}") };
    assert!(dry.0.contains("Would import") && dry.0.ends_with("nothing was changed.\n"), "{dry:?}");
    assert!(
        real.0.contains("5 of 5 rows new, 0 changed, 0 unchanged; 15 interfaces added."),
        "{real:?}"
    );
    let faults = &told[0][5].1;
    for words in ["bad.csv: 2 lines cannot be imported", "line 4 (OLT-1): ", "line 5 (X): 'BOGUS'"]
    {
        assert!(faults.contains(words), "{faults}");
    }
    assert_eq!(told[0][4], told[0][5], "a dry run and an import agree");
    let json: Value = serde_json::from_str(&told[0][6].0).unwrap();
    assert_eq!(json["fault_count"], 2);
    assert_eq!(told[0][8].0.lines().count(), 2);
}

#[test]
fn a_table_on_standard_input_is_recognised_by_its_heading() {
    let directory = tempfile::tempdir().unwrap();
    let site = directory.path().join("site");
    let file = directory.path().join("table");
    let utf16: Vec<u8> =
        format!("\u{feff}{DEVICES}").encode_utf16().flat_map(u16::to_be_bytes).collect();
    for (bytes, words) in [
        (DEVICES.as_bytes().to_vec(), "5 of 5 rows new"),
        (format!("\u{feff}\n\n{DEVICES}").into_bytes(), "0 changed, 5 unchanged"),
        (utf16, "0 changed, 5 unchanged"),
        (LINKS.as_bytes().to_vec(), "1 of 1 row new"),
    ] {
        fs::write(&file, bytes).unwrap();
        let mut command = unoc(&["import", "-"]);
        command.arg("--data-dir").arg(&site).stdin(fs::File::open(&file).unwrap());
        let said = said(&mut command).expect(0);
        assert!(said.stdout.contains(words), "{said:?}");
    }
    fs::write(&file, "name,device_type,connect_to\nS-P,SPLITTER,O-P\nO-P,ODF,\n").unwrap();
    let planned = run(&site, &["import", file.to_str().unwrap(), "--planned"]).expect(0).stdout;
    assert!(
        planned.contains("  SPLITTER: 1 new, 0 changed, 0 unchanged, 1 connected"),
        "{planned}"
    );
    assert!(planned.contains("New devices and links that are planned: 3."), "{planned}");
    run(&site, &["import", "--planned"]).expect(2);
    // Any other text is read as a site, which can be imported in a dry run, too.
    let name = file.to_str().unwrap();
    run(&site, &["export", name]).expect(0);
    let export = fs::read(&file).unwrap();
    let dry = run(&site, &["import", name, "--dry-run"]).expect(0);
    assert!(dry.stdout.starts_with("Would import 7 devices, 96 interfaces, 2 links."), "{dry:?}");
    run(&site, &["import", name, "--encoding", "utf-8"]).expect(3);
    run(&site, &["import", name, "--planned"]).expect(3);
    fs::write(&file, &export[..export.len() / 2]).unwrap();
    run(&site, &["import", name, "--dry-run"]).expect(1);
    let mut windows = unoc(&["import", name, "--encoding", "windows-1252", "--data-dir"]);
    fs::write(&file, b"name,device_type\nM\xfchle,POP\n").unwrap();
    run(&site, &["import", name]).expect(3);
    assert!(said(windows.arg(&site).stderr(Stdio::piped())).expect(0).stdout.contains("1 of 1"));
    let list = run(&site, &["export", "--csv", "devices"]).expect(0).stdout;
    assert!(list.contains("Mühle"), "{list}");
}
