//! Bulk transfer: PostgreSQL's binary COPY format (documentation of COPY, "Binary Format").

use std::io::Write;

use bytes::{BufMut, BytesMut};
use postgres::CopyInWriter;
use postgres::types::{IsNull, ToSql, Type};
use uuid::Uuid;

use super::error::SyncError;
use super::value::type_of;
use crate::sql::{Row, Table, Value};

const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";
/// What stands for the length of NULL, and for the end of all rows.
const NULL_LENGTH: i32 = -1;
const END_OF_ROWS: i16 = -1;
/// Bytes handed over at a time: large enough that the hand-over costs nothing beside them.
const CHUNK_BYTES: usize = 64 * 1024;

/// Rows on their way into a table.
pub(super) struct CopyIn<'t> {
    writer: CopyInWriter<'t>,
    table: &'static Table,
    site_id: Uuid,
    buffer: BytesMut,
    rows: u64,
}

impl<'t> CopyIn<'t> {
    pub(super) fn new(
        writer: CopyInWriter<'t>,
        table: &'static Table,
        site_id: Uuid,
    ) -> Result<Self, SyncError> {
        let mut buffer = BytesMut::with_capacity(2 * CHUNK_BYTES);
        buffer.put_slice(SIGNATURE);
        buffer.put_i32(0); // no flags
        buffer.put_i32(0); // no header extension
        Ok(Self { writer, table, site_id, buffer, rows: 0 })
    }

    pub(super) fn row(&mut self, row: &Row<'_>) -> Result<(), SyncError> {
        let columns = i16::try_from(row.len() + 1).expect("tables have few columns");
        self.buffer.put_i16(columns);
        put(&mut self.buffer, &Value::Uuid(self.site_id), &Type::UUID);
        for (value, column) in row.iter().zip(self.table.columns) {
            put(&mut self.buffer, value, &type_of(column.1));
        }
        self.rows += 1;
        if self.buffer.len() >= CHUNK_BYTES {
            self.writer.write_all(&self.buffer)?;
            self.buffer.clear();
        }
        Ok(())
    }

    /// Ends the transfer and returns how many rows went.
    pub(super) fn finish(mut self) -> Result<u64, SyncError> {
        self.buffer.put_i16(END_OF_ROWS);
        self.writer.write_all(&self.buffer)?;
        self.writer.finish()?;
        Ok(self.rows)
    }
}

fn put(buffer: &mut BytesMut, value: &Value<'_>, ty: &Type) {
    let length_at = buffer.len();
    buffer.put_i32(NULL_LENGTH);
    let written = value.to_sql(ty, buffer).expect("the types of columns and values agree");
    if matches!(written, IsNull::No) {
        let length = buffer.len() - length_at - size_of::<i32>();
        let length = i32::try_from(length).expect("texts are limited far below 2 GiB");
        buffer[length_at..length_at + size_of::<i32>()].copy_from_slice(&length.to_be_bytes());
    }
}
