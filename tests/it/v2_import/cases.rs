//! Public cases: dumps that were once imported with rows missing, or refused although whole.

use super::{CLEAN_DUMP, read, text};

fn error(dump: &str) -> String {
    read(dump).map(|_| ()).expect_err("it is refused").to_string()
}

#[test]
fn a_mark_in_front_does_not_hide_that_a_dump_is_cut() {
    let error = error(include_str!("cases/bom-and-cut.sql"));
    assert!(error.contains("the dump is truncated"), "{error}");
}

#[test]
fn warnings_on_top_do_not_hide_that_a_dump_is_cut() {
    let error = error(include_str!("cases/warnings-on-top-and-cut.sql"));
    assert!(error.contains("the dump is truncated: it begins in line 5"), "{error}");
}

#[test]
fn the_end_of_another_database_does_not_count() {
    let error = error(include_str!("cases/pg_dumpall-cut.sql"));
    assert!(error.contains("the dump is truncated"), "{error}");
}

#[test]
fn copy_in_upper_case_brings_its_rows() {
    let read = read(include_str!("cases/copy-FROM-STDIN-uppercase.sql")).unwrap();
    assert_eq!(read.links.len(), 6);
    assert_eq!(text(&read), text(&super::read(CLEAN_DUMP).unwrap()));
}

#[test]
fn an_insert_after_a_comment_brings_its_rows() {
    let read = read(include_str!("cases/block-comment-before-insert.sql")).unwrap();
    assert_eq!(read.links.len(), 6);
    assert_eq!(text(&read), text(&super::read(CLEAN_DUMP).unwrap()));
}

#[test]
fn links_of_another_schema_are_no_obstacle() {
    let read = read(include_str!("cases/other-schema-has-links.sql")).unwrap();
    assert_eq!(text(&read), text(&super::read(CLEAN_DUMP).unwrap()));
}
