//! A connection, one transaction at a time.
//!
//! Statements are unnamed and nothing outlives its transaction: a pooler in transaction mode may
//! give each transaction another server connection. With `?echo=true` each is logged.

use std::io::BufRead as _;
use std::time::Duration;

use fallible_iterator::FallibleIterator;
use postgres::binary_copy::BinaryCopyOutIter;
use postgres::types::{ToSql, Type};
use postgres::{Client, IsolationLevel, Row, SimpleQueryMessage, Transaction};
use tokio::time::Instant;
use tracing::info;

use super::config::Target;
use super::copy::CopyIn;
use super::error::PgError;
use super::timeout_stream::{Patience, Watch};
use super::value::{Param, type_of};
use crate::sql::schema;
use crate::sql::{Table, Value};

/// A connection to PostgreSQL.
pub struct Session {
    client: Client,
    how: How,
}

/// How statements are carried out.
#[derive(Clone)]
struct How {
    echo: bool,
    watch: Watch,
}

/// A merge of 500,000 rows, the checks of its COMMIT or making an index are silent until they are
/// done: 20 s each on a small machine, ten times that on one that has other work.
pub(super) const PATIENCE: Duration = Duration::from_secs(300);

/// A transaction; rolled back when dropped.
pub struct Tx<'c> {
    tx: Transaction<'c>,
    how: How,
    /// Holds from [`Tx::be_patient`] on: for statements and for the rows of a bulk transfer.
    patience: Option<Patience>,
}

impl Session {
    /// Connects and logs in. `watch` can end the connection from elsewhere.
    pub fn open(target: &Target, watch: &Watch) -> Result<Self, PgError> {
        let how = How { echo: target.echo, watch: watch.clone() };
        Ok(Self { client: target.connect(watch)?, how })
    }

    /// Begins a transaction that reads what is committed.
    pub fn begin(&mut self) -> Result<Tx<'_>, PgError> {
        let how = self.how.clone();
        let tx = how.run("BEGIN", || self.client.transaction())?;
        Ok(Tx { tx, how, patience: None })
    }

    /// Begins a transaction that reads one snapshot and cannot write.
    pub fn begin_snapshot(&mut self) -> Result<Tx<'_>, PgError> {
        let how = self.how.clone();
        let tx = how.run("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY", || {
            let builder = self.client.build_transaction();
            builder.isolation_level(IsolationLevel::RepeatableRead).read_only(true).start()
        })?;
        Ok(Tx { tx, how, patience: None })
    }

    /// Brings the tables to this program's version. A migration may rewrite a large table or make an
    /// index of it, without a sign of life meanwhile.
    pub fn migrate(&mut self) -> Result<(), PgError> {
        let _patience = self.how.watch.patient(PATIENCE);
        Ok(schema::migrate(&mut self.client)?)
    }
}

impl Tx<'_> {
    /// Gives each of its calls minutes from now on.
    pub fn be_patient(&mut self) {
        if self.patience.is_none() {
            self.patience = Some(self.how.watch.patient(PATIENCE));
        }
    }

    /// Carries out statements without parameters.
    pub fn batch(&mut self, sql: &str) -> Result<(), PgError> {
        Ok(self.how.run(sql, || self.tx.batch_execute(sql))?)
    }

    /// Carries out a statement and returns how many rows it touched.
    pub fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<u64, PgError> {
        Ok(self.how.run(sql, || self.tx.execute_typed(sql, &typed(params)))?)
    }

    pub fn query(&mut self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, PgError> {
        Ok(self.how.run(sql, || self.tx.query_typed(sql, &typed(params)))?)
    }

    /// Runs a query without parameters and returns its rows as text; `None` stands for NULL.
    pub fn query_text(&mut self, sql: &str) -> Result<Vec<Vec<Option<String>>>, PgError> {
        let messages = self.how.run(sql, || self.tx.simple_query(sql))?;
        let rows = messages.into_iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => {
                Some((0..row.len()).map(|column| row.get(column).map(str::to_owned)).collect())
            }
            _ => None,
        });
        Ok(rows.collect())
    }

    /// Begins a bulk transfer of rows of `table` into the table named `into`.
    pub fn copy_in(
        &mut self,
        table: &'static Table,
        into: &str,
        site_id: uuid::Uuid,
    ) -> Result<CopyIn<'_>, PgError> {
        let columns = table.column_list();
        let sql = format!("COPY {into} (site_id, {columns}) FROM STDIN (FORMAT binary)");
        let writer = self.how.run(&sql, || self.tx.copy_in(sql.as_str()))?;
        CopyIn::new(writer, table, site_id)
    }

    /// Reads a bulk of rows of `table` and gives each to `each`, in the order of `sql`.
    pub fn copy_out<E: From<PgError>>(
        &mut self,
        table: &'static Table,
        sql: &str,
        mut each: impl FnMut(&[Value<'_>]) -> Result<(), E>,
    ) -> Result<(), E> {
        let sql = format!("COPY ({sql}) TO STDOUT (FORMAT binary)");
        let reader =
            self.how.run(&sql, || self.tx.copy_out(sql.as_str())).map_err(PgError::from)?;
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

    /// Reads the rows of `sql` in the text format of COPY and gives each line, without its end, to
    /// `each`.
    pub fn copy_out_text<E: From<PgError>>(
        &mut self,
        sql: &str,
        mut each: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let sql = format!("COPY ({sql}) TO STDOUT");
        let reader = self.how.run(&sql, || self.tx.copy_out(sql.as_str()));
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

    /// Takes everything back.
    pub fn rollback(self) -> Result<(), PgError> {
        let Self { tx, how, patience: _patience } = self;
        Ok(how.run("ROLLBACK", || tx.rollback())?)
    }

    pub fn commit(self) -> Result<(), PgError> {
        let Self { tx, how, patience: _patience } = self;
        Ok(how.run("COMMIT", || tx.commit())?)
    }
}

fn typed<'p>(params: &'p [Param<'_>]) -> Vec<(&'p (dyn ToSql + Sync), Type)> {
    let typed = |param: &'p Param<'_>| (&param.value as &(dyn ToSql + Sync), param.pg_type.clone());
    params.iter().map(typed).collect()
}

/// Letters of a statement that are logged; a round's statements name every row.
const ECHO_CHARS_MAX: usize = 500;

impl How {
    fn run<T: Counted>(
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

fn log<T: Counted>(sql: &str, start: Instant, result: &Result<T, postgres::Error>) {
    let duration_ms = start.elapsed().as_secs_f64() * 1000.0;
    let shown: String = sql.chars().take(ECHO_CHARS_MAX).collect();
    match result {
        Ok(rows) => info!(duration_ms, rows = rows.count(), "SQL: {shown}"),
        Err(error) => info!(duration_ms, %error, "SQL: {shown}"),
    }
}

/// How many rows a statement touched or brought, where it tells.
trait Counted {
    fn count(&self) -> Option<u64> {
        None
    }
}

impl Counted for () {}
impl Counted for Transaction<'_> {}
impl Counted for postgres::CopyInWriter<'_> {}
impl Counted for postgres::CopyOutReader<'_> {}

impl Counted for u64 {
    fn count(&self) -> Option<u64> {
        Some(*self)
    }
}

impl Counted for Vec<SimpleQueryMessage> {
    fn count(&self) -> Option<u64> {
        Some(self.iter().filter(|it| matches!(it, SimpleQueryMessage::Row(_))).count() as u64)
    }
}

impl Counted for Vec<Row> {
    fn count(&self) -> Option<u64> {
        Some(self.len() as u64)
    }
}
