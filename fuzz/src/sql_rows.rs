//! The rows of a backup. What was written is the same when it is read and written again.

use unoc::domain::{Device, Interface, Link};
use unoc::sql::{AUDIT, Entity, Table, audit_entry, audit_row, copy_text};

const SITE: &str = "00000000-0000-4000-8000-000000000000";

pub(crate) fn run(data: &[u8]) {
    // A line is of the table whose columns it has.
    for schema in [1, i64::MAX] {
        entity::<Device>(data, schema);
        entity::<Interface>(data, schema);
        entity::<Link>(data, schema);
        audit(data, schema);
    }
}

fn entity<T: Entity>(line: &[u8], schema: i64) {
    let table: &Table = T::TABLE;
    let Ok(row) = copy_text::read_row(line, SITE, table.columns_of(schema)) else { return };
    let Ok(entity) = T::from_row(&row) else { return };
    let mut again = Vec::new();
    if copy_text::write_row(&mut again, SITE, &entity.row()).is_err() {
        return;
    }
    let written = again.strip_suffix(b"\n").unwrap_or(&again);
    let row = copy_text::read_row(written, SITE, table.columns).expect("what was written is read");
    let entity = T::from_row(&row).expect("a row of this program");
    // The first time, a character that PostgreSQL cannot hold is replaced.
    let mut once_more = Vec::new();
    copy_text::write_row(&mut once_more, SITE, &entity.row()).expect("it was written before");
    assert_eq!(once_more.escape_ascii().to_string(), again.escape_ascii().to_string());
}

fn audit(line: &[u8], schema: i64) {
    let Ok(row) = copy_text::read_row(line, SITE, AUDIT.columns_of(schema)) else { return };
    let Ok(entry) = audit_entry(&row) else { return };
    let mut again = Vec::new();
    copy_text::write_row(&mut again, SITE, &audit_row(&entry)).ok();
}
