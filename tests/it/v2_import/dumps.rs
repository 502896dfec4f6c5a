//! Reading what `pg_dump` wrote.

use unoc::v2_import::{Choice, LegacyError, Tables};

use super::{CLEAN_DUMP, DIRTY_DUMP, mended, read, text};

pub(super) const INSERTS: &str = include_str!("dumps/clean_inserts.sql");
pub(super) const ROWS: &str = include_str!("dumps/clean_rows.sql");
const DIRTY_INSERTS: &str = include_str!("dumps/dirty_inserts.sql");

/// What ends a dump.
const END: &str = "--\n-- PostgreSQL database dump complete\n--\n";

fn tables(dump: &str) -> Tables {
    read(dump).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn every_form_of_a_dump_holds_the_same() {
    let clean = tables(CLEAN_DUMP);
    assert_eq!(clean.devices.len(), 8);
    let archived =
        CLEAN_DUMP.replace("public.", "unoc_v2.").replace("Schema: public", "Schema: unoc_v2");
    let unqualified = CLEAN_DUMP.replace("public.", "");
    let of_windows = CLEAN_DUMP.replace('\n', "\r\n");
    for other in [INSERTS, ROWS, &archived, &unqualified, &of_windows] {
        assert_eq!(text(&tables(other)), text(&clean));
        assert_eq!(tables(other).fingerprint(), clean.fingerprint());
    }
    let dirty = tables(DIRTY_DUMP);
    assert_eq!(text(&tables(DIRTY_INSERTS)), text(&dirty));
    assert_eq!(tables(DIRTY_INSERTS).fingerprint(), dirty.fingerprint());
    assert_ne!(dirty.fingerprint(), clean.fingerprint());
}

#[test]
fn texts_arrive_as_they_were() {
    let clean = tables(CLEAN_DUMP);
    assert_eq!(clean.devices[5].id, 6, "in the order of ids");
    assert_eq!(clean.devices[6].name, "ONT „Süd“ 名");
    let reason = clean.devices[7].override_reason.as_deref();
    assert_eq!(reason, Some("Kunde: \"Zähler\"\n\tgetauscht \\ ä"));
    assert_eq!(clean.next_ids.device, Some(42));
    assert_eq!(clean.next_ids.interface, Some(61));
    assert_eq!(clean.next_ids.link, Some(7));
}

#[test]
fn what_is_no_plain_dump_is_told_apart() {
    let check = |bytes: &[u8], words: &str| {
        let error = unoc::v2_import::read_dump(bytes, &Choice::default()).expect_err(words);
        assert!(error.to_string().contains(words), "{words:?} not in {error}");
    };
    check(b"PGDMP\x01\x0e\x00\x04", "pg_restore -f - FILE | unoc import --from-dump -");
    check(b"toc.dat\0\0\0", "pg_restore -f - FILE");
    check(b"\x1f\x8b\x08\x00", "gunzip -c FILE | unoc import --from-dump -");
    check(b"", "not a pg_dump of UNOC v2");
    check(b"{\"unoc_export\":1}\n", "unoc import FILE");
    check(b"SELECT 1;\n", "not a pg_dump of UNOC v2");
    check(b"-- UNOC backup\n", "unoc restore FILE");
    let columns = "(id, site_id, name, device_type)";
    let own = format!("COPY public.devices {columns} FROM stdin;\n1\tx\ty\tONT\n\\.\n{END}");
    check(own.as_bytes(), "the tables of UNOC itself");
    check(CLEAN_DUMP.replace("'UTF8'", "'LATIN1'").as_bytes(), "--encoding=UTF8");
    let latin = b"COPY devices (id, name, device_type) FROM stdin;\n1\t\xfc\tONT\n\\.\n";
    check(latin, "line 2: the text is not UTF-8");
    let without_links = CLEAN_DUMP.replace("links", "leaves");
    check(without_links.as_bytes(), "no table links");
    check(CLEAN_DUMP.replace("device_type", "kind").as_bytes(), "no column device_type");
    let empty: String = CLEAN_DUMP
        .lines()
        .filter(|line| !line.contains('\t'))
        .map(|line| format!("{line}\n"))
        .collect();
    check(empty.as_bytes(), "no device");
    let data_only: String = INSERTS
        .split("CREATE TABLE")
        .next()
        .into_iter()
        .chain(INSERTS.split_once("-- Data for").map(|(_, data)| data))
        .collect();
    check(data_only.as_bytes(), "--column-inserts");
}

#[test]
fn a_faulty_row_is_named_by_its_line() {
    let line = 1 + CLEAN_DUMP.lines().position(|line| line.starts_with("5\tOLT1")).expect("a row");
    let check = |row: &str, words: &str| {
        let old = CLEAN_DUMP.lines().nth(line - 1).expect("the row");
        let error = read(&CLEAN_DUMP.replacen(old, row, 1)).expect_err(words).to_string();
        assert!(error.starts_with(&format!("line {line}: ")) && error.contains(words), "{error}");
    };
    check("5\tOLT1", "2 fields instead of 14");
    check(
        "five\tOLT1\tOLT\tDOWN\t1\t1\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N",
        "\"five\", which is not an id",
    );
    check("\\N\tOLT1\tOLT\tDOWN\t1\t1\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N", "no id");
}

#[test]
fn columns_that_an_older_v2_had_not_are_missing() {
    let dump = "COPY devices (name, extra, id, device_type) FROM stdin;\nA\tx\t2\tOLT\nB\tx\t3\tONT\n\\.\n\
                COPY interfaces (id, device_id, name, interface_type) FROM stdin;\n\
                1\t2\tpon0\tOPTICAL\n2\t3\tport1\tOPTICAL\n\\.\n\
                COPY links (id, a_interface_id, b_interface_id) FROM stdin;\n9\t1\t2\n\\.\n";
    let mended = mended(tables(&format!("{dump}{END}")));
    assert_eq!(mended.report.findings, []);
    let site = mended.site;
    assert_eq!((site.counters.device, site.counters.interface, site.counters.link), (4, 3, 10));
    assert_eq!(site.devices[0].created_at, super::NOW);
    assert_eq!(site.links[0].status_override, None);
}

#[test]
fn other_things_in_the_database_are_passed_over() {
    let others = "CREATE FUNCTION public.f() RETURNS void LANGUAGE plpgsql AS $_$\nBEGIN\nCOPY public.devices (id) FROM stdin;\n\
                  INSERT INTO devices VALUES (1);\nEND;\n$_$;\nCOPY public.users (id, site_id) FROM stdin;\nä\t1\n\\.\n\
                  COMMENT ON TABLE public.links IS 'a;\nINSERT INTO public.devices VALUES (1);';\n";
    let dump = CLEAN_DUMP.replacen("CREATE TYPE", &format!("{others}CREATE TYPE"), 1);
    assert_eq!(text(&tables(&dump)), text(&tables(CLEAN_DUMP)));
}

#[test]
fn nothing_in_a_dump_makes_the_reader_panic() {
    // Many a byte of it replaced by what has a meaning of its own.
    for (at, _) in CLEAN_DUMP.bytes().enumerate().filter(|(at, _)| at % 37 == 0) {
        for byte in *b"'\\\t\n;$(\xff" {
            let mut bytes = CLEAN_DUMP.as_bytes().to_vec();
            bytes[at] = byte;
            let read: Result<Tables, LegacyError> =
                unoc::v2_import::read_dump(&*bytes, &Choice::default());
            drop(read);
        }
    }
}
