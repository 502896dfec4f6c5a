//! Import and export of tables.

mod connections;
mod cross_connects;
mod errors;

use serde_json::{Value, json};

use crate::harness::TestApp;
use crate::harness::http::{Answer, keys_of};

/// Posts a table to be imported.
#[track_caller]
pub(super) fn import(app: &TestApp, path: &str, table: &[u8]) -> Answer {
    app.post_file(&format!("/api/import/{path}"), "text/csv", table)
}

/// Imports a table, after a dry run that must give the same report and change nothing.
#[track_caller]
pub(super) fn imported(app: &TestApp, path: &str, table: &str) -> [u64; 4] {
    let seq = app.seq();
    let mut dry = import(app, &format!("{path}?dry_run=true"), table.as_bytes()).expect(200).json();
    assert_eq!(dry["is_dry_run"], true);
    assert_eq!(app.seq(), seq, "a dry run changes nothing");
    let report = import(app, path, table.as_bytes()).expect(200).json();
    dry["is_dry_run"] = false.into();
    assert_eq!(dry, report);
    ["created", "updated", "unchanged", "interfaces_created"]
        .map(|key| report[key].as_u64().expect("a count"))
}

/// Returns a list without the values that differ between sites.
fn portable(list: &Value, own: &[&str]) -> Vec<Value> {
    let mut rows = list.as_array().expect("a list").clone();
    for row in &mut rows {
        for key in own {
            row[*key].take();
        }
        // By ids, which differ, too.
        for key in ["olt_id", "pon_interface_id", "splitter_id", "splitter_interface_id"] {
            if let Some(served) = row["served_by"].as_object_mut() {
                served.remove(key);
            }
        }
        // The tables have no cross-connects.
        if let Some(reasons) = row["status_reasons"].as_array_mut() {
            reasons.retain(|reason| reason != "joins_assumed");
        }
    }
    rows.sort_by_key(|row| row["name"].to_string());
    rows
}

#[test]
fn rows_in_any_order_are_one_commit() {
    let app = TestApp::empty();
    let leaf_first = include_str!("tables/leaf-before-upstream.csv");
    let faults = import(&app, "devices", leaf_first.as_bytes()).expect(400).json();
    assert_eq!(
        faults["faults"][0]["detail"],
        "Cannot provision AON_SWITCH: No EDGE_ROUTER exists for upstream connectivity"
    );
    assert_eq!(faults["fault_count"], 1, "the CPEs would have their switch");
    let above = format!("{leaf_first}ER,EDGE_ROUTER\nCR,CORE_ROUTER\n");
    assert_eq!(imported(&app, "devices", &above), [5, 0, 0, 5 + 5 + 26 + 2 + 2]);
    assert_eq!(app.seq(), 1, "one commit");
    let names: Vec<Value> = app
        .get("/api/devices")
        .json()
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["name"].clone())
        .collect();
    assert_eq!(names, ["CPE-1", "CPE-2", "AON1", "ER", "CR"], "ids follow the file");

    let inside = include_str!("tables/container-in-same-file.csv");
    assert_eq!(imported(&app, "devices", inside), [2, 0, 0, 48]);
    let listed = app.get("/api/devices").json();
    assert_eq!(listed[6]["parent_container_id"], listed[5]["id"]);
    let turned = "name,device_type,container\nN2,ODF,P2\nP2,POP,\nN3,HOP,#6\nN4,HOP,6";
    assert_eq!(imported(&app, "devices", turned), [4, 0, 0, 48 + 8 + 8]);
    let listed = app.get("/api/devices").json();
    assert_eq!(listed[7]["parent_container_id"], listed[8]["id"]);
    assert_eq!(listed[9]["parent_container_id"], 6);
    assert_eq!(listed[10]["parent_container_id"], 6);
    let audit = app.get("/api/audit?limit=1").expect(200).json();
    assert!(audit.to_string().contains("import devices"), "{audit}");
}

