//! What the mirror costs the API: provisioning with it and without it.

use anyhow::Result;

use super::super::{SLICES, WARMUP_S};
use super::{ask, until_live};
use crate::director::Bench;
use crate::load::{self, Job, Outcome};
use crate::postgres::{Postgres, url};
use crate::process::{Server, run_role, start_mirrored, start_unoc};
use crate::report::{Row, Target, number};
use crate::stats::{Pairs, Summary};

const KEPT_MIN: f64 = 0.9;

/// Both servers with one number of connections.
#[derive(Default)]
struct Compared {
    /// Requests per second with and without the mirror.
    rates: Pairs,
    /// Processor time of the program per request, in microseconds, the same way.
    cpu_us: Pairs,
    /// The mirror's thread's share of the program's processor time.
    shares: Vec<f64>,
    /// Processor time of PostgreSQL per request, in microseconds.
    postgres_us: Vec<f64>,
}

/// What one server did in a slice.
struct Slice {
    outcome: Outcome,
    cpu_s: f64,
    sync_cpu_s: f64,
    postgres_cpu_s: f64,
}

pub(super) fn measure(
    bench: &Bench,
    postgres: &mut Postgres,
    circumstances: &str,
) -> Result<Vec<Row>> {
    let mut compared = [(1, Compared::default()), (64, Compared::default())];
    for _ in 0..bench.rounds {
        let database = postgres.create_database()?;
        let directories = [bench.directory("with")?, bench.directory("without")?];
        let address = url(postgres.port, &database);
        let with = start_mirrored(&bench.binary, &directories[0], &address)?;
        let (without, _) = start_unoc(&bench.binary, &directories[1])?;
        until_live(&with)?;
        for (connections, compared) in &mut compared {
            round(bench, postgres, [&with, &without], *connections, compared)?;
        }
        with.kill()?;
        without.kill()?;
        for directory in directories {
            std::fs::remove_dir_all(directory)?;
        }
        postgres.drop_database(&database)?;
    }
    Ok(compared.iter().flat_map(|(count, compared)| compared.rows(*count, circumstances)).collect())
}

fn round(
    bench: &Bench,
    postgres: &Postgres,
    [with, without]: [&Server; 2],
    connections: usize,
    compared: &mut Compared,
) -> Result<()> {
    let (mut mirrored, mut alone) = (Vec::new(), Vec::new());
    for slice in 0..SLICES {
        let plan = |server: &Server| load::Plan {
            address: server.address.clone(),
            certificate: None,
            connections,
            warmup_s: WARMUP_S,
            seconds: bench.seconds / SLICES as f64,
            job: Job::Provision { prefix: format!("ONT-{connections:02}-{slice}") },
        };
        mirrored.push(drive(with, Some(postgres), &plan(with))?);
        alone.push(drive(without, None, &plan(without))?);
    }
    let sum = |slices: &[Slice], value: fn(&Slice) -> f64| slices.iter().map(value).sum::<f64>();
    let rate = |slices: &[Slice]| {
        let seconds = sum(slices, |slice| slice.outcome.seconds);
        sum(slices, |slice| slice.outcome.requests as f64) / seconds
    };
    let cpu_us = |slices: &[Slice]| {
        let requests = sum(slices, |slice| slice.outcome.requests_in_all as f64);
        sum(slices, |slice| slice.cpu_s) * 1e6 / requests
    };
    compared.rates.push(rate(&mirrored), rate(&alone));
    compared.cpu_us.push(cpu_us(&mirrored), cpu_us(&alone));
    let share = sum(&mirrored, |slice| slice.sync_cpu_s) / sum(&mirrored, |slice| slice.cpu_s);
    compared.shares.push(share * 100.0);
    let requests = sum(&mirrored, |slice| slice.outcome.requests_in_all as f64);
    let postgres_s = sum(&mirrored, |slice| slice.postgres_cpu_s);
    compared.postgres_us.push(postgres_s * 1e6 / requests);
    Ok(())
}

/// Drives a server; one with a mirror until everything is there, so that what is left to send is
/// counted and does not disturb the other one.
fn drive(server: &Server, postgres: Option<&Postgres>, plan: &load::Plan) -> Result<Slice> {
    let cpu_s = || {
        let postgres_s = postgres.map_or(Ok(0.0), Postgres::cpu_s)?;
        anyhow::Ok([server.cpu_s()?, server.thread_cpu_s("sync")?, postgres_s])
    };
    let before = cpu_s()?;
    let outcome = run_role("load", plan)?;
    if postgres.is_some() {
        ask(server, "now")?;
    }
    let after = cpu_s()?;
    let [cpu_s, sync_cpu_s, postgres_cpu_s] = [0, 1, 2].map(|index| after[index] - before[index]);
    Ok(Slice { outcome, cpu_s, sync_cpu_s, postgres_cpu_s })
}

impl Compared {
    fn rows(&self, connections: usize, circumstances: &str) -> Vec<Row> {
        let what = format!("provisioning with the mirror, {connections} at a time{circumstances}");
        let (rates, cpu_us) = (&self.rates, &self.cpu_us);
        vec![
            Row::new(what.clone(), Target::AtLeast(KEPT_MIN), rates.ratios()).detail(format!(
                "{} requests/s with it, {} without; PostgreSQL runs on the same cores",
                number(rates.ours().median),
                number(rates.bare().median)
            )),
            Row::new(
                format!("{what}: processor time of the program per request"),
                Target::None,
                cpu_us.ratios(),
            )
            .detail(format!(
                "{} against {} µs",
                number(cpu_us.ours().median),
                number(cpu_us.bare().median)
            )),
            Row::new(
                format!("{what}: the mirror's thread's share of that"),
                Target::None,
                Summary::of(&self.shares),
            )
            .unit("%"),
            Row::new(
                format!("{what}: processor time of PostgreSQL per request"),
                Target::None,
                Summary::of(&self.postgres_us),
            )
            .unit("µs"),
        ]
    }
}
