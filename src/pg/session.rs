//! A connection, which runs one transaction at a time.
//!
//! Statements are unnamed and nothing outlives its transaction: a pooler in transaction mode may
//! use another server connection for each transaction. With `?echo=true` each statement is logged.

use std::io::BufRead as _;
use std::time::Duration;

use fallible_iterator::FallibleIterator;
use postgres::binary_copy::BinaryCopyOutIter;
use postgres::types::{ToSql, Type};
use postgres::{Client, IsolationLevel, Row, SimpleQueryMessage};
use tokio::time::Instant;
use tracing::info;

use super::config::PgConfig;
use super::copy::CopyIn;
use super::error::PgError;
use super::timeout_stream::{ConnectionControl, StallTimeoutGuard};
use super::value::{Param, type_of};
use crate::sql::schema;
use crate::sql::{Table, Value};

/// A connection to PostgreSQL.
pub struct Session {
    client: Client,
    runner: StatementRunner,
}

/// Runs statements, and logs them if asked to.
#[derive(Clone)]
struct StatementRunner {
    echo: bool,
    control: ConnectionControl,
}

/// Stall timeout of long calls. A merge of 500,000 rows, the checks of its COMMIT, or building an
/// index send nothing until they are done: 20 s each on a small machine, ten times that on a busy
/// one.
pub(super) const LONG_STALL_TIMEOUT: Duration = Duration::from_secs(300);

/// A transaction; it is rolled back when it is dropped.
pub struct PgTransaction<'c> {
    tx: postgres::Transaction<'c>,
    runner: StatementRunner,
    /// Set by [`PgTransaction::allow_long_calls`]; restores the stall timeout when the transaction
    /// ends.
    long_calls: Option<StallTimeoutGuard>,
}

impl Session {
    /// Connects and logs in. `control` can abort the connection from another thread.
    pub fn open(config: &PgConfig, control: &ConnectionControl) -> Result<Self, PgError> {
        let runner = StatementRunner { echo: config.echo, control: control.clone() };
        Ok(Self { client: config.connect(control)?, runner })
    }

    /// Begins a transaction with the isolation level READ COMMITTED.
    pub fn begin(&mut self) -> Result<PgTransaction<'_>, PgError> {
        let runner = self.runner.clone();
        let tx = runner.run("BEGIN", || self.client.transaction())?;
        Ok(PgTransaction { tx, runner, long_calls: None })
    }

    /// Begins a read-only transaction in which all statements see one snapshot.
    pub fn begin_snapshot(&mut self) -> Result<PgTransaction<'_>, PgError> {
        let runner = self.runner.clone();
        let tx = runner.run("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY", || {
            let builder = self.client.build_transaction();
            builder.isolation_level(IsolationLevel::RepeatableRead).read_only(true).start()
        })?;
        Ok(PgTransaction { tx, runner, long_calls: None })
    }

    /// Brings the tables to this program's version. A migration may rewrite a large table or build
    /// an index, and sends nothing meanwhile.
    pub fn migrate(&mut self) -> Result<(), PgError> {
        let _long_calls = self.runner.control.extend_stall_timeout(LONG_STALL_TIMEOUT);
        Ok(schema::migrate(&mut self.client)?)
    }
}

