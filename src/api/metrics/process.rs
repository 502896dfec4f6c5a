//! The process in the eyes of the system, under the names that all clients of Prometheus use.

use std::fs;
use std::sync::OnceLock;

use rustix::process::{Resource, getrlimit};
use rustix::system::sysinfo;

use crate::domain::Timestamp;
use crate::util::metrics::{Metric, float};

/// Ticks in a second in `/proc/self/stat`: `USER_HZ` of the kernel's interface, which is 100 on every
/// architecture that UNOC runs on (include/asm-generic/param.h).
const TICKS_PER_SECOND: f64 = 100.0;
const US_PER_SECOND: f64 = 1e6;

/// When the process started, in seconds since 1970. Computed once, so that it never moves.
static STARTED_AT: OnceLock<f64> = OnceLock::new();

/// Reads `/proc`, which is memory. What it does not tell is left out.
pub(super) fn metrics(now: Timestamp) -> Vec<Metric> {
    let mut metrics = Vec::new();
    if let Some(stat) = fs::read_to_string("/proc/self/stat").ok().as_deref().and_then(Stat::parse)
    {
        let started = *STARTED_AT.get_or_init(|| started_at(&stat, now));
        metrics.extend([
            Metric::counter(
                "process_cpu_seconds_total",
                "Processor time of the process, of the user and the system",
                stat.cpu_s,
            ),
            Metric::gauge(
                "process_start_time_seconds",
                "Time at which the process started, since 1970",
                started,
            ),
            Metric::gauge("process_virtual_memory_bytes", "Virtual memory", stat.virtual_bytes),
            Metric::gauge("process_threads", "Number of threads", stat.threads),
        ]);
    }
    if let Some(resident) = resident_bytes() {
        let help = "Memory in use";
        metrics.push(Metric::gauge("process_resident_memory_bytes", help, resident));
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        // One of them reads the directory.
        let open = float((open.count() as u64).saturating_sub(1));
        metrics.push(Metric::gauge("process_open_fds", "Number of open files", open));
    }
    if let Some(max) = getrlimit(Resource::Nofile).current {
        let help = "Number of files that may be open";
        metrics.push(Metric::gauge("process_max_fds", help, float(max)));
    }
    metrics
}

/// Some fields of `/proc/self/stat` (proc_pid_stat(5)).
#[derive(Debug, PartialEq)]
struct Stat {
    cpu_s: f64,
    threads: f64,
    /// Since the host was started.
    started_s: f64,
    virtual_bytes: f64,
}

impl Stat {
    fn parse(text: &str) -> Option<Self> {
        // The second field is the name in brackets, which may hold anything.
        let (_, rest) = text.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let field = |number: usize| fields.get(number - 3)?.parse::<f64>().ok();
        Some(Self {
            cpu_s: (field(14)? + field(15)?) / TICKS_PER_SECOND,
            threads: field(20)?,
            started_s: field(22)? / TICKS_PER_SECOND,
            virtual_bytes: field(23)?,
        })
    }
}

/// As exact as the time since the start of the host, which is in whole seconds.
fn started_at(stat: &Stat, now: Timestamp) -> f64 {
    let now_s = float(u64::try_from(now.0).unwrap_or_default()) / US_PER_SECOND;
    let up_s = float(u64::try_from(sysinfo().uptime).unwrap_or_default());
    now_s - (up_s - stat.started_s).max(0.0)
}

fn resident_bytes() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(float(kib * 1024))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_counted_after_the_name() {
        let text = "4711 (a) b (c) S 1 4711 4711 0 -1 4194560 2613 0 0 0 150 50 0 0 20 0 9 0 8000 \
                    1073741824 5000 18446744073709551615";
        let expected =
            Stat { cpu_s: 2.0, threads: 9.0, started_s: 80.0, virtual_bytes: 1_073_741_824.0 };
        assert_eq!(Stat::parse(text), Some(expected));
        assert_eq!(Stat::parse("4711 (a) S 1"), None);
    }
}
