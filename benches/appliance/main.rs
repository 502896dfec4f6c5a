//! The numbers of docs/PERFORMANCE.md: the real binary beside a bare server, on one machine, in
//! one run. `ops/bench.sh` builds both and calls this.
//!
//! Four kinds of process take part. The director (`run`) starts everything and computes ratios.
//! The program under test is `unoc` itself. A bare server (`baseline`) does the same work on the
//! wire with nothing behind it. A load generator (`load`, `pace`, `watch`, `outage`) drives either,
//! always the same way, so that its own cost is in both numbers. Only `recompute` needs no process:
//! it calls the library. `sync` and `backup` also start a PostgreSQL: the one is its client beside the
//! program, the other runs `pg_dump` in turns with it.
//!
//! Machines that run this are shared and noisy. The two servers therefore take turns (ours, bare,
//! ours, bare, …) for at least five rounds, each round gives one ratio, and the median of the
//! ratios counts.

#![expect(
    clippy::disallowed_methods,
    reason = "a benchmark reads the real clock, sleeps and spawns; nothing here is shipped"
)]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line program")]

mod baseline;
mod crowd;
mod director;
mod http;
mod line;
mod load;
mod outage;
mod pace;
mod plot;
mod postgres;
mod process;
mod report;
mod scenarios;
mod stats;
mod watch;

use anyhow::{Context, Result, bail};

const USAGE: &str = "\
Measures the release binary beside a bare server. Use ops/bench.sh, which builds both and calls
  appliance run --binary PATH --scratch DIR [--write FILE] [--rounds N] [--seconds S] [SCENARIO…]

scenarios: get_one list first_byte provision broadcast recompute storm sync backup checks metrics exposure footprint
(all, when none is named)
  --scratch DIR   where stores are made: the file system whose fsync is measured
  --write FILE    put the tables between this Markdown file's `<!-- bench:SCENARIO -->` markers,
                  and plots beside it
  --rounds N      rounds per comparison, at least 5 (7)
  --seconds S     length of one measurement in a round (3)
  --outage-seconds S
                  how long `sync` keeps PostgreSQL away (600)";

fn main() -> Result<()> {
    // Cargo adds --bench when it runs a bench target itself.
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    match args.split_first() {
        Some((command, rest)) => match command.as_str() {
            "run" => director::run(rest),
            "baseline" => baseline::run(one(rest)?),
            "load" => load::run(one(rest)?),
            "crowd" => crowd::run(one(rest)?),
            "watch" => watch::run(one(rest)?),
            "outage" => outage::run(one(rest)?),
            "pace" => pace::run(one(rest)?),
            other => bail!("unknown command {other}\n{USAGE}"),
        },
        None => {
            println!("{USAGE}");
            Ok(())
        }
    }
}

fn one(rest: &[String]) -> Result<&str> {
    Ok(rest.first().context("this command takes its plan as JSON")?.as_str())
}