impl PgTransaction<'_> {
    /// Extends the stall timeout to minutes until the transaction ends.
    pub fn allow_long_calls(&mut self) {
        if self.long_calls.is_none() {
            self.long_calls = Some(self.runner.control.extend_stall_timeout(LONG_STALL_TIMEOUT));
        }
    }

    /// Runs statements without parameters.
    pub fn batch(&mut self, sql: &str) -> Result<(), PgError> {
        Ok(self.runner.run(sql, || self.tx.batch_execute(sql))?)
    }

    /// Runs a statement and returns the number of affected rows.
    pub fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<u64, PgError> {
        Ok(self.runner.run(sql, || self.tx.execute_typed(sql, &typed(params)))?)
    }

    pub fn query(&mut self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, PgError> {
        Ok(self.runner.run(sql, || self.tx.query_typed(sql, &typed(params)))?)
    }

    /// Runs a query without parameters and returns its rows as text; `None` stands for NULL.
    pub fn query_text(&mut self, sql: &str) -> Result<Vec<Vec<Option<String>>>, PgError> {
        let messages = self.runner.run(sql, || self.tx.simple_query(sql))?;
        let rows = messages.into_iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => {
                Some((0..row.len()).map(|column| row.get(column).map(str::to_owned)).collect())
            }
            _ => None,
        });
        Ok(rows.collect())
    }

    /// Begins a COPY of rows of `table` into the table named `into`.
    pub fn copy_in(
        &mut self,
        table: &'static Table,
        into: &str,
        site_id: uuid::Uuid,
    ) -> Result<CopyIn<'_>, PgError> {
        let columns = table.column_list();
        let sql = format!("COPY {into} (site_id, {columns}) FROM STDIN (FORMAT binary)");
        let writer = self.runner.run(&sql, || self.tx.copy_in(sql.as_str()))?;
        CopyIn::new(writer, table, site_id)
    }

    /// Reads rows of `table` by COPY, and passes each to `each` in the order of `sql`.
    pub fn copy_out<E: From<PgError>>(
        &mut self,
        table: &'static Table,
        sql: &str,
        mut each: impl FnMut(&[Value<'_>]) -> Result<(), E>,
    ) -> Result<(), E> {
        let sql = format!("COPY ({sql}) TO STDOUT (FORMAT binary)");
        let reader =
            self.runner.run(&sql, || self.tx.copy_out(sql.as_str())).map_err(PgError::from)?;
        let types: Vec<Type> = table.columns.iter().map(|column| type_of(column.1)).collect();
        let mut rows = BinaryCopyOutIter::new(reader, &types);
        while let Some(row) = rows.next().map_err(PgError::from)? {
            let mut values = Vec::with_capacity(types.len());
            for index in 0..types.len() {
                values.push(row.try_get::<Value<'_>>(index).map_err(PgError::from)?);
            }
            each(&values)?;
        }
        Ok(())
    }

    /// Reads the rows of `sql` in the text format of COPY, and passes each line without its line
    /// end to `each`.
    pub fn copy_out_text<E: From<PgError>>(
        &mut self,
        sql: &str,
        mut each: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let sql = format!("COPY ({sql}) TO STDOUT");
        let reader = self.runner.run(&sql, || self.tx.copy_out(sql.as_str()));
        let mut reader = reader.map_err(PgError::from)?;
        let mut line = Vec::new();
        loop {
            line.clear();
            if reader.read_until(b'\n', &mut line).map_err(PgError::from)? == 0 {
                return Ok(());
            }
            each(line.strip_suffix(b"\n").unwrap_or(&line))?;
        }
    }

    /// Rolls the transaction back.
    pub fn rollback(self) -> Result<(), PgError> {
        let Self { tx, runner, long_calls: _long_calls } = self;
        Ok(runner.run("ROLLBACK", || tx.rollback())?)
    }

    pub fn commit(self) -> Result<(), PgError> {
        let Self { tx, runner, long_calls: _long_calls } = self;
        Ok(runner.run("COMMIT", || tx.commit())?)
    }
}

fn typed<'p>(params: &'p [Param<'_>]) -> Vec<(&'p (dyn ToSql + Sync), Type)> {
    let typed = |param: &'p Param<'_>| (&param.value as &(dyn ToSql + Sync), param.pg_type.clone());
    params.iter().map(typed).collect()
}

/// Characters of a statement that are logged; the statements of a round contain all its rows.
const ECHO_CHARS_MAX: usize = 500;

impl StatementRunner {
    fn run<T: RowCount>(
        &self,
        sql: &str,
        statement: impl FnOnce() -> Result<T, postgres::Error>,
    ) -> Result<T, postgres::Error> {
        let start = Instant::now();
        let result = statement();
        if self.echo {
            log(sql, start, &result);
        }
        result
    }
}

fn log<T: RowCount>(sql: &str, start: Instant, result: &Result<T, postgres::Error>) {
    let duration_ms = start.elapsed().as_secs_f64() * 1000.0;
    let shown: String = sql.chars().take(ECHO_CHARS_MAX).collect();
    match result {
        Ok(rows) => info!(duration_ms, rows = rows.count(), "SQL: {shown}"),
        Err(error) => info!(duration_ms, %error, "SQL: {shown}"),
    }
}

/// How many rows a statement affected or returned, if known.
trait RowCount {
    fn count(&self) -> Option<u64> {
        None
    }
}

impl RowCount for () {}
impl RowCount for postgres::Transaction<'_> {}
impl RowCount for postgres::CopyInWriter<'_> {}
impl RowCount for postgres::CopyOutReader<'_> {}

impl RowCount for u64 {
    fn count(&self) -> Option<u64> {
        Some(*self)
    }
}

impl RowCount for Vec<SimpleQueryMessage> {
    fn count(&self) -> Option<u64> {
        Some(self.iter().filter(|it| matches!(it, SimpleQueryMessage::Row(_))).count() as u64)
    }
}

impl RowCount for Vec<Row> {
    fn count(&self) -> Option<u64> {
        Some(self.len() as u64)
    }
}
