//! Every spelling of a statement that PostgreSQL accepts is read, or reported as an error with its
//! line.

use super::{CLEAN_DUMP, read, text};
use crate::v2_import::dumps::INSERTS;

const COPY: &str = "COPY public.links (id, status, a_interface_id, b_interface_id, length_km, \
                    physical_medium_id, link_loss_db, created_at, updated_at) FROM stdin;";
const COLUMNS: &str = "(id, status, a_interface_id, b_interface_id, length_km, physical_medium_id, \
                       link_loss_db, created_at, updated_at)";
const ROW: &str =
    "(1, 'UP', 3, 6, 12.5, 'G652D', 3.125, '2025-10-24 08:01:00', '2025-10-24 08:01:00')";
const NEXT: &str =
    "(2, 'UP', 7, 9, NULL, NULL, NULL, '2025-10-24 08:01:01', '2025-10-24 08:01:01')";

/// The dump with these words replaced, and the number of their line.
fn changed(dump: &str, from: &str, to: &str) -> (String, usize) {
    let at = dump.find(from).unwrap_or_else(|| panic!("{from} is in the dump"));
    (dump.replacen(from, to, 1), 1 + dump[..at].matches('\n').count())
}

fn insert() -> String {
    format!("INSERT INTO public.links VALUES {ROW};")
}

#[track_caller]
fn is_read(dump: &str, from: &str, to: &str) {
    let (dump, _) = changed(dump, from, to);
    let read = read(&dump).unwrap_or_else(|error| panic!("{to}: {error}"));
    let expected = text(&read_clean());
    assert!(text(&read) == expected, "{to} is read as something else");
}

fn read_clean() -> unoc::v2_import::V2Tables {
    read(CLEAN_DUMP).expect("the dump is complete")
}

/// Checks that the error names this line, or a later one of the same statement.
#[track_caller]
fn is_refused(dump: &str, from: &str, to: &str) {
    let (dump, line) = changed(dump, from, to);
    let error = read(&dump).map(|_| ()).expect_err(to).to_string();
    let last = line + to.matches('\n').count();
    let is_named = (line..=last).any(|line| error.starts_with(&format!("line {line}: ")));
    assert!(is_named, "{to}: {error}");
}

#[test]
fn copy_is_read_in_every_spelling() {
    for to in [
        COPY.replace("FROM stdin", "FROM STDIN"),
        COPY.to_lowercase(),
        COPY.replace(" FROM", "\n  FROM"),
        COPY.replace("COPY public.links", "COPY\tpublic\n.\nlinks"),
        COPY.replace("public.links", "\"public\".\"links\""),
        COPY.replace("public.links", "unocdb.public.links"),
        COPY.replace("public.links", "U&\"public\".U&\"l\\0069nks\""),
        COPY.replace("(id,", "(\"id\" , -- the key\n"),
        COPY.replace(';', " WITH (FORMAT text);"),
        COPY.replace(';', " (format text, freeze true, ENCODING 'UTF8');"),
        COPY.replace(';', " WITH ;"),
        COPY.replace(';', "; -- six rows"),
        format!("  {COPY}"),
        format!("/* six /* rows */ ; */ {COPY}"),
        format!("BEGIN; {COPY}"),
    ] {
        is_read(CLEAN_DUMP, COPY, &to);
    }
}

#[test]
fn unsupported_copy_is_refused() {
    for options in [
        "WITH (FORMAT csv)",
        "CSV",
        "WITH CSV HEADER",
        "(FORMAT binary)",
        "(DELIMITER ',')",
        "DELIMITER AS ','",
        "(NULL '')",
        "NULL AS 'x'",
        "(HEADER)",
        "(ENCODING 'LATIN1')",
        "(ON_ERROR ignore)",
        "WHERE id > 1",
    ] {
        is_refused(CLEAN_DUMP, COPY, &COPY.replace(';', &format!(" {options};")));
    }
    is_refused(CLEAN_DUMP, COPY, &COPY.replace("COPY ", "COPY BINARY "));
    is_refused(CLEAN_DUMP, COPY, &COPY.replace("stdin", "'/tmp/links'"));
    is_refused(CLEAN_DUMP, COPY, &COPY.replace("stdin", "PROGRAM 'cat links'"));
    is_refused(CLEAN_DUMP, COPY, &format!("{COPY} SELECT 1;"));
    is_refused(CLEAN_DUMP, COPY, &COPY.replace("(id, ", "("));
    is_refused(CLEAN_DUMP, "6\tUP\t17", "6\tUP\\\t17");
}

