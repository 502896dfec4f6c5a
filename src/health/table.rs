//! The table of checks: limits that hold on every host, and those that follow from settings.

use std::time::Duration;

use super::spec::{CheckGroup, CheckSpec, Threshold};
use super::unit::CheckUnit;

/// Settings from which limits follow.
#[derive(Clone, Copy, Debug)]
pub struct CheckBounds {
    /// Free space below which the store is read-only.
    pub min_free_bytes: u64,
    /// Age of the newest verified backup from which the site counts as unprotected.
    pub backup_stale_after_s: u64,
    /// Requests that may wait for the engine.
    pub engine_queue_max: usize,
}

/// The least space that is kept free in the eyes of the checks, also if the setting says 0.
const MIN_FREE_BYTES: f64 = 4.0 * 1024.0 * 1024.0;

const fn limit(enter: f64, leave: f64) -> Option<Threshold> {
    Some(Threshold::new(enter, leave))
}

/// Every check, by group.
pub fn check_table(bounds: CheckBounds) -> Vec<CheckSpec> {
    let groups = [
        store(bounds),
        host(bounds),
        mirror(),
        backups(bounds),
        jobs(),
        service(),
        certificate(),
        operation(),
    ];
    groups.into_iter().flatten().collect()
}

fn store(bounds: CheckBounds) -> Vec<CheckSpec> {
    let group = CheckGroup::Store;
    #[expect(clippy::cast_precision_loss, reason = "some thousand")]
    let queue = bounds.engine_queue_max as f64;
    let slow_disk = "Check the disk of the data volume (iostat -x 5, dmesg) and what else uses it.";
    vec![
        // A commit takes 0.4 ms on an SSD and some 20 ms on a hard disk.
        CheckSpec::new("store.write", group, "Duration of a commit", CheckUnit::Milliseconds)
            .above(limit(250.0, 150.0), limit(2_000.0, 1_000.0))
            .wrong("The store writes slowly", slow_disk)
            .after(3, 2)
            .each_minute()
            .in_time(Duration::from_secs(20)),
        CheckSpec::new("store.read", group, "Duration of a read", CheckUnit::Milliseconds)
            .above(limit(100.0, 50.0), limit(1_000.0, 500.0))
            .wrong("The store reads slowly", slow_disk)
            .after(3, 2)
            .in_time(Duration::from_secs(10)),
        CheckSpec::new("engine.queue", group, "Requests that wait for a write", CheckUnit::Count)
            .above(limit(0.25 * queue, 0.1 * queue), limit(0.75 * queue, 0.5 * queue))
            .wrong(
                "Writes wait in a long queue",
                "Find out who writes that much (unoc logs --level info), and stop or slow it.",
            ),
        CheckSpec::new("store.size", group, "Size of the store", CheckUnit::Bytes).each_minute(),
        CheckSpec::new("site.devices", group, "Devices of the site", CheckUnit::Count)
            .each_minute(),
    ]
}

fn host(bounds: CheckBounds) -> Vec<CheckSpec> {
    let group = CheckGroup::Host;
    #[expect(clippy::cast_precision_loss, reason = "a size in bytes is far below 2^53")]
    let min_free = (bounds.min_free_bytes as f64).max(MIN_FREE_BYTES);
    let more_space = "Free some space on the data volume (du -xh -d 2 on it shows what takes it), or \
                      enlarge it.";
    vec![
        CheckSpec::new("disk.free", group, "Free space on the data volume", CheckUnit::Bytes)
            .below(limit(4.0 * min_free, 5.0 * min_free), limit(1.5 * min_free, 2.0 * min_free))
            .wrong("The data volume has little free space", more_space)
            .after(2, 1),
        CheckSpec::new(
            "disk.full_in",
            group,
            "Time until the data volume is full",
            CheckUnit::Days,
        )
        .below(limit(30.0, 35.0), limit(7.0, 10.0))
        .wrong("The data volume will be full soon", more_space)
        .each_minute(),
        CheckSpec::new("memory.resident", group, "Memory in use", CheckUnit::Percent)
            .above(limit(75.0, 70.0), limit(90.0, 85.0))
            .wrong(
                "The service needs nearly all the memory that it may use",
                "Give it more memory (MemoryMax of the unit, or the host), or lower cache_mib; \
                 then: systemctl restart unoc.",
            ),
        CheckSpec::new("processor.used", group, "Processor time in use", CheckUnit::Percent)
            .each_minute(),
        CheckSpec::new("files.open", group, "Open files", CheckUnit::Percent)
            .above(limit(75.0, 65.0), limit(90.0, 80.0))
            .wrong(
                "The service has nearly as many open files as it may have",
                "Raise LimitNOFILE of the unit, or lower max_connections; then: systemctl restart \
                 unoc.",
            ),
        CheckSpec::new("loop.lag", group, "Delay of the event loop", CheckUnit::Milliseconds)
            .above(limit(250.0, 100.0), limit(2_000.0, 1_000.0))
            .wrong(
                "The service responds late",
                "Check what uses the processor of this host (top), and give it more of it.",
            )
            .after(3, 2)
            .in_time(Duration::from_secs(10)),
        CheckSpec::new("clock.jump", group, "Jump of the clock", CheckUnit::Seconds)
            .above(limit(60.0, 30.0), limit(3_600.0, 30.0))
            .wrong(
                "The clock of this host jumped",
                "Check the time (timedatectl) and the time server; times in the audit trail and of \
                 backups follow the clock.",
            )
            .after(1, 4),
        CheckSpec::new("clock.synchronized", group, "Clock synchronized", CheckUnit::YesNo)
            .below(limit(0.0, 1.0), None)
            .wrong(
                "The clock of this host is not synchronized",
                "Check the time service: timedatectl timesync-status.",
            )
            .after(10, 1)
            .each_minute(),
    ]
}

