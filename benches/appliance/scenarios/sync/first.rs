//! The first copy of a large site, against the same rows sent by a bare client.

use std::io::{Read, Write};
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use postgres::Client;
use serde_json::Value;

use super::{LARGE_SITE, until_live};
use crate::director::Bench;
use crate::postgres::{Postgres, url};
use crate::process::start_mirrored;
use crate::report::{Row, Target, number};
use crate::stats::{Pairs, Summary};

const TABLES: [&str; 3] = ["devices", "interfaces", "links"];
/// Bytes handed to the client at a time.
const CHUNK_BYTES: usize = 64 << 10;

/// One table as binary COPY writes it.
struct Dump {
    table: &'static str,
    bytes: Vec<u8>,
}

/// The first copy as the program tells it.
struct First {
    rows: u64,
    seconds: f64,
    /// Of that: making keys and indexes again.
    indexes_s: f64,
    /// From its COMMIT until every constraint was validated.
    validation_s: f64,
}

/// Also returns the database of the last round, which holds the whole site.
pub(super) fn measure(
    bench: &Bench,
    postgres: &mut Postgres,
    site: &Path,
) -> Result<(Vec<Row>, String)> {
    let (mut rates, mut whole) = (Pairs::default(), Pairs::default());
    let (mut indexes, mut validations) = (Vec::new(), Vec::new());
    let (mut rows, mut mib) = (0, 0.0);
    let mut database = String::new();
    // One round more, so that PostgreSQL has made the files of its log.
    for round in 0..=bench.rounds {
        if round > 0 {
            postgres.drop_database(&database)?;
        }
        database = postgres.create_database()?;
        postgres.checkpoint()?;
        let server = start_mirrored(&bench.binary, site, &url(postgres.port, &database))?;
        let first = first_of(&until_live(&server)?)?;
        let mut client = postgres.client(&database)?;
        ensure_validated(&mut client)?;
        server.stop()?;
        let dumps = TABLES.map(|table| dump(&mut client, table));
        let dumps = dumps.into_iter().collect::<Result<Vec<_>>>()?;
        postgres.checkpoint()?;
        let (copied, seconds) = copy_bare(&mut client, &dumps)?;
        ensure!(copied == first.rows, "{copied} rows were copied, and not {}", first.rows);
        if round > 0 {
            let bare = copied as f64 / seconds;
            rates.push(first.rows as f64 / (first.seconds - first.indexes_s), bare);
            whole.push(first.rows as f64 / first.seconds, bare);
            indexes.push(first.indexes_s);
            validations.push(first.validation_s);
        }
        rows = copied;
        mib = dumps.iter().map(|dump| dump.bytes.len()).sum::<usize>() as f64 / f64::from(1 << 20);
    }
    let detail = format!(
        "{} against {} rows/s, {} against {} s; {}",
        number(rates.ours().median),
        number(rates.bare().median),
        number(rows as f64 / rates.ours().median),
        number(rows as f64 / rates.bare().median),
        postgres.words()?
    );
    let what = format!("first copy, {LARGE_SITE} leaves, {rows} rows, {} MiB", number(mib));
    let table = vec![
        Row::new(
            format!("{what}: without making its indexes"),
            Target::AtLeast(0.8),
            rates.ratios(),
        )
        .detail(detail),
        Row::new(
            "making its keys and indexes, in the same transaction",
            Target::None,
            Summary::of(&indexes),
        )
        .unit("s")
        .detail("the bare copy has none"),
        Row::new(format!("{what}: with its indexes"), Target::None, whole.ratios()).detail(
            format!(
                "{} against {} rows/s",
                number(whole.ours().median),
                number(whole.bare().median)
            ),
        ),
        Row::new(
            "after its COMMIT: until every constraint is validated",
            Target::None,
            Summary::of(&validations),
        )
        .unit("s")
        .detail("everybody reads and writes meanwhile; changes wait for it"),
    ];
    Ok((table, database))
}

fn first_of(view: &Value) -> Result<First> {
    let rounds = view["rounds"].as_array().context("no rounds")?;
    let round = rounds.iter().find(|round| round["kind"] == "first").context("no first copy")?;
    let at = |value: &Value| -> Result<Timestamp> {
        Ok(value.as_str().context("no time")?.parse::<Timestamp>()?)
    };
    let validation = at(&view["since"])?.duration_since(at(&round["at"])?);
    Ok(First {
        rows: round["rows"].as_u64().context("no rows")?,
        seconds: round["duration_ms"].as_f64().context("no duration_ms")? / 1e3,
        indexes_s: round["indexes_ms"].as_f64().context("no indexes_ms")? / 1e3,
        validation_s: validation.as_secs_f64(),
    })
}

fn ensure_validated(client: &mut Client) -> Result<()> {
    let row = client.query_one(
        "SELECT count(*) FILTER (WHERE contype = 'f'), bool_and(convalidated) FROM pg_constraint \
         WHERE conrelid = ANY ($1::text[]::regclass[])",
        &[&TABLES.as_slice()],
    )?;
    ensure!(row.get::<_, i64>(0) == 4, "foreign keys are missing after the first copy");
    ensure!(row.get::<_, bool>(1), "constraints are not validated");
    Ok(())
}

fn dump(client: &mut Client, table: &'static str) -> Result<Dump> {
    let mut bytes = Vec::new();
    let sql = format!("COPY {table} TO STDOUT (FORMAT binary)");
    client.copy_out(&sql)?.read_to_end(&mut bytes)?;
    Ok(Dump { table, bytes })
}

/// Sends the rows into tables without constraints and indexes; returns their number and the
/// seconds from BEGIN to COMMIT.
fn copy_bare(client: &mut Client, dumps: &[Dump]) -> Result<(u64, f64)> {
    for Dump { table, .. } in dumps {
        client.batch_execute(&format!("CREATE TABLE bare_{table} (LIKE {table})"))?;
    }
    let started = Instant::now();
    let mut tx = client.transaction()?;
    let mut rows = 0;
    for Dump { table, bytes } in dumps {
        let mut writer = tx.copy_in(&format!("COPY bare_{table} FROM STDIN (FORMAT binary)"))?;
        for chunk in bytes.chunks(CHUNK_BYTES) {
            writer.write_all(chunk)?;
        }
        rows += writer.finish()?;
    }
    tx.commit()?;
    let seconds = started.elapsed().as_secs_f64();
    for Dump { table, .. } in dumps {
        client.batch_execute(&format!("DROP TABLE bare_{table}"))?;
    }
    Ok((rows, seconds))
}
