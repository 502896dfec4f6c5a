//! What a line of the log costs: `cargo run --release --example log_rate`.
//!
//! Lines are captured into memory only; the formatter of standard error is measured beside it, writing to
//! nowhere.
#![expect(clippy::disallowed_methods, reason = "a measurement reads the real clock")]
#![expect(clippy::print_stdout, reason = "a command line program")]

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use tracing::{Dispatch, Level, debug, info};
use unoc::domain::Timestamp;
use unoc::logs::{LogFilter, Logs};

const LINES: u32 = 1_000_000;

fn main() {
    let ticks = AtomicI64::new(1);
    let logs = Logs::new(Level::INFO, move || Timestamp(ticks.fetch_add(1, Ordering::Relaxed)));
    let dispatch = logs.dispatch();
    measure("a line that is refused", &dispatch, |number| {
        debug!(request.id = "0123456789abcdef", status = number, "GET /api/devices/{number} 200");
    });
    measure("a line in memory", &dispatch, |number| {
        info!(request.id = "0123456789abcdef", status = number, "POST /api/devices/{number} 200");
    });
    let stderr = tracing_subscriber::fmt().json().with_writer(std::io::sink).finish();
    measure("a line formatted for standard error", &Dispatch::new(stderr), |number| {
        info!(request.id = "0123456789abcdef", status = number, "POST /api/devices/{number} 200");
    });
    let filter = LogFilter { text: Some("no such text".to_owned()), ..LogFilter::default() };
    let started = Instant::now();
    let (mut after, mut found) = (0, 0);
    while let Some((lines, last)) = logs.next_lines(&filter, after, u64::MAX) {
        found += lines.len();
        after = last;
    }
    println!("a search in all lines in memory: {:?}, {found} found", started.elapsed());
}

fn measure(what: &str, dispatch: &Dispatch, line: impl Fn(u32)) {
    tracing::dispatcher::with_default(dispatch, || {
        let started = Instant::now();
        (0..LINES).for_each(line);
        let took = started.elapsed();
        let rate = f64::from(LINES) / took.as_secs_f64();
        println!("{what}: {:?}, {rate:.0} a second", took / LINES);
    });
}