#[test]
fn devices_that_exist_are_changed() {
    let app = TestApp::empty();
    let table = "name,device_type,x,tx_power_dbm,pon_class\nOLT-1,OLT,1,5,XGS_N1\nER,EDGE_ROUTER,,,\n\
                 CR,CORE_ROUTER,,,\nP,POP,,,\n";
    assert_eq!(imported(&app, "devices", table), [4, 0, 0, 14]);
    assert_eq!(imported(&app, "devices", table), [0, 0, 4, 0], "an import twice is one");
    // By name, by id, by both; empty cells change nothing.
    assert_eq!(
        imported(&app, "devices", "name,x,tx_power_dbm,container\nOLT-1,2.5,,P\n"),
        [0, 1, 0, 0]
    );
    assert_eq!(imported(&app, "devices", "id,y\n1,-3\n2,0\n"), [0, 1, 1, 0]);
    assert_eq!(
        imported(&app, "devices", "id,name,device_type\n1,OLT-1,olt\n,X,POP\n77,Y,POP\n"),
        [2, 0, 1, 0]
    );
    let olt = app.device(1);
    let kept = json!([
        olt["x"],
        olt["y"],
        olt["tx_power_dbm"],
        olt["pon_class"],
        olt["parent_container_id"]
    ]);
    assert_eq!(kept, json!([2.5, -3.0, 5.0, "XGS_N1", 4]));
    let faults = import(
        &app,
        "devices",
        b"id,name,device_type\n1,ER,\n9,,\n1,New,POP\n,OLT-1,ODF\n2,,\n,ER,\n",
    )
    .expect(400);
    assert_eq!(
        details(&faults.json()),
        [
            (
                2,
                "id 1 belongs to 'OLT-1', not to 'ER'; leave the id empty or correct the name"
                    .to_owned()
            ),
            (3, "there is no device with id 9".to_owned()),
            (
                4,
                "id 1 belongs to 'OLT-1', not to 'New'; leave the id empty or correct the name"
                    .to_owned()
            ),
            (5, "'OLT-1' is of type OLT; a type cannot be changed to ODF".to_owned()),
            (7, "Line 2 describes the same device or link".to_owned()),
        ]
    );
}

/// Returns the line and the text of each error.
#[track_caller]
pub(super) fn details(faults: &Value) -> Vec<(u64, String)> {
    let listed = faults["faults"].as_array().unwrap_or_else(|| panic!("{faults}"));
    let fault = |it: &Value| {
        (it["line"].as_u64().expect("a line"), it["detail"].as_str().expect("a text").to_owned())
    };
    listed.iter().map(fault).collect()
}