fn mirror() -> Vec<CheckSpec> {
    let group = CheckGroup::Mirror;
    vec![
        CheckSpec::new("postgres.reachable", group, "PostgreSQL reachable", CheckUnit::YesNo)
            .below(None, limit(0.0, 1.0))
            .wrong(
                "PostgreSQL does not follow",
                "unoc sync status says what it waits for; changes are kept here until then.",
            )
            .after(2, 1),
        CheckSpec::new("postgres.latency", group, "PostgreSQL's response", CheckUnit::Milliseconds)
            .above(limit(500.0, 250.0), limit(5_000.0, 2_500.0))
            .wrong(
                "PostgreSQL responds slowly",
                "Check the load of its host and the network between; unoc sync status lists slow \
                 statements.",
            )
            .after(3, 2),
        CheckSpec::new(
            "postgres.connections",
            group,
            "PostgreSQL's connections",
            CheckUnit::Percent,
        )
        .above(limit(80.0, 70.0), limit(95.0, 90.0))
        .wrong(
            "PostgreSQL has nearly as many connections as it allows",
            "Raise max_connections of PostgreSQL, put PgBouncer in front of it, or find who \
                 keeps them open: SELECT usename, count(*) FROM pg_stat_activity GROUP BY 1.",
        )
        .each_minute(),
        CheckSpec::new("postgres.size", group, "Size of the database", CheckUnit::Bytes)
            .each_minute(),
        CheckSpec::new("sync.lag", group, "Age of what PostgreSQL lacks", CheckUnit::Seconds)
            .above(limit(60.0, 10.0), limit(900.0, 60.0))
            .wrong(
                "PostgreSQL lacks changes",
                "unoc sync status says what it waits for; unoc sync now sends them at once.",
            ),
    ]
}

fn backups(bounds: CheckBounds) -> Vec<CheckSpec> {
    let group = CheckGroup::Backups;
    let stale_s = Duration::from_secs(bounds.backup_stale_after_s).as_secs_f64();
    let stale_h = stale_s / 3600.0;
    vec![
        CheckSpec::new("backup.age", group, "Age of the newest verified backup", CheckUnit::Hours)
            .above(limit(stale_h, 0.9 * stale_h), limit(3.0 * stale_h, stale_h))
            .wrong(
                "No backup has been verified recently",
                "unoc backup now makes one and says what fails.",
            )
            .after(1, 1)
            .each_minute()
            .major(),
        CheckSpec::new("backup.verified", group, "Time since a test restore", CheckUnit::Days)
            .above(limit(8.0, 7.0), limit(30.0, 8.0))
            .wrong("No backup has been restored for a test recently", "Run: unoc backup verify.")
            .after(2, 1)
            .each_minute(),
        CheckSpec::new("backup.copies", group, "Off-host targets that fail", CheckUnit::Count)
            .above(limit(1.0, 0.0), None)
            .wrong(
                "Backups are not copied off the host",
                "unoc backup list says why; unoc jobs run copy tries it again.",
            )
            .after(2, 1)
            .each_minute()
            .major(),
        CheckSpec::new(
            "backup.copy_age",
            group,
            "Age of the newest off-host copy",
            CheckUnit::Hours,
        )
        .above(limit(1.5 * stale_h, stale_h), limit(4.0 * stale_h, stale_h))
        .wrong(
            "The copies off the host are old",
            "unoc backup list says why; unoc jobs run copy tries it again.",
        )
        .after(1, 1)
        .each_minute()
        .major(),
    ]
}

fn jobs() -> Vec<CheckSpec> {
    let group = CheckGroup::Jobs;
    vec![
        // The jobs open an incident each.
        CheckSpec::new("jobs.failed", group, "Jobs whose last run failed", CheckUnit::Count)
            .above(limit(1.0, 0.0), None)
            .wrong("Jobs failed", "unoc jobs says why; unoc jobs run NAME tries one again.")
            .after(1, 1)
            .each_minute()
            .without_incident(),
        CheckSpec::new("jobs.overdue", group, "Jobs that did not run when due", CheckUnit::Count)
            .above(limit(1.0, 0.0), None)
            .wrong(
                "Jobs did not run when they were due",
                "unoc jobs run NAME runs one; if that fails too: systemctl restart unoc.",
            )
            .after(3, 1)
            .each_minute()
            .major(),
    ]
}

