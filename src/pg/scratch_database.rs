//! Verification of a backup in a scratch database: its text is loaded there and compared row by row
//! with the store that the same backup was restored into.

use std::io::{self, BufRead, Write as _};
use std::ops::Bound;

use postgres::{Client, SimpleQueryMessage};
use uuid::Uuid;

use super::compare::{Comparison, compare_entities};
use super::config::PgConfig;
use super::error::PgError;
use super::session::{LONG_STALL_TIMEOUT, PgTransaction, Session};
use super::timeout_stream::ConnectionControl;
use crate::sql::{AUDIT, AUDIT_IMAGES_MAX, Value, audit_row, copy_text};
use crate::store::{AuditEntry, Snapshot};

/// Longest statement between two blocks of rows; the schema has 16 kB.
const STATEMENT_BYTES_MAX: usize = 1024 * 1024;

/// The outcome of a verification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScratchVerification {
    /// Every row is the same, in this version of PostgreSQL.
    Passed { postgres_version: String },
    /// The role may not create databases, which an operator decides: what to do about it.
    NotPermitted(String),
    /// PostgreSQL refused the text or holds other rows: which.
    Different(String),
}

/// Creates a scratch database, loads `text` into it as psql would, compares every row with
/// `snapshot`, and drops the database. Blocks: not for use within an asynchronous runtime.
///
/// # Errors
/// [`PgError`] when PostgreSQL is unreachable, fails or is full, or when the text or the
/// snapshot cannot be read. The backup is then neither verified nor refuted.
pub fn verify_in_scratch_database(
    config: &PgConfig,
    site_id: Uuid,
    text: &mut dyn BufRead,
    snapshot: &Snapshot,
) -> Result<ScratchVerification, PgError> {
    let control = ConnectionControl::default();
    let mut client = config.connect(&control)?;
    if let Some(reason) = missing_right(&mut client)? {
        return Ok(ScratchVerification::NotPermitted(reason));
    }
    let version = config.check()?.version;
    // One name per site: a verification drops the database of one that was interrupted.
    let name = format!("unoc_drill_{}", site_id.simple());
    let mut run =
        |sql: &str| control.with_stall_timeout(LONG_STALL_TIMEOUT, || client.batch_execute(sql));
    run(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))?;
    run(&format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"))?;
    let comparison = load_and_compare(&config.with_database(&name), site_id, text, snapshot);
    // If this fails, the next verification drops it. The result does not depend on it.
    run(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).ok();
    Ok(match comparison {
        Ok(comparison) if comparison.differences() == 0 => {
            let postgres_version = version.split(' ').next().unwrap_or_default().to_owned();
            ScratchVerification::Passed { postgres_version }
        }
        Ok(Comparison { missing, extra, different, .. }) => ScratchVerification::Different(
            format!("{missing} rows are missing, {extra} are too many and {different} differ"),
        ),
        // A row was loaded that UNOC would not have written.
        Err(error @ PgError::Row(_)) => ScratchVerification::Different(error.to_string()),
        Err(error) if error.is_invalid_sql() => ScratchVerification::Different(error.to_string()),
        Err(error) => return Err(error),
    })
}

/// Why this role cannot create databases; `None` if it can.
fn missing_right(client: &mut Client) -> Result<Option<String>, PgError> {
    let messages = client.simple_query(
        "SELECT current_user, rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user",
    )?;
    let row = messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    let Some(row) = row else { return Ok(Some("the role has no row in pg_roles".to_owned())) };
    let is_allowed = row.get(1) == Some("t");
    let role = row.get(0).unwrap_or_default();
    Ok((!is_allowed).then(|| {
        format!("the role {role} may not create databases (ALTER ROLE {role} CREATEDB allows it)")
    }))
}

fn load_and_compare(
    config: &PgConfig,
    site_id: Uuid,
    text: &mut dyn BufRead,
    snapshot: &Snapshot,
) -> Result<Comparison, PgError> {
    let control = ConnectionControl::default();
    let mut client = config.connect(&control)?;
    load(&mut client, &control, text)?;
    drop(client);
    let mut session = Session::open(config, &control)?;
    let mut tx = session.begin()?;
    tx.allow_long_calls();
    let mut comparison = compare_entities(&mut tx, site_id, snapshot, |_| {})?;
    compare_audit(&mut tx, site_id, snapshot, &mut comparison)?;
    Ok(comparison)
}

/// Executes the file as psql does: statements, and blocks of rows.
fn load(
    client: &mut Client,
    control: &ConnectionControl,
    text: &mut dyn BufRead,
) -> Result<(), PgError> {
    let mut statements = String::new();
    let mut line = Vec::new();
    loop {
        line.clear();
        let is_end = text.read_until(b'\n', &mut line)? == 0;
        let is_copy = line.starts_with(b"COPY ") && line.ends_with(b" FROM stdin;\n");
        if (is_end || is_copy) && !statements.trim().is_empty() {
            control.with_stall_timeout(LONG_STALL_TIMEOUT, || client.batch_execute(&statements))?;
            statements.clear();
        }
        if is_end {
            return Ok(());
        }
        if is_copy {
            copy(client, &String::from_utf8_lossy(&line), text)?;
        } else if statements.len() > STATEMENT_BYTES_MAX {
            let what = format!("a statement is longer than {STATEMENT_BYTES_MAX} bytes");
            return Err(io::Error::other(what).into());
        } else if !line.starts_with(b"\\") {
            statements.push_str(&String::from_utf8_lossy(&line));
        }
    }
}

fn copy(client: &mut Client, statement: &str, text: &mut dyn BufRead) -> Result<(), PgError> {
    let mut writer = client.copy_in(statement.trim_end())?;
    let mut line = Vec::new();
    loop {
        line.clear();
        let length = text.read_until(b'\n', &mut line)?;
        if length == 0 || line.strip_suffix(b"\n") == Some(copy_text::END) {
            writer.finish()?;
            return Ok(());
        }
        writer.write_all(&line)?;
    }
}

/// Compares both audit trails in the order of their numbers.
fn compare_audit(
    tx: &mut PgTransaction<'_>,
    site_id: Uuid,
    snapshot: &Snapshot,
    comparison: &mut Comparison,
) -> Result<(), PgError> {
    let mut local = snapshot.audit_range((Bound::Unbounded, Bound::Unbounded), AUDIT_IMAGES_MAX)?;
    let columns = AUDIT.column_list();
    let sql = format!("SELECT {columns} FROM audit WHERE site_id = '{site_id}' ORDER BY id");
    tx.copy_out(&AUDIT, &sql, |row| {
        comparison.compared += 1;
        match local.next().transpose()? {
            None => comparison.extra += 1,
            Some(entry) if !is_same(&entry, row) => comparison.different += 1,
            Some(_) => {}
        }
        Ok::<(), PgError>(())
    })?;
    for entry in local {
        entry?;
        comparison.missing += 1;
    }
    Ok(())
}

/// `jsonb` keeps values, not their text.
fn is_same(entry: &AuditEntry, row: &[Value<'_>]) -> bool {
    let local = audit_row(entry);
    local.len() == row.len()
        && local.iter().zip(row).all(|(local, remote)| match (local, remote) {
            (Value::Json(local), Value::Json(remote)) => parse(local) == parse(remote),
            (local, remote) => local == remote,
        })
}

fn parse(json: &str) -> Option<serde_json::Value> {
    serde_json::from_str(json).ok()
}
