//! What PostgreSQL says of itself, for operators.

use super::error::SyncError;
use super::schema::has_table;
use crate::pg::{Session, Tx};
use crate::sql::Value;

/// Slow statements that are shown.
const STATEMENTS_SHOWN: usize = 10;
/// Letters of a statement that are shown.
const STATEMENT_CHARS_MAX: usize = 300;

/// The server, the database, and what takes it time.
#[derive(Clone, Debug)]
pub struct Facts {
    /// For example `15.18`.
    pub version: String,
    /// Name or address and port, as the server sees itself; the socket's host for a local one.
    pub host: String,
    /// Protocol version of an encrypted connection.
    pub tls: Option<String>,
    pub size_bytes: u64,
    pub connections: u64,
    pub max_connections: u64,
    /// `None` without the extension `pg_stat_statements`.
    pub slow_statements: Option<Vec<SlowStatement>>,
}

/// One statement of this role, by the time that it has taken in all.
#[derive(Clone, Debug)]
pub struct SlowStatement {
    pub statement: String,
    pub calls: u64,
    pub mean_ms: f64,
    pub total_ms: f64,
    pub rows: u64,
}

/// Asks the server. What this role may not see is left out.
///
/// # Errors
/// When the connection broke; a refusal by PostgreSQL is none.
pub(super) fn read(session: &mut Session) -> Result<Option<Facts>, SyncError> {
    let mut tx = session.begin()?;
    let Some(mut facts) = is_answer(server(&mut tx))? else { return Ok(None) };
    drop(tx);
    // A transaction of its own: a refusal ends it.
    let mut tx = session.begin()?;
    facts.slow_statements = is_answer(slow_statements(&mut tx))?.flatten();
    Ok(Some(facts))
}

/// A refusal is an answer too.
fn is_answer<T>(asked: Result<T, SyncError>) -> Result<Option<T>, SyncError> {
    match asked {
        Ok(answer) => Ok(Some(answer)),
        Err(SyncError::Pg(error)) if error.is_statement_refused() => Ok(None),
        Err(error) => Err(error),
    }
}

fn server(tx: &mut Tx<'_>) -> Result<Facts, SyncError> {
    let rows = tx.query(
        "SELECT split_part(current_setting('server_version'), ' ', 1), \
         coalesce(host(inet_server_addr()) || ':' || inet_server_port(), 'local socket'), \
         (SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl), \
         pg_database_size(current_database()), \
         (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'), \
         current_setting('max_connections')::bigint",
        &[],
    )?;
    let row = rows.first().ok_or(SyncError::Changed("it gave no answer"))?;
    let number = |index: usize| u64::try_from(row.get::<_, i64>(index)).unwrap_or_default();
    Ok(Facts {
        version: row.get(0),
        host: row.get(1),
        tls: row.get(2),
        size_bytes: number(3),
        connections: number(4),
        max_connections: number(5),
        slow_statements: None,
    })
}

fn slow_statements(tx: &mut Tx<'_>) -> Result<Option<Vec<SlowStatement>>, SyncError> {
    if !has_table(tx, "pg_stat_statements")? {
        return Ok(None);
    }
    let rows = tx.query(
        "SELECT left(regexp_replace(query, '\\s+', ' ', 'g'), $1::int), calls, mean_exec_time, \
         total_exec_time, rows FROM pg_stat_statements \
         WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) \
         AND userid = (SELECT oid FROM pg_roles WHERE rolname = current_user) \
         ORDER BY total_exec_time DESC LIMIT $2",
        &[Value::id(STATEMENT_CHARS_MAX as u64).into(), Value::id(STATEMENTS_SHOWN as u64).into()],
    )?;
    let number = |number: i64| u64::try_from(number).unwrap_or_default();
    let shown = rows.iter().map(|row| SlowStatement {
        statement: row.get(0),
        calls: number(row.get(1)),
        mean_ms: row.get(2),
        total_ms: row.get(3),
        rows: number(row.get(4)),
    });
    Ok(Some(shown.collect()))
}
