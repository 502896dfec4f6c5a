//! Statistics of the PostgreSQL server, for operators.

use super::error::SyncError;
use super::schema::has_table;
use crate::pg::{PgTransaction, Session};
use crate::sql::Value;

/// Slow statements that are shown.
const STATEMENTS_SHOWN: usize = 10;
/// Characters of a statement that are shown.
const STATEMENT_CHARS_MAX: usize = 300;

/// Statistics of the server and the database, and its slow statements.
#[derive(Clone, Debug)]
pub struct ServerStats {
    /// For example `15.18`.
    pub version: String,
    /// Address and port of the server's end of the connection, or `local socket`.
    pub host: String,
    /// Protocol version of an encrypted connection.
    pub tls: Option<String>,
    pub size_bytes: u64,
    pub connections: u64,
    pub max_connections: u64,
    /// `None` without the extension `pg_stat_statements`.
    pub slow_statements: Option<Vec<SlowStatement>>,
}

/// A statement of this role, with its total time.
#[derive(Clone, Debug)]
pub struct SlowStatement {
    pub statement: String,
    pub calls: u64,
    pub mean_ms: f64,
    pub total_ms: f64,
    pub rows: u64,
}

/// Reads the statistics, without those that this role may not see.
///
/// # Errors
/// When the connection broke. A refusal by PostgreSQL is not an error.
pub(super) fn read(session: &mut Session) -> Result<Option<ServerStats>, SyncError> {
    let mut tx = session.begin()?;
    let Some(mut stats) = unless_refused(server(&mut tx))? else { return Ok(None) };
    drop(tx);
    // A transaction of its own, since a refusal ends it.
    let mut tx = session.begin()?;
    stats.slow_statements = unless_refused(slow_statements(&mut tx))?.flatten();
    Ok(Some(stats))
}

/// `None` if PostgreSQL refused the statement.
fn unless_refused<T>(result: Result<T, SyncError>) -> Result<Option<T>, SyncError> {
    match result {
        Ok(answer) => Ok(Some(answer)),
        Err(SyncError::Pg(error)) if error.is_statement_refused() => Ok(None),
        Err(error) => Err(error),
    }
}

fn server(tx: &mut PgTransaction<'_>) -> Result<ServerStats, SyncError> {
    let rows = tx.query(
        "SELECT split_part(current_setting('server_version'), ' ', 1), \
         coalesce(host(inet_server_addr()) || ':' || inet_server_port(), 'local socket'), \
         (SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl), \
         pg_database_size(current_database()), \
         (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'), \
         current_setting('max_connections')::bigint",
        &[],
    )?;
    let row = rows.first().ok_or(SyncError::Changed("its statistics are empty"))?;
    let number = |index: usize| u64::try_from(row.get::<_, i64>(index)).unwrap_or_default();
    Ok(ServerStats {
        version: row.get(0),
        host: row.get(1),
        tls: row.get(2),
        size_bytes: number(3),
        connections: number(4),
        max_connections: number(5),
        slow_statements: None,
    })
}

fn slow_statements(tx: &mut PgTransaction<'_>) -> Result<Option<Vec<SlowStatement>>, SyncError> {
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
