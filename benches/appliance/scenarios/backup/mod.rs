//! Backups: how fast one is made, what it costs those who write meanwhile, how fast it is
//! restored, and the memory of either.

mod latency;
mod memory;
mod restore;
mod speed;

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::{LARGE_SITE, devices_of, id_of};
use crate::director::Bench;
use crate::process::Server;
use crate::report::{self, Row};

/// Measures a part on a site of its own.
type Part = fn(&Bench, &Path) -> Result<Vec<Row>>;

pub(super) fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let site = bench.site(LARGE_SITE)?;
    let measured: [Part; 4] = [speed::measure, restore::measure, memory::measure, latency::measure];
    let mut rows = Vec::new();
    for measure in measured {
        // A copy each: other scenarios measure a store that was never restored.
        let copy = bench.copy_of(&site, "backup")?;
        let part = measure(bench, &copy)?;
        println!("{}", report::plain(&part));
        rows.extend(part);
        std::fs::remove_dir_all(&copy)?;
    }
    Ok(rows)
}

/// Makes a backup, its verification with it.
fn back_up(server: &Server) -> Result<Value> {
    let mut answer = ureq::post(server.url("/api/backups")).send_empty().context("backing up")?;
    let view: Value = answer.body_mut().read_json()?;
    ensure!(view["state"] == "verified", "a backup is not verified: {view}");
    Ok(view)
}

fn restore_latest(server: &Server) -> Result<()> {
    let url = server.url("/api/backups/latest/restore");
    let mut answer = ureq::post(url).send_json(json!({ "dry_run": false })).context("restoring")?;
    let view: Value = answer.body_mut().read_json()?;
    ensure!(view["is_dry_run"] == false, "nothing was restored: {view}");
    Ok(())
}

/// Rows of all tables that a backup holds.
fn rows_of(backup: &Value) -> Result<f64> {
    let tables = ["devices", "interfaces", "links", "audit"];
    let counts = tables.map(|table| backup["rows"][table].as_f64().context("no count of rows"));
    counts.into_iter().sum()
}

fn seconds_of(view: &Value) -> Result<f64> {
    Ok(view["duration_ms"].as_f64().context("no duration_ms")? / 1e3)
}
