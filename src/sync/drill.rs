//! The text of a backup loaded into a database of its own, and compared row by row with the store
//! that the same backup was restored into.

use std::io::{self, BufRead, Write as _};
use std::ops::Bound;

use postgres::Client;
use uuid::Uuid;

use super::error::SyncError;
use super::reconcile::{self, Compared};
use super::session::{PATIENCE, Session, Tx};
use super::target::Target;
use super::watched::Watch;
use super::write::Keys;
use crate::domain::{Device, Interface, Link};
use crate::sql::{AUDIT, AUDIT_IMAGES_MAX, Value, audit_row, copy_text};
use crate::store::{AuditEntry, Snapshot};

/// Longest statement between two blocks of rows: the schema has 16 kB.
const STATEMENT_BYTES_MAX: usize = 1024 * 1024;

/// How a drill ended. Whatever kept one that was begun from its end is an error, not an outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Drill {
    /// Every row is the same.
    Same { version: String, rows: u64 },
    /// The role may not make a database, which is an operator's decision: why.
    NotPossible(String),
    /// PostgreSQL refused the text or holds other rows: what.
    Differs(String),
}

/// Makes a scratch database, loads `text` into it as psql would, compares every row with
/// `snapshot`, and drops the database again. Not from within an asynchronous runtime.
///
/// # Errors
/// [`SyncError`] when PostgreSQL cannot be reached, gave up in the middle or has no room, or when
/// the text or the snapshot cannot be read: nothing was found out then.
pub fn drill(
    target: &Target,
    site_id: Uuid,
    text: &mut dyn BufRead,
    snapshot: &Snapshot,
) -> Result<Drill, SyncError> {
    let watch = Watch::default();
    let mut client = target.connect(&watch)?;
    if let Some(why) = obstacle(&mut client)? {
        return Ok(Drill::NotPossible(why));
    }
    let version = target.check()?.version;
    // One name for each site: what a drill left behind that was cut off is dropped by the next.
    let name = format!("unoc_drill_{}", site_id.simple());
    let mut run = |sql: &str| watch.during(PATIENCE, || client.batch_execute(sql));
    run(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))?;
    run(&format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"))?;
    let compared = load_and_compare(&target.with_database(&name), site_id, text, snapshot);
    // What stays behind is dropped by the next drill; it must not change what was found.
    run(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).ok();
    Ok(match compared {
        Ok(compared) if compared.differences() == 0 => {
            let version = version.split(' ').next().unwrap_or_default().to_owned();
            Drill::Same { version, rows: compared.compared }
        }
        Ok(compared) => Drill::Differs(format!(
            "{} rows are missing, {} are too many and {} differ",
            compared.missing, compared.extra, compared.different
        )),
        // A row that was loaded and that nobody here would have written.
        Err(error @ SyncError::Row(_)) => Drill::Differs(error.to_string()),
        Err(error) if is_of_text(&error) => Drill::Differs(error.to_string()),
        Err(error) => return Err(error),
    })
}

/// Whether the server refuses the text itself: data, constraints, syntax (SQLSTATE classes 22, 23 and
/// 42, without missing rights). A full disk or a restart there says nothing of a backup.
fn is_of_text(error: &SyncError) -> bool {
    const INSUFFICIENT_PRIVILEGE: &str = "42501";
    error.answer().is_some_and(|answer| {
        let code = answer.code().code();
        ["22", "23", "42"].iter().any(|class| code.starts_with(class))
            && code != INSUFFICIENT_PRIVILEGE
    })
}

/// Why this role cannot make a database.
fn obstacle(client: &mut Client) -> Result<Option<String>, SyncError> {
    let rows = client.simple_query(
        "SELECT current_user, rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user",
    )?;
    let row = rows.iter().find_map(|message| match message {
        postgres::SimpleQueryMessage::Row(row) => Some(row),
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
    target: &Target,
    site_id: Uuid,
    text: &mut dyn BufRead,
    snapshot: &Snapshot,
) -> Result<Compared, SyncError> {
    let watch = Watch::default();
    let mut client = target.connect(&watch)?;
    load(&mut client, &watch, text)?;
    drop(client);
    let mut session = Session::open(target, &watch)?;
    let mut tx = session.begin()?;
    tx.be_patient();
    let mut compared = Compared::default();
    let mut keys = Keys::default();
    reconcile::compare::<Device>(&mut tx, site_id, snapshot, &mut compared, &mut keys)?;
    reconcile::compare::<Interface>(&mut tx, site_id, snapshot, &mut compared, &mut keys)?;
    reconcile::compare::<Link>(&mut tx, site_id, snapshot, &mut compared, &mut keys)?;
    compare_audit(&mut tx, site_id, snapshot, &mut compared)?;
    Ok(compared)
}

/// Carries out what the file says, as psql does: statements, and blocks of rows.
fn load(client: &mut Client, watch: &Watch, text: &mut dyn BufRead) -> Result<(), SyncError> {
    let mut statements = String::new();
    let mut line = Vec::new();
    loop {
        line.clear();
        let is_end = text.read_until(b'\n', &mut line)? == 0;
        let is_copy = line.starts_with(b"COPY ") && line.ends_with(b" FROM stdin;\n");
        if (is_end || is_copy) && !statements.trim().is_empty() {
            watch.during(PATIENCE, || client.batch_execute(&statements))?;
            statements.clear();
        }
        if is_end {
            return Ok(());
        }
        if is_copy {
            copy(client, &String::from_utf8_lossy(&line), text)?;
        } else if statements.len() > STATEMENT_BYTES_MAX {
            return Err(io::Error::other("a statement is longer than any that is written").into());
        } else if !line.starts_with(b"\\") {
            statements.push_str(&String::from_utf8_lossy(&line));
        }
    }
}

fn copy(client: &mut Client, statement: &str, text: &mut dyn BufRead) -> Result<(), SyncError> {
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

/// Both trails in the order of their numbers. `jsonb` keeps values, not their text.
fn compare_audit(
    tx: &mut Tx<'_>,
    site_id: Uuid,
    snapshot: &Snapshot,
    compared: &mut Compared,
) -> Result<(), SyncError> {
    let mut ours = snapshot.audit_range((Bound::Unbounded, Bound::Unbounded), AUDIT_IMAGES_MAX)?;
    let columns = AUDIT.column_list();
    let sql = format!("SELECT {columns} FROM audit WHERE site_id = '{site_id}' ORDER BY id");
    tx.copy_out(&AUDIT, &sql, |theirs| {
        compared.compared += 1;
        match ours.next().transpose()? {
            None => compared.extra += 1,
            Some(entry) if !is_same(&entry, theirs) => compared.different += 1,
            Some(_) => {}
        }
        Ok(())
    })?;
    for entry in ours {
        entry?;
        compared.missing += 1;
    }
    Ok(())
}

fn is_same(entry: &AuditEntry, theirs: &[Value<'_>]) -> bool {
    let ours = audit_row(entry);
    ours.len() == theirs.len()
        && ours.iter().zip(theirs).all(|(ours, theirs)| match (ours, theirs) {
            (Value::Json(ours), Value::Json(theirs)) => parsed(ours) == parsed(theirs),
            (ours, theirs) => ours == theirs,
        })
}

fn parsed(json: &str) -> Option<serde_json::Value> {
    serde_json::from_str(json).ok()
}