#[test]
fn insert_is_read_in_every_spelling() {
    let insert = insert();
    for to in [
        insert.to_lowercase().replace("'up'", "'UP'").replace("'g652d'", "'G652D'"),
        insert.replace("INSERT INTO", "INSERT  INTO"),
        insert.replace("INSERT INTO", "INSERT\tINTO"),
        insert.replace(' ', "\n").replace("24\n08", "24 08"),
        format!("    {insert}"),
        format!("/* 6 rows */ {insert}"),
        format!("/* 6 /* nested ; */ rows */\n{insert}"),
        format!("-- 6 rows\n{insert}"),
        format!("BEGIN; {insert} COMMIT;"),
        format!("SELECT 1; {insert} -- done"),
        insert.replace("public.links", "\"links\""),
        insert.replace("public.links", "public.links AS l"),
        insert.replace("links VALUES", &format!("links {COLUMNS} OVERRIDING SYSTEM VALUE VALUES")),
        insert.replace(';', " ON CONFLICT DO NOTHING;"),
        insert.replace("'UP'", "E'U\\x50'"),
        insert.replace("'UP'", "U&'\\0055P'"),
        insert.replace("'UP'", "$$UP$$"),
        insert.replace("'UP'", "$x$UP$x$::public.status"),
        insert.replace("'G652D'", "'G652D'::character varying"),
        insert.replace("12.5", "+12.5::double precision"),
        insert.replace("12.5", "1.25e+1"),
    ] {
        is_read(INSERTS, &insert, &to);
    }
    let both = format!("{insert}\nINSERT INTO public.links VALUES {NEXT};");
    is_read(INSERTS, &both, &format!("{insert} INSERT INTO public.links VALUES {NEXT};"));
    is_read(INSERTS, &both, &format!("insert into links values {ROW},{NEXT};"));
}

#[test]
fn insert_of_other_than_constants_is_refused() {
    let insert = insert();
    for to in [
        insert.replace("'UP'", "'U' || 'P'"),
        insert.replace("'UP'", "upper('up')"),
        insert.replace("'UP'", "'DOWN'::varchar(2)"),
        insert.replace("'UP'", "CAST('UP' AS status)"),
        insert.replace("'UP'", "'U'\n'P'"),
        insert.replace("'UP'", ":'status'"),
        insert.replace("(1,", "(DEFAULT,"),
        insert.replace("(1,", "((1),"),
        insert.replace("(1,", "(1 + 0,"),
        insert.replace("(1,", "(0x1,"),
        insert.replace("(1,", "(B'1',"),
        insert.replace("(1,", "(- 'x',"),
        insert.replace("(1,", "((SELECT 1),"),
        insert.replace(';', " ON CONFLICT (id) DO UPDATE SET status = 'UP';"),
        insert.replace(';', " RETURNING id;"),
        insert.replace(&format!("VALUES {ROW}"), "SELECT * FROM public.old_links"),
        insert.replace(&format!("VALUES {ROW}"), "DEFAULT VALUES"),
        insert.replace("INSERT", "WITH x AS (SELECT 1) INSERT"),
    ] {
        is_refused(INSERTS, &insert, &to);
    }
}

#[test]
fn other_statements_that_change_rows_are_refused() {
    let last =
        "(6, 'UP', 17, 21, 0.4, 'G657A1', 0.1, '2025-10-24 08:01:05', '2025-10-24 08:01:05');";
    for statement in [
        "UPDATE public.links SET length_km = 2;",
        "DELETE FROM links WHERE id = 1;",
        "TRUNCATE public.links, public.users;",
        "DROP TABLE IF EXISTS public.links;",
        "MERGE INTO links USING x ON true WHEN MATCHED THEN DELETE;",
        "WITH gone AS (DELETE FROM links RETURNING id) SELECT 1;",
        "DO $$BEGIN DELETE FROM links; END$$;",
        "PREPARE p AS DELETE FROM links;",
        "SELECT * INTO more FROM links;",
        "ALTER TABLE public.links RENAME TO old_links;",
        "ALTER TABLE links RENAME COLUMN id TO key;",
        "ALTER TABLE ONLY public.links SET SCHEMA old;",
        "ALTER TABLE public.links ADD COLUMN id2 int;",
        "ALTER TABLE public.links DROP length_km;",
        "ALTER TABLE public.links ALTER id TYPE bigint;",
        "ALTER TABLE public.links ATTACH PARTITION public.links_2025 DEFAULT;",
        "CREATE TABLE public.links_2025 () INHERITS (public.links);",
        "CREATE TABLE links_2025 PARTITION OF public.links DEFAULT;",
        "CREATE TEMP TABLE links (id int);",
        "CREATE TABLE public.links (id int);",
        "SELECT setval('public.links_id_seq', (SELECT max(id) FROM links));",
        "ALTER SEQUENCE public.links_id_seq RESTART WITH 100;",
        "ROLLBACK;",
        "SET client_encoding TO latin1;",
        "SET NAMES 'LATIN1';",
        "\\encoding WIN1252",
        "\\i more.sql",
        "\\copy public.links from more.txt",
        "\\.",
    ] {
        is_refused(INSERTS, last, &format!("{last} -- the last one\n{statement}"));
    }
}