#[test]
fn an_export_is_imported_elsewhere_whatever_its_order() {
    let app = TestApp::demo();
    // Overrides are not imported.
    for list in ["devices", "links"] {
        for held in app.get(&format!("/api/{list}")).json().as_array().unwrap() {
            if !held["status_override"].is_null() {
                app.delete(&format!("/api/{list}/{}/override", held["id"])).expect(200);
            }
        }
    }
    // Names that must be quoted or guarded, and ports that no type has.
    for name in ["=1+1", "'=x", " padded ", "a;b,c", "say \"so\"", "@x"] {
        app.provision(name, "HOP");
    }
    let listed = app.get("/api/devices").json();
    let listed = listed.as_array().unwrap();
    let hop = listed.last().unwrap()["id"].clone();
    let odd = listed.iter().find(|it| it["device_type"] == "OLT").unwrap();
    let pop = app.provision("POP, Süd", "POP");
    app.patch(
        &format!("/api/devices/{hop}"),
        &json!({"parent_container_id": pop, "x": -1e-7, "y": 0.5}),
    )
    .expect(200);
    let body = json!({"device_a_id": hop, "device_b_id": odd["id"], "link_type": "fiber", "length_km": 1.25,
        "physical_medium_id": "G657A1"});
    app.post("/api/links/create-simple?validate=false", &body).expect(200);
    for separator in ["comma", "semicolon", "%09"] {
        let export = |kind: &str| {
            let answer =
                app.get(&format!("/api/export/{kind}.csv?separator={separator}")).expect(200);
            assert_eq!(answer.header("content-type"), Some("text/csv; charset=utf-8"));
            answer.text().to_owned()
        };
        let [devices, links] = ["devices", "links"].map(export);
        assert!(devices.starts_with("\u{feff}name"), "a spreadsheet sees UTF-8");
        let cells = devices.split(['\n', ',', ';', '\t']);
        assert!(cells.clone().all(|it| !it.trim_start_matches('"').starts_with(['=', '@'])));
        let elsewhere = TestApp::empty();
        elsewhere.provision("already here", "POP");
        // The rows are reversed: leaves before the devices that they need.
        let turned = |table: &str| {
            let (heading, rows) = table.split_once("\r\n").unwrap();
            let rows: Vec<&str> = rows.trim_end().rsplit("\r\n").collect();
            format!("{heading}\r\n{}\r\n", rows.join("\r\n"))
        };
        imported(&elsewhere, "devices", &turned(&devices));
        imported(&elsewhere, "links", &turned(&links));
        let own = ["id", "parent_container_id", "created_at", "updated_at", "status_since"];
        let mut there = elsewhere.get("/api/devices").json();
        there.as_array_mut().unwrap().remove(0);
        assert_eq!(portable(&there, &own), portable(&app.get("/api/devices").json(), &own));
        let sorted = |text: &str| {
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            lines.sort();
            lines
        };
        let again =
            elsewhere.get(&format!("/api/export/links.csv?separator={separator}")).expect(200);
        assert_eq!(sorted(again.text()), sorted(&links), "ports and containers by name");
        let [created, updated, unchanged, ports] = imported(&app, "csv", &links);
        assert_eq!([created, updated, ports], [0, 0, 0], "all {unchanged} are there already");
    }
}

#[test]
fn a_selection_is_exported_in_its_order() {
    let app = TestApp::empty();
    app.provision("A", "POP");
    app.provision("B", "POP");
    let body = json!({"ids": [2, 99, 1], "separator": ";"});
    let table = app.post("/api/export/devices.csv", &body).expect(200).text().to_owned();
    let names: Vec<&str> =
        table.lines().skip(1).map(|line| line.split(';').next().unwrap()).collect();
    assert_eq!(names, ["B", "A"]);
    app.post("/api/export/devices.csv", &json!({"ids": ["x"]})).expect(422);
    app.post("/api/export/devices.csv", &json!({})).expect(422);
    app.get("/api/export/devices.csv?separator=%7C").expect(422);
    app.get("/api/export/devices.csv?separator=;").expect(200);
}

