//! Regressions: dumps that were once imported with rows missing, or refused although complete.

use super::{CLEAN_DUMP, read, text};

fn error(dump: &str) -> String {
    read(dump).map(|_| ()).expect_err("it is refused").to_string()
}

#[test]
fn truncation_is_detected_behind_a_byte_order_mark() {
    let error = error(include_str!("cases/bom-and-cut.sql"));
    assert!(error.contains("the dump is truncated"), "{error}");
}

#[test]
fn truncation_is_detected_below_warnings() {
    let error = error(include_str!("cases/warnings-on-top-and-cut.sql"));
    assert!(error.contains("the dump is truncated: it begins in line 5"), "{error}");
}

#[test]
fn the_end_of_another_database_does_not_complete_a_dump() {
    let error = error(include_str!("cases/pg_dumpall-cut.sql"));
    assert!(error.contains("the dump is truncated"), "{error}");
}

#[test]
fn copy_in_upper_case_is_read() {
    let read = read(include_str!("cases/copy-FROM-STDIN-uppercase.sql")).unwrap();
    assert_eq!(read.links.len(), 6);
    assert_eq!(text(&read), text(&super::read(CLEAN_DUMP).unwrap()));
}

#[test]
fn insert_after_a_comment_is_read() {
    let read = read(include_str!("cases/block-comment-before-insert.sql")).unwrap();
    assert_eq!(read.links.len(), 6);
    assert_eq!(text(&read), text(&super::read(CLEAN_DUMP).unwrap()));
}

#[test]
fn links_of_another_schema_are_ignored() {
    let read = read(include_str!("cases/other-schema-has-links.sql")).unwrap();
    assert_eq!(text(&read), text(&super::read(CLEAN_DUMP).unwrap()));
}
