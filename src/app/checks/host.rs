//! The host: space on the data volume, memory, open files.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::{Resource, getrlimit};
use tokio::time::Instant;

use super::measure::{blocking, float, percent, unmeasured};
use crate::api::FileUsage;
use crate::domain::Timestamp;
use crate::engine::EngineHandle;
use crate::health::{
    CheckReading, CheckUnit, ProbeTable, TREND_SPAN_US, TrendPoint, Unmeasured, full_after,
};
use crate::store::{SeriesTier, Snapshot};
use crate::wire::Time;

const FREE_SPACE: &str = "disk.free";
/// What a trend is told up to.
const DAYS_MAX: f64 = 365.0;
/// The time in user mode in `/proc/self/stat`, counted from the state, which follows the name; that in the
/// kernel follows it.
const USER_TIME_FIELD: usize = 11;
/// Linux counts in hundredths of a second there on all hosts (USER_HZ, proc_pid_stat(5)).
const TICK_MS: u64 = 10;
const DAY_US: f64 = 86_400e6;

pub(super) fn add(probes: &mut ProbeTable, engine: &EngineHandle) {
    add_volume(probes, engine);
    probes.add("memory.resident", || blocking(|| memory(Path::new("/"))));
    let mut before = None;
    probes.add("processor.used", move || {
        let now = processor_time().map(|used| (used, Instant::now()));
        let last = std::mem::replace(&mut before, now.clone().ok());
        async move { processor_used(last, now?) }
    });
    probes.add("files.open", || blocking(open_files));
}

pub(super) fn add_volume(probes: &mut ProbeTable, engine: &EngineHandle) {
    let handle = engine.clone();
    probes.add(FREE_SPACE, move || {
        let handle = handle.clone();
        async move {
            let space = handle.observe_volume().await.map_err(unmeasured)?.space;
            let total = CheckUnit::Bytes.text(float(space.total_bytes));
            let free = CheckReading::of(float(space.free_bytes));
            Ok(free.with(format!("{} has {total}", space.directory.display())))
        }
    });
    let handle = engine.clone();
    probes.add("disk.full_in", move || {
        let (snapshot, now) = (handle.read(), handle.now());
        blocking(move || full_in(&snapshot, now))
    });
}

/// In how many days the volume is full, by the free space of the last weeks.
fn full_in(snapshot: &Snapshot, now: Timestamp) -> Result<CheckReading, Unmeasured> {
    let range = Timestamp(now.0.saturating_sub(TREND_SPAN_US))..now;
    let buckets = snapshot.buckets(FREE_SPACE, SeriesTier::Hour, range).map_err(unmeasured)?;
    let points = buckets
        .iter()
        .map(|bucket| TrendPoint { at_us: bucket.at.0, free: f64::from(bucket.mean) });
    let points: Vec<TrendPoint> = points.collect();
    let Some(days) = full_after(&points) else {
        return Err(unmeasured("A trend needs the free space of three days"));
    };
    if days >= DAYS_MAX {
        return Ok(
            CheckReading::of(DAYS_MAX).with("At the present rate it lasts for a year or more")
        );
    }
    #[expect(clippy::cast_possible_truncation, reason = "at most a year")]
    let full_at = Timestamp(now.0.saturating_add((days * DAY_US) as i64));
    let date = Time(full_at).to_string();
    let date = date.split('T').next().unwrap_or_default();
    Ok(CheckReading::of(days).with(format!("At the present rate it is full on {date}")))
}

/// Resident memory, and what the process may use at most: of the host, or of its control group.
fn memory(root: &Path) -> Result<CheckReading, Unmeasured> {
    let resident = kib_of(&root.join("proc/self/status"), "VmRSS:")?;
    // A unit with ProcSubset=pid does not see it.
    let of_host = kib_of(&root.join("proc/meminfo"), "MemTotal:").ok();
    let max = [of_host, cgroup_limit(root)].into_iter().flatten().min();
    let max = max.ok_or_else(|| {
        unmeasured("Neither the host nor a control group tells how much memory there is")
    })?;
    let text = |bytes| CheckUnit::Bytes.text(float(bytes));
    let message = format!("{} of {}", text(resident), text(max));
    Ok(CheckReading::of(percent(resident, max)).with(message))
}

/// A line such as `MemTotal:  8040 kB`, in bytes.
fn kib_of(path: &Path, name: &str) -> Result<u64, Unmeasured> {
    let shown = path.display();
    let text = fs::read_to_string(path).map_err(|error| unmeasured(format!("{shown}: {error}")))?;
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    number.map(|kib| kib * 1024).ok_or_else(|| unmeasured(format!("{shown} has no {name}")))
}