#[test]
fn links_are_imported_by_device_and_port_names() {
    let app = TestApp::empty();
    for (name, device_type) in [("OLT-1", "OLT"), ("S", "SPLITTER"), ("ONT-1", "ONT"), ("P", "POP")]
    {
        app.provision(name, device_type);
    }
    let heading =
        "a_device;a_interface;a_interface_type;b_device;b_interface;length_km;physical_medium_id";
    let table = format!("{heading}\nOLT-1;pon0;;S;in0;1.5;g652d\nS;out3;;ONT-1;pon9;;\n");
    let faults = import(&app, "links", table.as_bytes()).expect(400).json();
    let missing = "device 'ONT-1' has no interface 'pon9'; give its type to create it";
    assert_eq!(details(&faults), [(3, missing.to_owned())]);
    let table = format!("{heading}\nOLT-1;pon0;;S;in0;1.5;g652d\nONT-1;pon9;optical;S;out3;;\n");
    assert_eq!(imported(&app, "links", &table), [2, 0, 0, 1]);
    assert_eq!(app.seq(), 5, "one commit");
    // The same pair in either order; empty cells change nothing.
    let again = "a_device,a_interface,b_device,b_interface,length_km\nS,in0,OLT-1,pon0,2\nS,out3,ONT-1,pon9,\n";
    assert_eq!(imported(&app, "csv", again), [0, 1, 1, 0]);
    let link = app.get("/api/links/1").expect(200).json();
    assert_eq!([&link["length_km"], &link["physical_medium_id"]], [&json!(2.0), &json!("G652D")]);

    let table = format!(
        "{heading}\nOLT-1;pon0;;S;out4;;\nX;p;;S;out5;;\nS;out6;;S;out7;;\nOLT-1;mgmt0;;S;out8;;\n\
         P;p1;OPTICAL;S;out9;;\nOLT-1;pon1;;ONT-1;pon8;-1;\n;;;S;out5;;\nOLT-1;pon1;;S;out9;;\nS;out9;;OLT-1;pon1;;\n"
    );
    let faults = import(&app, "links", table.as_bytes()).expect(400).json();
    assert_eq!(
        details(&faults),
        [
            (2, "interface 'pon0' of 'OLT-1' is already linked with 'S'"),
            (3, "there is no device 'X'"),
            (4, "Cannot link device to itself"),
            (5, "Interface 'mgmt0' is for management or loopback and cannot carry a link"),
            (6, "No valid link rule between POP and SPLITTER"),
            (7, "-1 is less than 0"),
            (8, "a_device has no value"),
            (8, "a_interface has no value"),
            (10, "Line 9 describes the same device or link"),
        ]
        .map(|(line, text)| (line, text.to_owned()))
    );
    assert_eq!(app.seq(), 6, "nothing was changed");
}

#[test]
fn an_import_is_whole_whatever_its_size() {
    let app = TestApp::empty();
    let table = |rows: usize| {
        let rows = (0..rows).map(|n| format!("P{n},POP\n"));
        format!("name,device_type\n{}", rows.collect::<String>())
    };
    let answer = import(&app, "devices", table(50_001).as_bytes()).expect(400).json();
    assert_eq!(
        details(&answer),
        [(1, "The table has 50001 rows, but one import accepts 50000; split the file".to_owned())]
    );
    let odfs: String = (0..6_000).map(|n| format!("O{n},ODF\n")).collect();
    let answer = import(&app, "devices", format!("name,device_type\n{odfs}").as_bytes());
    assert_eq!(
        details(&answer.expect(400).json())[0].1,
        "the rows would create 294000 devices and interfaces, but one import creates at most 250000; \
         split the file"
    );
    let mut last = table(20_000);
    last.push_str("P0,POP\n");
    let faults = import(&app, "devices", last.as_bytes()).expect(400).json();
    assert_eq!(details(&faults), [(20_002, "Line 2 describes the same device or link".to_owned())]);
    assert_eq!(app.get("/api/devices").text(), "[]", "all or none");
    let report = import(&app, "devices", table(20_000).as_bytes()).expect(200).json();
    assert_eq!(report["created"], 20_000);
    assert_eq!(app.seq(), 1, "one commit");
    import(&app, "devices", &vec![b'x'; 16 * 1024 * 1024 + 1]).expect(413);
}

#[test]
fn the_report_has_its_keys() {
    let app = TestApp::empty();
    let table = "name,device_type,status,margin_db\nA,POP,UP,\n";
    let answer = import(&app, "devices", table.as_bytes()).expect(200);
    assert_eq!(
        keys_of(answer.text()),
        [
            "kind",
            "is_dry_run",
            "rows",
            "created",
            "updated",
            "unchanged",
            "interfaces_created",
            "columns_passed_over",
            "connected",
            "planned",
            "by_type"
        ]
    );
    assert_eq!(answer.json()["columns_passed_over"], json!(["status", "margin_db"]));
    assert_eq!(answer.json()["kind"], "devices");
}

