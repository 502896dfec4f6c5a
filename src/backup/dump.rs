//! A snapshot as SQL that `psql` loads, into an empty database or one that holds sites already.
//!
//! All of it is one transaction. It marks the site as restored: the appliance then adopts this
//! state in place of its own (S8). Rows of other sites are not touched. The audit trail in the
//! database is evidence: missing rows are added, and none is changed.

use std::io::{self, Write};
use std::ops::Bound;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::error::BackupError;
use super::manifest::{Digests, FORMAT, Header, TableDigest};
use super::progress::{ProgressHandle, ProgressUnit};
use crate::domain::{Device, Interface, Link, Timestamp};
use crate::sql::{
    AUDIT, AUDIT_IMAGES_MAX, Entity, Row, Table, audit_row, audit_row_of_v1, copy_text, schema,
};
use crate::store::{Snapshot, StoreError};
use crate::util::hex;

/// Begin the first lines of a file, and its last one.
pub(super) const FIRST_LINE: &str = "-- UNOC backup";
pub(super) const HEADER_LINE: &str = "-- unoc-header: ";
pub(super) const END_LINE: &str = "-- unoc-end: ";
/// The tables that the rows go into, by the names that files and manifests give them.
pub(super) const AUDIT_STAGE: &str = "unoc_audit";
/// Rows between two updates of the progress, which also check whether to stop.
const ROWS_PER_STEP: u64 = 512;

/// The header of a file that holds this snapshot.
pub(super) fn header(
    snapshot: &Snapshot,
    name: String,
    site_id: Uuid,
    site_name: &str,
    taken_at: Timestamp,
) -> Result<Header, StoreError> {
    let last_commit = snapshot.last_commit();
    Ok(Header {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        name,
        site_id,
        site_name: site_name.to_owned(),
        taken_at_us: taken_at.0,
        seq: last_commit.seq,
        committed_at_us: last_commit.committed_at.0,
        next_device_id: last_commit.counters.device,
        next_interface_id: last_commit.counters.interface,
        next_link_id: last_commit.counters.link,
        next_audit_id: last_commit.next_audit,
        sql_schema: schema::newest_version(),
        audit_chain: snapshot.audit_chain()?.map(Into::into),
    })
}

/// Writes the whole file and returns what is in it.
pub(super) fn write(
    out: &mut impl Write,
    snapshot: &Snapshot,
    header: &Header,
    progress: &ProgressHandle,
) -> Result<Digests, BackupError> {
    begin(out, header).map_err(writing)?;
    let tables = rows(out, snapshot, header, progress, &WRITING)?;
    end(out, header, &tables).map_err(writing)?;
    Ok(tables)
}

/// What is shown while the tables are written, in their order.
const WRITING: Phases =
    ["Writing devices", "Writing interfaces", "Writing links", "Writing the audit trail"];
const COMPARING: Phases =
    ["Comparing devices", "Comparing interfaces", "Comparing links", "Comparing the audit trail"];

