//! A truncated dump is never taken for a complete one.

use proptest::prelude::*;
use proptest::sample::select;
use unoc::v2_import::{SiteChoice, read_dump};

use super::dumps::{INSERTS, ROWS};
use super::{CLEAN_DUMP, text};
use crate::harness::process::{run, said, unoc};

const CLUSTER_BEGIN: &str = "--\n-- PostgreSQL database cluster dump\n--\n\n\\restrict a\n\n\
                             CREATE ROLE unoc;\n\n\\unrestrict a\n\n";
const EMPTY: &str = "\\connect template1\n\n--\n-- PostgreSQL database dump\n--\n\nSET row_security = off;\n\n--\n\
                     -- PostgreSQL database dump complete\n--\n\n";
const CLUSTER_END: &str = "--\n-- PostgreSQL database cluster dump complete\n--\n\n";
const WARNINGS: &str = "pg_dump: warning: there are circular foreign-key constraints on this table:\n\
                        pg_dump: detail: devices\npg_dump: hint: You can't restore it; see the manual\n";

/// Complete dumps as terminals and editors save them, and where their last comment ends.
fn dumps() -> Vec<(String, usize)> {
    let mut dumps = Vec::new();
    for dump in [CLEAN_DUMP, INSERTS, ROWS] {
        let connected = dump.replace("\\restrict", "\\connect unocdb\n\\restrict");
        let all = format!("{CLUSTER_BEGIN}{EMPTY}{connected}\n{CLUSTER_END}");
        dumps.extend([
            dump.to_owned(),
            format!("\u{feff}{dump}"),
            format!("{WARNINGS}{dump}"),
            format!("{WARNINGS}{dump}").replace('\n', "\r\n"),
            // `pg_dump` writes warnings before the terminal is in raw mode.
            format!("{WARNINGS}{}", dump.replace('\n', "\r\n")),
            format!("Password: \r\n{}", dump.replace('\n', "\r\n")),
            format!("{WARNINGS}{all}"),
            all,
        ]);
    }
    let end = |dump: &String| dump.rfind("complete").expect("its last comment") + "complete".len();
    dumps.into_iter().map(|dump| (end(&dump), dump)).map(|(end, dump)| (dump, end)).collect()
}

fn is_whole(bytes: &[u8]) -> bool {
    read_dump(bytes, &SiteChoice::default()).is_ok()
}

#[test]
fn complete_dumps_are_read_with_any_lines_above_them() {
    let expected = text(&super::read(CLEAN_DUMP).unwrap());
    for (dump, end) in dumps() {
        let top: String = dump.chars().take(60).collect();
        let read = read_dump(dump.as_bytes(), &SiteChoice::default());
        let read = read.unwrap_or_else(|error| panic!("{top:?}: {error}"));
        assert!(text(&read) == expected, "{top:?}");
        assert!(is_whole(&dump.as_bytes()[..end]), "{top:?}");
    }
}

#[test]
fn truncation_after_any_line_is_detected() {
    for (dump, end) in dumps() {
        let lines = dump.match_indices('\n').map(|(at, _)| at + 1).filter(|at| *at < end);
        for cut in lines.flat_map(|at| [at - 1, at]) {
            let (above, _) = dump.split_at(cut);
            assert!(!is_whole(above.as_bytes()), "cut after {:?}", above.lines().last());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn a_cut_at_any_byte_is_noticed((dump, end) in select(dumps()), part in 0.0..1.0_f64) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a share of a length")]
        let cut = (part * end as f64) as usize;
        prop_assert!(!is_whole(&dump.as_bytes()[..cut]), "cut after {} bytes", cut);
    }

    /// A dump without its beginning gives all rows or an error.
    #[test]
    fn a_dump_without_its_beginning_is_never_a_smaller_one((dump, end) in select(dumps()), part in 0.0..1.0_f64) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a share of a length")]
        let cut = (part * end as f64) as usize;
        if let Ok(read) = read_dump(&dump.as_bytes()[cut..], &SiteChoice::default()) {
            let whole = read_dump(dump.as_bytes(), &SiteChoice::default()).expect("it is whole");
            prop_assert_eq!(read.counts(), whole.counts(), "cut after {} bytes", cut);
        }
    }
}

#[test]
fn errors_name_the_missing_part() {
    let check = |dump: &str, words: &str| {
        let error = super::read(dump).map(|_| ()).expect_err(words).to_string();
        assert!(error.contains(words), "{words:?} not in {error}");
    };
    let (above, _) = CLEAN_DUMP.split_once("\n-- PostgreSQL database dump complete").unwrap();
    check(above, "it begins in line 2, and the comment");
    let (above, _) = INSERTS.split_once("INSERT INTO public.links VALUES (4").unwrap();
    check(above, "\"PostgreSQL database dump complete\" at its end is missing");
    check(&above.replace("-- PostgreSQL database dump\n", ""), "at its end is missing");
    let inside = CLEAN_DUMP.find("Zähler").unwrap();
    check(&CLEAN_DUMP[..inside], "the rows of public.devices are incomplete");
    check(&INSERTS[..INSERTS.find("Zähler").unwrap()], "is not closed");
    // A dump without the rows of one table, as --exclude-table-data makes it.
    let (above, rest) = CLEAN_DUMP.split_once("-- Data for Name: links;").unwrap();
    let (_, below) = rest.split_once("\\.\n").unwrap();
    check(&format!("{above}{below}"), "the dump has table links without its rows");
}

#[test]
fn restore_refuses_a_truncated_dump() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    run(&data, &["seed"]).expect(0);
    let before = said(unoc(&["export", "--data-dir"]).arg(&data)).expect(0).stdout;
    for (name, top) in [("plain", ""), ("bom", "\u{feff}"), ("warnings", WARNINGS)] {
        let (above, _) = INSERTS.split_once("INSERT INTO public.links VALUES (4").unwrap();
        let file = directory.path().join(name);
        std::fs::write(&file, format!("{top}{above}")).unwrap();
        let refused = run(&data, &["restore", file.to_str().unwrap(), "--yes"]);
        assert_ne!(refused.code, 0, "{refused:?}");
        assert!(refused.stderr.contains("the dump is truncated"), "{refused:?}");
    }
    assert_eq!(said(unoc(&["export", "--data-dir"]).arg(&data)).expect(0).stdout, before);
}