/// The least `memory.max` of the control group and those around it (cgroups(7), version 2); `None` without
/// a limit.
fn cgroup_limit(root: &Path) -> Option<u64> {
    let groups = fs::read_to_string(root.join("proc/self/cgroup")).ok()?;
    let group = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let mounted = root.join("sys/fs/cgroup");
    let directory: PathBuf = mounted.join(group);
    let around = directory.ancestors().take_while(|directory| directory.starts_with(&mounted));
    let limit = |directory: &Path| -> Option<u64> {
        fs::read_to_string(directory.join("memory.max")).ok()?.trim().parse().ok()
    };
    around.filter_map(limit).min()
}

/// The processor time that all threads of this process have used. The file does not block.
fn processor_time() -> Result<Duration, Unmeasured> {
    let text = fs::read_to_string("/proc/self/stat").map_err(unmeasured)?;
    // The name of the program, in parentheses, may have anything in it (proc_pid_stat(5)).
    let fields = text.rsplit_once(')').map(|(_, rest)| rest.split_whitespace());
    let ticks: Vec<u64> = fields
        .into_iter()
        .flatten()
        .skip(USER_TIME_FIELD)
        .take(2)
        .filter_map(|field| field.parse().ok())
        .collect();
    match ticks[..] {
        [user, system] => Ok(Duration::from_millis((user + system) * TICK_MS)),
        _ => Err(unmeasured("/proc/self/stat has no processor time")),
    }
}

/// How much of all processors was used since the last reading.
fn processor_used(
    last: Option<(Duration, Instant)>,
    (used, at): (Duration, Instant),
) -> Result<CheckReading, Unmeasured> {
    let Some((used_before, before)) = last else {
        return Err(unmeasured("It needs two readings"));
    };
    let elapsed_s = (at - before).as_secs_f64().max(0.001);
    let processors = used.saturating_sub(used_before).as_secs_f64() / elapsed_s;
    let count = std::thread::available_parallelism().map_or(1, usize::from);
    let share = 100.0 * processors / float(count as u64);
    Ok(CheckReading::of(share).with(format!("{processors:.2} of {count}")))
}

fn open_files() -> Result<CheckReading, Unmeasured> {
    let FileUsage { open, max } = file_usage().map_err(unmeasured)?;
    let Some(max) = max else {
        return Ok(CheckReading::of(0.0).with(format!("{open}, without a limit")));
    };
    Ok(CheckReading::of(percent(open, max)).with(format!("{open} of {max}")))
}

/// The open files of this process, and its limit.
///
/// # Errors
/// When the system does not tell.
pub(super) fn file_usage() -> io::Result<FileUsage> {
    let open = fs::read_dir("/proc/self/fd")?.count() as u64;
    Ok(FileUsage { open, max: getrlimit(Resource::Nofile).current })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_limit_of_memory_counts() {
        let root = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let check = |expected: f64, message: &str| {
            let reading = memory(root.path()).unwrap();
            assert!((reading.value.unwrap() - expected).abs() < 1e-9, "{reading:?}");
            assert_eq!(reading.message.as_deref(), Some(message));
        };
        write("proc/self/status", "Name:\tunoc\nVmRSS:\t  102400 kB\n");
        assert!(memory(root.path()).is_err());
        // As in a unit with ProcSubset=pid.
        write("proc/self/cgroup", "0::/system.slice/unoc.service\n");
        write("sys/fs/cgroup/system.slice/memory.max", "209715200\n");
        check(50.0, "100 MiB of 200 MiB");
        fs::remove_dir_all(root.path().join("sys")).unwrap();
        write("proc/meminfo", "MemTotal:        1024000 kB\nMemFree: 1 kB\n");
        check(10.0, "100 MiB of 1000 MiB");
        write("proc/self/cgroup", "0::/system.slice/unoc.service\n");
        write("sys/fs/cgroup/system.slice/unoc.service/memory.max", "max\n");
        check(10.0, "100 MiB of 1000 MiB");
        write("sys/fs/cgroup/system.slice/memory.max", "209715200\n");
        check(50.0, "100 MiB of 200 MiB");
        write("sys/fs/cgroup/system.slice/unoc.service/memory.max", "104857600\n");
        check(100.0, "100 MiB of 100 MiB");
    }

    #[test]
    fn processor_time_grows_with_work() {
        let begun = (processor_time().unwrap(), Instant::now());
        assert!(processor_used(None, begun).is_err());
        let used = begun.0 + Duration::from_secs(30);
        let reading = processor_used(Some(begun), (used, begun.1 + Duration::from_secs(60)));
        let reading = reading.unwrap();
        assert!(reading.message.is_some_and(|message| message.starts_with("0.50 of ")));
        while processor_time().unwrap() == begun.0 {}
    }

    #[test]
    fn open_files_are_counted() {
        let reading = open_files().unwrap();
        assert!(reading.value.is_some_and(|value| value >= 0.0), "{reading:?}");
    }
}
