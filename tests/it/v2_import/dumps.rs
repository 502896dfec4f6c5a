//! Reading dumps of `pg_dump`.

use unoc::v2_import::{SiteChoice, V2ImportError, V2Tables};

use super::{CLEAN_DUMP, DIRTY_DUMP, corrected, read, text};

pub(super) const INSERTS: &str = include_str!("dumps/clean_inserts.sql");
pub(super) const ROWS: &str = include_str!("dumps/clean_rows.sql");
const DIRTY_INSERTS: &str = include_str!("dumps/dirty_inserts.sql");

/// The end of a dump.
const END: &str = "--\n-- PostgreSQL database dump complete\n--\n";

fn tables(dump: &str) -> V2Tables {
    read(dump).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn every_form_of_a_dump_gives_the_same_tables() {
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
fn strings_are_read_unchanged() {
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
fn files_that_are_not_plain_dumps_are_refused_with_what_to_do() {
    let check = |bytes: &[u8], words: &str| {
        let error = unoc::v2_import::read_dump(bytes, &SiteChoice::default()).expect_err(words);
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
    check(without_links.as_bytes(), "table links of UNOC v2 does not exist");
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
fn errors_name_the_line_of_a_bad_row() {
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
fn columns_of_newer_versions_of_v2_are_optional() {
    let dump = "COPY devices (name, extra, id, device_type) FROM stdin;\nA\tx\t2\tOLT\nB\tx\t3\tONT\n\\.\n\
                COPY interfaces (id, device_id, name, interface_type) FROM stdin;\n\
                1\t2\tpon0\tOPTICAL\n2\t3\tport1\tOPTICAL\n\\.\n\
                COPY links (id, a_interface_id, b_interface_id) FROM stdin;\n9\t1\t2\n\\.\n";
    let corrected = corrected(tables(&format!("{dump}{END}")));
    assert_eq!(corrected.report.findings, []);
    let site = corrected.site;
    assert_eq!((site.counters.device, site.counters.interface, site.counters.link), (4, 3, 10));
    assert_eq!(site.devices[0].created_at, super::NOW);
    assert_eq!(site.links[0].status_override, None);
}

#[test]
fn other_objects_in_the_database_are_ignored() {
    let others = "CREATE FUNCTION public.f() RETURNS void LANGUAGE plpgsql AS $_$\nBEGIN\nCOPY public.devices (id) FROM stdin;\n\
                  INSERT INTO devices VALUES (1);\nEND;\n$_$;\nCOPY public.users (id, site_id) FROM stdin;\nä\t1\n\\.\n\
                  COMMENT ON TABLE public.links IS 'a;\nINSERT INTO public.devices VALUES (1);';\n";
    let dump = CLEAN_DUMP.replacen("CREATE TYPE", &format!("{others}CREATE TYPE"), 1);
    assert_eq!(text(&tables(&dump)), text(&tables(CLEAN_DUMP)));
}

#[test]
fn no_dump_makes_the_reader_panic() {
    // Random bytes are replaced by characters that have a meaning in SQL.
    for (at, _) in CLEAN_DUMP.bytes().enumerate().filter(|(at, _)| at % 37 == 0) {
        for byte in *b"'\\\t\n;$(\xff" {
            let mut bytes = CLEAN_DUMP.as_bytes().to_vec();
            bytes[at] = byte;
            let read: Result<V2Tables, V2ImportError> =
                unoc::v2_import::read_dump(&*bytes, &SiteChoice::default());
            drop(read);
        }
    }
}