#[test]
fn statements_that_change_no_row_are_skipped() {
    let last =
        "(6, 'UP', 17, 21, 0.4, 'G657A1', 0.1, '2025-10-24 08:01:05', '2025-10-24 08:01:05');";
    for statement in [
        "COMMENT ON TABLE public.links IS 'fibres; INSERT INTO links VALUES (1)';",
        "GRANT SELECT ON TABLE public.links TO reader;",
        "LOCK TABLE links; ANALYZE public.links; VACUUM links;",
        "CREATE VIEW public.up AS SELECT * FROM public.links;",
        "CREATE TRIGGER t AFTER INSERT ON public.links FOR EACH ROW EXECUTE FUNCTION public.f();",
        "CREATE RULE r AS ON INSERT TO links DO ALSO (SELECT 1; DELETE FROM links);",
        "CREATE FUNCTION public.f() RETURNS void LANGUAGE sql\n BEGIN ATOMIC\n DELETE FROM links;\n \
         SELECT CASE WHEN true THEN 1 END;\n INSERT INTO links VALUES (9);\nEND;",
        "CREATE PROCEDURE p() AS $$ DELETE FROM links; $$ LANGUAGE sql;",
        "ALTER TABLE public.links OWNER TO unoc; ALTER TABLE links DISABLE TRIGGER ALL;",
        "ALTER TABLE ONLY public.links ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (SEQUENCE NAME x);",
        "ALTER TABLE IF EXISTS ONLY public.links DROP CONSTRAINT IF EXISTS links_pkey;",
        "COPY public.links TO '/tmp/x'; COPY (SELECT 1) TO STDOUT;",
        "SELECT * FROM pg_catalog.pg_restore_relation_stats('schemaname', 'public', 'relname', 'links');",
        "ALTER TABLE ONLY public.links ALTER COLUMN id DROP IDENTITY; SELECT lowrite(0, '\\x64');",
        "CREATE TABLE cms.links (id int); INSERT INTO cms.links SELECT 1; DELETE FROM cms.links;",
        "COPY cms.pages (id) FROM stdin WITH (FORMAT csv);\n\"it's; INSERT INTO links VALUES (1)\"\n\\.",
        "\\restrict abc\n\\set ON_ERROR_STOP on\n\\echo 'it''s",
    ] {
        is_read(INSERTS, last, &format!("{last}\n{statement}"));
    }
}

#[test]
fn backslashes_escape_without_standard_conforming_strings() {
    let old = "SET standard_conforming_strings = on;";
    for off in [
        "SET standard_conforming_strings = off;",
        "set session STANDARD_CONFORMING_STRINGS to 'off' ;",
        "SELECT pg_catalog.set_config('standard_conforming_strings', 'off', false);",
    ] {
        let (dump, _) = changed(INSERTS, old, off);
        let dump = dump.replace('\\', "\\\\").replace("\\\\restrict", "\\restrict");
        let dump = dump.replace("\\\\unrestrict", "\\unrestrict");
        let read = read(&dump).unwrap_or_else(|error| panic!("{off}: {error}"));
        assert!(text(&read) == text(&read_clean()), "{off}");
    }
}

#[test]
fn names_without_a_schema_are_resolved_by_the_search_path() {
    for path in ["SET search_path = public, pg_catalog;", "SET search_path TO \"$user\", public;"] {
        let dump = CLEAN_DUMP.replace("public.", "");
        let (dump, _) =
            changed(&dump, "SELECT pg_catalog.set_config('search_path', '', false);", path);
        assert_eq!(text(&read(&dump).expect(path)), text(&read_clean()), "{path}");
    }
}