fn service() -> Vec<CheckSpec> {
    let group = CheckGroup::Service;
    vec![
        CheckSpec::new(
            "http.response",
            group,
            "Response of the own address",
            CheckUnit::Milliseconds,
        )
        .above(limit(500.0, 250.0), limit(5_000.0, 2_500.0))
        .wrong(
            "The service does not answer requests as it should",
            "Check max_connections and the processor of this host; then: systemctl restart unoc.",
        )
        .after(3, 2)
        .in_time(Duration::from_secs(15)),
        CheckSpec::new("events.delivery", group, "Delivery of an event", CheckUnit::Seconds)
            .above(limit(2.0, 1.0), limit(8.0, 4.0))
            .wrong(
                "Live events do not arrive",
                "Pages do not update by themselves until this is mended: systemctl restart unoc.",
            )
            .each_minute()
            .in_time(Duration::from_secs(20)),
    ]
}

/// What the server proves who it is with.
fn certificate() -> Vec<CheckSpec> {
    let group = CheckGroup::Service;
    vec![
        // A certificate of 45 days, the shortest that is usual, is renewed when 15 are left.
        CheckSpec::new("tls.expiry", group, "Time until the certificate expires", CheckUnit::Days)
            .below(limit(10.0, 11.0), limit(2.0, 3.0))
            .wrong(
                "The certificate of the server expires soon",
                "Replace the files of tls_cert and tls_key (unoc tls selfsigned --force, if it is signed by \
                 itself); with acme_domains, tls.renewal says what keeps the authority from issuing another one.",
            )
            .after(1, 1)
            .each_minute()
            .major(),
        CheckSpec::new("tls.renewal", group, "Certificate as configured", CheckUnit::YesNo)
            .below(limit(0.0, 1.0), None)
            .wrong(
                "A new certificate is not in effect",
                "The message says what to correct. Then: systemctl reload unoc.",
            )
            .after(1, 1)
            .major(),
    ]
}

/// How the service is set, and who is connected to it.
fn operation() -> Vec<CheckSpec> {
    let group = CheckGroup::Service;
    vec![
        // Nobody has to be woken, and nobody has to wonder.
        CheckSpec::new("settings.off", group, "Features that are off", CheckUnit::Count)
            .above(limit(1.0, 0.0), None)
            .wrong(
                "Features are off",
                "unoc settings shows who switched them off and until when; unoc settings reset NAME \
                 switches one on.",
            )
            .after(1, 1)
            .without_incident(),
        CheckSpec::new(
            "events.interval",
            group,
            "Interval of events chosen by the service",
            CheckUnit::Milliseconds,
        )
        .above(limit(500.0, 100.0), None)
        .wrong(
            "Changes come faster than events can be sent",
            "Find out who changes that much (unoc logs --level info), or send events less often: \
             unoc settings set event_interval_ms=1000 --for 1h.",
        )
        .without_incident(),
        CheckSpec::new(
            "configuration.applied",
            group,
            "Configuration in effect",
            CheckUnit::YesNo,
        )
        .below(limit(0.0, 1.0), None)
        .wrong(
            "The configuration is not in effect",
            "The message says what to change; unoc config check lists every error. Then: systemctl restart unoc.",
        )
        .after(1, 1),
        CheckSpec::new("clients.count", group, "Clients that get events", CheckUnit::Count),
        CheckSpec::new(
            "clients.drop",
            group,
            "Clients lost within an interval",
            CheckUnit::Percent,
        )
        .above(limit(50.1, 25.0), None)
        .wrong(
            "Most clients lost their connection at once",
            "Check the network and the reverse proxy between the clients and this host.",
        )
        .after(1, 8),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::health::LimitSide;
    use crate::store::SERIES_MAX;

    #[test]
    fn each_row_is_complete() {
        let bounds = CheckBounds {
            min_free_bytes: 64 << 20,
            backup_stale_after_s: 36 * 3600,
            engine_queue_max: 4096,
        };
        let table = check_table(bounds);
        let ids: BTreeSet<&str> = table.iter().map(|spec| spec.id).collect();
        assert_eq!(ids.len(), table.len(), "each id once");
        assert!(table.len() <= 40 && table.len() + 8 <= SERIES_MAX, "each has a time series");
        assert!(table.is_sorted_by_key(|spec| spec.group));
        for spec in &table {
            assert!(spec.id.contains('.'), "{}: not the name of another series", spec.id);
            assert!(spec.deadline <= spec.interval.max(Duration::from_secs(20)), "{}", spec.id);
            let Some(limits) = spec.limits else { continue };
            assert!(!spec.problem.is_empty() && spec.remedy.ends_with('.'), "{}", spec.id);
            let is_behind = |first: f64, second: f64| match limits.side {
                LimitSide::Above => first < second,
                LimitSide::Below => first > second,
            };
            for threshold in [limits.warning, limits.critical].into_iter().flatten() {
                assert!(is_behind(threshold.leave, threshold.enter), "{}: a band", spec.id);
            }
            if let (Some(warning), Some(critical)) = (limits.warning, limits.critical) {
                assert!(is_behind(warning.enter, critical.enter), "{}", spec.id);
            }
        }
    }
}