#[test]
fn lifecycles_and_split_ratios_are_read_and_written() {
    let app = TestApp::empty();
    let table =
        "name,device_type,split_ratio,lifecycle\nS,SPLITTER,1:64,planned\nH,HOP,,In service";
    assert_eq!(imported(&app, "devices", table)[..3], [2, 0, 0]);
    let listed = app.get("/api/devices").expect(200).json();
    assert_eq!(
        (&listed[0]["split_ratio"], &listed[0]["lifecycle"]),
        (&json!(64), &json!("planned"))
    );
    let into_service = "name,lifecycle\nS,in_service";
    assert_eq!(imported(&app, "devices", into_service)[..3], [0, 1, 0]);
    let cable = "a_device,a_interface,b_device,b_interface,lifecycle\nS,out0,H,port1,planned";
    assert_eq!(imported(&app, "links", cable)[..3], [1, 0, 0]);
    assert_eq!(app.get("/api/links").expect(200).json()[0]["lifecycle"], "planned");
    for kind in ["devices", "links"] {
        let written = app.get(&format!("/api/export/{kind}.csv")).expect(200).text().to_owned();
        let rows = written.lines().count() as u64 - 1;
        assert_eq!(imported(&app, kind, &written)[..3], [0, 0, rows], "{written}");
    }
    let faults = import(&app, "devices", b"name,split_ratio\nH,8").expect(400).json();
    assert_eq!(faults["faults"][0]["detail"], "Only a SPLITTER has a split_ratio, not a HOP");
    import(&app, "devices", b"name,split_ratio\nS,3").expect(400);
}

/// As an update of the splitter does: free outputs follow the ratio, those in use stay.
#[test]
fn the_ratio_of_a_table_fits_the_outputs() {
    let app = TestApp::empty();
    let splitter = app.provision("S", "SPLITTER");
    for name in ["A", "B", "C"] {
        let ont = app.provision(name, "ONT");
        app.connect(splitter, ont);
    }
    let refused = import(&app, "devices", b"name,split_ratio\nS,2").expect(400).json();
    let detail = refused["faults"][0]["detail"].to_string();
    assert!(detail.contains("3 outputs of splitter"), "{refused}");
    assert_eq!(app.ports(splitter).len(), 1 + 32);
    for (ratio, new) in [(4, 0), (64, 60), (64, 0)] {
        let table = format!("name,split_ratio\nS,{ratio}");
        let done = import(&app, "devices", table.as_bytes()).expect(200).json();
        assert_eq!(done["interfaces_created"], new, "{done}");
        assert_eq!(app.ports(splitter).len(), 1 + ratio, "{ratio}");
    }
}

#[test]
fn rows_can_pass_serials_on_in_any_order() {
    let app = TestApp::empty();
    imported(&app, "devices", "name,device_type,serial\nA,HOP,S1\nB,HOP,S2\nC,HOP,S3\nD,HOP,S4\n");
    let rows = ["A,,S2\n", "B,,S1\n", "C,,S5\n", "D,,S3\n", "E,HOP,S4\n"];
    let serials = |app: &TestApp| {
        let devices = app.get("/api/devices").expect(200).json();
        let devices = devices.as_array().expect("a list").iter();
        devices.map(|it| it["serial"].as_str().expect("a serial").to_owned()).collect::<Vec<_>>()
    };
    for order in [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [3, 4, 0, 2, 1]] {
        let table: String = order.iter().map(|at| rows[*at]).collect();
        let table = format!("name,device_type,serial\n{table}");
        let report = import(&app, "devices?dry_run=true", table.as_bytes()).expect(200).json();
        assert_eq!([&report["created"], &report["updated"]], [1, 4], "{table}");
    }
    let table = "name,serial\nA,S2\nB,S1\nC,S5\nD,S3\n";
    assert_eq!(imported(&app, "devices", table), [0, 4, 0, 0]);
    assert_eq!(serials(&app), ["S2", "S1", "S5", "S3"]);

    // One that its device keeps is not passed on, and none is given twice.
    for table in ["name,serial\nA,S1\n", "name,serial\nA,S9\nB,S9\n"] {
        let refused = import(&app, "devices", table.as_bytes()).expect(400);
        assert!(refused.text().contains("already belongs to device"), "{}", refused.text());
    }
    assert_eq!(serials(&app), ["S2", "S1", "S5", "S3"]);
}
