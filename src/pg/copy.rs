//! Writing rows in PostgreSQL's binary COPY format (documentation of COPY, "Binary Format").

use std::io::Write;

use bytes::{BufMut, BytesMut};
use postgres::CopyInWriter;
use postgres::types::{IsNull, ToSql, Type};
use uuid::Uuid;

use super::error::PgError;
use super::value::type_of;
use crate::sql::{Row, Table, Value};

const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";
/// The length of NULL, and the number of columns that marks the end of the rows.
const NULL_LENGTH: i32 = -1;
const END_OF_ROWS: i16 = -1;
/// Bytes per write: large enough that the cost of a write is negligible.
const CHUNK_BYTES: usize = 64 * 1024;

const UUID_BYTES: i32 = 16;
const HEAD_BYTES: usize = size_of::<i16>() + size_of::<i32>() + size_of::<Uuid>();

/// A COPY into a table.
pub struct CopyIn<'t> {
    writer: CopyInWriter<'t>,
    /// The beginning of every row: the number of columns, and the site's id.
    head: [u8; HEAD_BYTES],
    types: Vec<Type>,
    buffer: BytesMut,
    rows: u64,
}

impl<'t> CopyIn<'t> {
    pub(super) fn new(
        writer: CopyInWriter<'t>,
        table: &'static Table,
        site_id: Uuid,
    ) -> Result<Self, PgError> {
        let mut buffer = BytesMut::with_capacity(2 * CHUNK_BYTES);
        buffer.put_slice(SIGNATURE);
        buffer.put_i32(0); // no flags
        buffer.put_i32(0); // no header extension
        let mut head = [0; HEAD_BYTES];
        let columns = i16::try_from(table.columns.len() + 1).expect("tables have few columns");
        let mut fields = &mut head[..];
        fields.put_i16(columns);
        fields.put_i32(UUID_BYTES);
        fields.put_slice(site_id.as_bytes());
        let types = table.columns.iter().map(|column| type_of(column.1)).collect();
        Ok(Self { writer, head, types, buffer, rows: 0 })
    }

    pub fn row(&mut self, row: &Row<'_>) -> Result<(), PgError> {
        self.buffer.put_slice(&self.head);
        for (value, ty) in row.iter().zip(&self.types) {
            put(&mut self.buffer, value, ty);
        }
        self.rows += 1;
        if self.buffer.len() >= CHUNK_BYTES {
            self.writer.write_all(&self.buffer)?;
            self.buffer.clear();
        }
        Ok(())
    }

    /// Completes the COPY and returns the number of rows.
    pub fn finish(mut self) -> Result<u64, PgError> {
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
