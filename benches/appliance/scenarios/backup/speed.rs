//! Rows per second into a file, against `pg_dump` of the same rows packed by `zstd`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{LARGE_SITE, back_up, rows_of, seconds_of};
use crate::director::Bench;
use crate::postgres::{self, Postgres};
use crate::process::{Server, start_with, unoc};
use crate::report::{Row, Target, number};
use crate::stats::{Pairs, Summary};

const RATIO_MIN: f64 = 0.3;

/// PostgreSQL with the rows of a backup, and where its dumps go.
struct Theirs {
    binaries: PathBuf,
    postgres: Postgres,
    database: String,
    file: PathBuf,
}

pub(super) fn measure(bench: &Bench, site: &Path) -> Result<Vec<Row>> {
    let binaries = postgres::installed().filter(|binaries| binaries.join("pg_dump").exists());
    let (Some(binaries), true) = (binaries, Path::new("/usr/bin/zstd").exists()) else {
        println!("not compared with pg_dump: apt-get install postgresql zstd");
        return Ok(Vec::new());
    };
    let recipient = recipient(bench, site)?;
    let plain = start_with(&bench.binary, site, &[])?;
    let first = back_up(&plain)?;
    let theirs = Theirs::load(bench, binaries, &site.join("backups").join(file_of(&first)?))?;
    let rows = rows_of(&first)?;
    let alone = compare(bench, &plain, &theirs)?;
    plain.stop()?;
    let sealing = start_with(&bench.binary, site, &["--backup-recipients", &recipient])?;
    back_up(&sealing)?;
    let sealed = compare(bench, &sealing, &theirs)?;
    sealing.stop()?;
    Ok(vec![
        alone.row(&format!("backup of {LARGE_SITE} leaves, {rows} rows"), rows)?.detail(format!(
            "{}; {}",
            alone.words(rows),
            theirs.postgres.words()?
        )),
        sealed.row("the same, encrypted", rows)?.detail(sealed.words(rows)),
        Row::new(
            "until it is also verified (made, restored into a scratch store, compared)",
            Target::None,
            Summary::of(&alone.whole_s),
        )
        .unit("s"),
    ])
}

/// A new pair's public key; what is sealed here is never opened by hand.
fn recipient(bench: &Bench, site: &Path) -> Result<String> {
    let mut command = unoc(&bench.binary, site);
    let output = command.args(["--json", "backup", "keygen"]).output()?;
    let pair: Value = serde_json::from_slice(&output.stdout).context("reading the new keys")?;
    Ok(pair["recipient"].as_str().context("no recipient")?.to_owned())
}

fn file_of(backup: &Value) -> Result<&str> {
    backup["file"].as_str().context("no file")
}

#[derive(Default)]
struct Compared {
    /// Seconds until the file was durable.
    times_s: Pairs,
    /// Of ours: with the verification.
    whole_s: Vec<f64>,
    mib: [f64; 2],
}

fn compare(bench: &Bench, server: &Server, theirs: &Theirs) -> Result<Compared> {
    let mut compared = Compared::default();
    for _ in 0..bench.rounds {
        let backup = back_up(server)?;
        let dumped_s = theirs.dump()?;
        compared.times_s.push(seconds_of(&backup)?, dumped_s);
        compared.whole_s.push(seconds_of(&backup)? + seconds_of(&backup["verification"])?);
        let mib = |bytes: f64| bytes / f64::from(1 << 20);
        let ours_bytes = backup["bytes"].as_f64().context("no bytes")?;
        compared.mib = [mib(ours_bytes), mib(fs::metadata(&theirs.file)?.len() as f64)];
    }
    Ok(compared)
}

impl Compared {
    fn row(&self, what: &str, rows: f64) -> Result<Row> {
        ensure!(rows > 0.0, "the backup is empty");
        let mut rates = Pairs::default();
        for (ours_s, bare_s) in self.times_s.ours.iter().zip(&self.times_s.bare) {
            rates.push(rows / ours_s, rows / bare_s);
        }
        Ok(Row::new(what, Target::AtLeast(RATIO_MIN), rates.ratios()))
    }

    fn words(&self, rows: f64) -> String {
        let (ours_s, bare_s) = (self.times_s.ours().median, self.times_s.bare().median);
        format!(
            "{} against {} rows/s, {} against {} s, {} against {} MiB",
            number(rows / ours_s),
            number(rows / bare_s),
            number(ours_s),
            number(bare_s),
            number(self.mib[0]),
            number(self.mib[1])
        )
    }
}

impl Theirs {
    /// Loads a backup as an operator would.
    fn load(bench: &Bench, binaries: PathBuf, backup: &Path) -> Result<Self> {
        let directory = bench.scratch.path().join("pg-backup");
        let mut postgres = Postgres::start(&binaries, &directory, false)?;
        let database = postgres.create_database()?;
        let url = postgres::url(postgres.port, &database);
        let backup = backup.display();
        postgres::shell(&binaries, &format!("zstd -dc '{backup}' | psql -q '{url}' > /dev/null"))?;
        postgres.checkpoint()?;
        let file = bench.scratch.path().join("pg_dump.sql.zst");
        let theirs = Self { binaries, postgres, database, file };
        theirs.dump()?;
        Ok(theirs)
    }

    /// Dumps everything and returns the seconds it took.
    fn dump(&self) -> Result<f64> {
        let url = postgres::url(self.postgres.port, &self.database);
        let file = self.file.display();
        let line = format!("pg_dump '{url}' | zstd -q -3 -f -o '{file}'");
        Ok(postgres::shell(&self.binaries, &line)?.as_secs_f64())
    }
}
