//! All errors of a table are returned together, with the line numbers of the file; nothing is
//! changed.

use serde_json::json;

use super::{details, import, imported};
use crate::harness::TestApp;

/// Checks the errors of a table, which must be equal in a dry run and an import: the line and a
/// part of each text.
#[track_caller]
fn check(app: &TestApp, table: &[u8], expected: &[(u64, &str)]) {
    let seq = app.seq();
    let dry = import(app, "csv?dry_run=true", table).expect(400).json();
    let faults = import(app, "csv", table).expect(400).json();
    assert_eq!(dry, faults);
    assert_eq!(app.seq(), seq);
    let found = details(&faults);
    let lines: Vec<u64> = found.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, expected.iter().map(|it| it.0).collect::<Vec<_>>(), "{found:?}");
    for ((_, text), (_, word)) in found.iter().zip(expected) {
        assert!(text.contains(word), "{text} / {word}");
    }
    assert_eq!(faults["fault_count"], found.len());
}

#[test]
fn the_cases() {
    let app = TestApp::empty();
    let case = |table: &[u8], expected: &[(u64, &str)]| check(&app, table, expected);
    case(
        include_bytes!("commas-in-heading-of-semicolon-file.csv"),
        &[(1, "The column 'lage_(strasse,_nr,_plz,_ort)' is unknown")],
    );
    case(
        include_bytes!("dry-run-names-first-fault-only.csv"),
        &[2, 3, 4].map(|line| (line, "Only an OLT has a pon_class, not a ODF")),
    );
    case(include_bytes!("line-number-blank-lines.csv"), &[(4, "'BOGUS' is not a device type")]);
    case(include_bytes!("line-number-quoted-newline.csv"), &[(5, "'BOGUS' is not a device type")]);
    case(
        include_bytes!("more-cells-than-heading.csv"),
        &[(2, "The row has 6 cells, but the heading has 4 columns")],
    );
    case(
        include_bytes!("numbers-read-silently.csv"),
        &[(2, "'0x10' is not a number"), (3, "'1,234' is not a number: use a decimal point")],
    );
    case(
        include_bytes!("one-bad-value-blocks-file.csv"),
        &[(3, "'BOGUS' is not a device type"), (5, "-1 is less than 0")],
    );
    case(
        include_bytes!("unknown-columns.csv"),
        &[(1, "'tx_power' is unknown"), (1, "'parent_container_id'"), (2, "No EDGE_ROUTER exists")],
    );
    let windows = include_bytes!("windows1252.csv");
    case(windows, &[(2, "have it read as windows-1252")]);
    let report = import(&app, "csv?encoding=windows-1252", windows).expect(200).json();
    assert_eq!(report["created"], 2);
    let listed = app.get("/api/devices").json();
    let names = [&listed[0]["name"], &listed[1]["name"]];
    assert!(names.iter().any(|name| name.as_str().unwrap().contains('ü')), "{names:?}");
}

#[test]
fn headings_quotes_and_encodings() {
    let app = TestApp::empty();
    let case = |table: &[u8], expected: &[(u64, &str)]| check(&app, table, expected);
    case(b"", &[(1, "The file is empty")]);
    case(b"\n \n", &[(1, "The file is empty")]);
    case(b"name,device_type\n", &[(1, "a heading, but no rows")]);
    case(b"what,ever\n1,2\n", &[(1, "unknown"), (1, "unknown"), (1, "has no column name or id")]);
    case(b"\nname,device_type,Name\nA,POP,\n", &[(2, "The column 'name' occurs twice")]);
    case(
        b"a_device,b_device\nA,B\n",
        &[(1, "no column a_interface"), (1, "no column b_interface")],
    );
    case(
        b"name,device_type\nA,POP\nB,\"POP\nC,POP\n",
        &[(3, "not a device type"), (3, "is not closed")],
    );
    case(b"name,device_type\n\"A\"B,POP\n", &[(2, "after the closing quote")]);
    case(b"name,device_type,\nA,POP,x\n", &[(2, "has 3 cells, but the heading has 2 columns")]);
    case(b"name,,device_type\nA,x,POP\n", &[(2, "Cell 2 has a value")]);
    case(
        b"name,device_type\n,POP\nA,\n",
        &[(2, "neither a name nor an id"), (3, "needs a name and a device_type")],
    );
    case(b"n\0a\0m\0e\0", &[(1, "contains a zero byte")]);
    case(b"name,device_type\nA\x01,POP\n", &[(2, "is not a name")]);
    case(b"name,device_type\nA,POP\nB,POP\nA,POP\n", &[(4, "Line 2 describes")]);
    let links = import(&app, "devices", b"a_device,a_interface,b_device,b_interface\n").expect(400);
    assert_eq!(
        details(&links.json()),
        [(1, "This is a table of links, not of devices".to_owned())]
    );
    import(&app, "csv?encoding=latin-9", b"").expect(422);
    import(&app, "csv?dry_run=perhaps", b"").expect(422);

    let utf16: Vec<u8> = "\u{feff}name\tdevice_type\r\nMühle\tPOP\r\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(import(&app, "csv", &utf16).expect(200).json()["created"], 1);
    assert_eq!(app.device(1)["name"], "Mühle");
    // Trailing separators, which a spreadsheet adds, are ignored.
    assert_eq!(
        imported(&app, "devices", "\u{feff}name;device_type;\r\nA;POP;\r\n;;\r\n"),
        [1, 0, 0, 0]
    );
}

#[test]
fn errors_that_follow_from_other_errors_are_not_returned() {
    let app = TestApp::empty();
    let table = "name,device_type,container,x\nP,TOASTER,,\nC,HOP,P,\nQ,POP,,1e0\nD,HOP,Q,\n\
                 E,EDGE_ROUTER,Q,zz\nCR,CORE_ROUTER,,\nO,OLT,nowhere,\n";
    check(
        &app,
        table.as_bytes(),
        &[(2, "TOASTER"), (4, "1e0"), (6, "zz"), (8, "there is no container 'nowhere'")],
    );
}

#[test]
fn refusals_of_rows_are_returned_with_the_other_errors() {
    let app = TestApp::empty();
    app.provision("OLT-1", "OLT");
    let table = "name,device_type,container,tx_power_dbm\nOLT-1,ODF,,\nA,HOP,OLT-1,\nB,POP,C,\nC,POP,,\nX,HOP,,1e400\n";
    check(
        &app,
        table.as_bytes(),
        &[
            (2, "a type cannot be changed to ODF"),
            (3, "not a container"),
            (4, "cannot have a parent"),
            (6, "is not a number"),
        ],
    );
    let faults = import(&app, "devices", table.as_bytes()).expect(400).json();
    assert_eq!(faults["detail"], "4 lines cannot be imported; nothing was changed");
    let last = json!({"line": 6, "column": "tx_power_dbm", "name": "X", "detail": "'1e400' is not a number such as 1234.5"});
    assert_eq!(faults["faults"][3], last);
}