type Phases = [&'static str; 4];

fn rows(
    out: &mut impl Write,
    snapshot: &Snapshot,
    header: &Header,
    progress: &ProgressHandle,
    phases: &Phases,
) -> Result<Digests, BackupError> {
    let mut copy = TableWriter { out, header, progress };
    let [devices, interfaces, links, audit] = *phases;
    Ok(Digests::from([
        copy.entities::<Device>(snapshot, devices)?,
        copy.entities::<Interface>(snapshot, interfaces)?,
        copy.entities::<Link>(snapshot, links)?,
        copy.audit(snapshot, audit)?,
    ]))
}

/// The digests that a file of this snapshot would have, in the version of the schema that the header
/// names.
pub(super) fn digests(
    snapshot: &Snapshot,
    header: &Header,
    progress: &ProgressHandle,
) -> Result<Digests, BackupError> {
    rows(&mut io::sink(), snapshot, header, progress, &COMPARING)
}

fn writing(source: io::Error) -> BackupError {
    BackupError::Io { what: "cannot write the backup".to_owned(), source }
}

fn begin(out: &mut impl Write, header: &Header) -> io::Result<()> {
    let json = header_json(header);
    let id = header.site_id;
    let name = literal(&header.site_name);
    let from = literal(&header.name);
    let version = literal(&header.version);
    let at = |us: i64| format!("to_timestamp({us}::numeric / 1000000)");
    let (audit_head_id, audit_head_hash) = match &header.audit_chain {
        Some(chain) => (chain.head_id.to_string(), literal(&chain.head_sha256)),
        None => ("NULL".to_owned(), "NULL".to_owned()),
    };
    let Header { seq, next_device_id, next_interface_id, next_link_id, next_audit_id, .. } = header;
    let committed_at = at(header.committed_at_us);
    write!(
        out,
        "{FIRST_LINE}\n{HEADER_LINE}{json}\n\
         -- Load it while the service is stopped: psql DATABASE < FILE. The service adopts it when it starts.\n\n\
         \\set ON_ERROR_STOP on\n\
         SET client_encoding = 'UTF8';\n\
         SET standard_conforming_strings = on;\n\
         BEGIN;\n\
         SET LOCAL client_min_messages = warning;\n\
         SET LOCAL statement_timeout = 0;\n\
         -- A foreign key's check is planned once: by what the table held before the rows came.\n\
         SET LOCAL enable_seqscan = off;\n\
         SET LOCAL jit = off;\n\n\
         {schema}\n\
         INSERT INTO sync_state AS s (site_id, epoch, instance_id, session_id, holder, heartbeat_at, applied_seq,\n    \
             applied_at, committed_at, next_device_id, next_interface_id, next_link_id, next_audit_id, audit_head_id, audit_head_hash, restored_at, restored_from)\n\
         VALUES ('{id}', 1, gen_random_uuid(), NULL, 'a backup', now(), {seq},\n    \
             now(), {committed_at}, {next_device_id}, {next_interface_id}, {next_link_id}, {next_audit_id}, {audit_head_id}, {audit_head_hash}, now(), {from})\n\
         ON CONFLICT (site_id) DO UPDATE SET epoch = s.epoch + 1, session_id = NULL, applied_seq = EXCLUDED.applied_seq,\n    \
             applied_at = now(), committed_at = EXCLUDED.committed_at,\n    \
             next_device_id = greatest(s.next_device_id, EXCLUDED.next_device_id),\n    \
             next_interface_id = greatest(s.next_interface_id, EXCLUDED.next_interface_id),\n    \
             next_link_id = greatest(s.next_link_id, EXCLUDED.next_link_id),\n    \
             audit_head_id = CASE WHEN EXCLUDED.next_audit_id > s.next_audit_id THEN EXCLUDED.audit_head_id ELSE s.audit_head_id END,\n    \
             audit_head_hash = CASE WHEN EXCLUDED.next_audit_id > s.next_audit_id THEN EXCLUDED.audit_head_hash ELSE s.audit_head_hash END,\n    \
             next_audit_id = greatest(s.next_audit_id, EXCLUDED.next_audit_id),\n    \
             restored_at = now(), restored_from = EXCLUDED.restored_from;\n\
         INSERT INTO sites (site_id, name, host, version) VALUES ('{id}', {name}, 'a backup', {version})\n\
         ON CONFLICT (site_id) DO NOTHING;\n\
         DELETE FROM links WHERE site_id = '{id}';\n\
         DELETE FROM interfaces WHERE site_id = '{id}';\n\
         DELETE FROM devices WHERE site_id = '{id}';\n\
         CREATE TEMPORARY TABLE {AUDIT_STAGE} (LIKE audit) ON COMMIT DROP;\n\n",
        schema = schema::script(),
    )
}

fn end(out: &mut impl Write, header: &Header, tables: &Digests) -> io::Result<()> {
    let end = End { header_sha256: header_sha256(header), tables: tables.clone() };
    let json = serde_json::to_string(&end).expect("digests are plain data");
    let id = header.site_id;
    let columns = format!("site_id, {}", AUDIT.column_list());
    write!(
        out,
        "INSERT INTO audit ({columns})\nSELECT {columns} FROM {AUDIT_STAGE} WHERE site_id = '{id}'\n\
         ON CONFLICT (site_id, id) DO NOTHING;\n\
         COMMIT;\n\
         ANALYZE devices, interfaces, links, audit;\n\
         {END_LINE}{json}\n"
    )
}

/// The content of the last line.
#[derive(Serialize, Deserialize)]
pub(super) struct End {
    /// Of the header's JSON text, in hex.
    pub(super) header_sha256: String,
    pub(super) tables: Digests,
}

/// The hash of a header as it is in a file.
pub(super) fn header_sha256(header: &Header) -> String {
    hex(Sha256::digest(header_json(header)))
}

fn header_json(header: &Header) -> String {
    serde_json::to_string(header).expect("a header is plain data")
}

/// A text as an SQL literal, with standard_conforming_strings.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\0', "").replace('\'', "''"))
}

/// Rows on their way into a file.
struct TableWriter<'a, W> {
    out: &'a mut W,
    header: &'a Header,
    progress: &'a ProgressHandle,
}

impl<W: Write> TableWriter<'_, W> {
    fn entities<T: Entity>(
        &mut self,
        snapshot: &Snapshot,
        phase: &'static str,
    ) -> Result<(String, TableDigest), BackupError> {
        self.progress.phase(phase, Some(snapshot.count(T::KIND)?), ProgressUnit::Rows)?;
        self.table(T::TABLE, T::TABLE.name, T::all(snapshot)?, T::row)
    }

    fn audit(
        &mut self,
        snapshot: &Snapshot,
        phase: &'static str,
    ) -> Result<(String, TableDigest), BackupError> {
        let all = (Bound::Unbounded, Bound::Unbounded);
        self.progress.phase(phase, Some(snapshot.audit_count()?), ProgressUnit::Rows)?;
        let row = if self.header.sql_schema <= 1 { audit_row_of_v1 } else { audit_row };
        self.table(&AUDIT, AUDIT_STAGE, snapshot.audit_range(all, AUDIT_IMAGES_MAX)?, row)
    }

    fn table<T>(
        &mut self,
        table: &Table,
        into: &str,
        items: impl Iterator<Item = Result<T, StoreError>>,
        row: fn(&T) -> Row<'_>,
    ) -> Result<(String, TableDigest), BackupError> {
        let site_id = self.header.site_id.to_string();
        let width = table.columns_of(self.header.sql_schema).len();
        let columns = table.column_list();
        writeln!(self.out, "COPY {into} (site_id, {columns}) FROM stdin;").map_err(writing)?;
        let mut hasher = Sha256::new();
        let mut line = Vec::new();
        let mut rows = 0;
        for item in items {
            line.clear();
            let item = item?;
            let row = row(&item);
            copy_text::write_row(&mut line, &site_id, row.get(..width).unwrap_or(&row))?;
            hasher.update(&line);
            self.out.write_all(&line).map_err(writing)?;
            rows += 1;
            if rows % ROWS_PER_STEP == 0 {
                self.progress.advance_to(rows)?;
            }
        }
        self.out.write_all(b"\\.\n\n").map_err(writing)?;
        let sha256 = hex(hasher.finalize());
        Ok((table.name.to_owned(), TableDigest { rows, sha256 }))
    }
}
