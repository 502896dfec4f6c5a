//! What the site, the store, the mirror, backups and checks are like now.

use std::time::Duration;

use super::super::error::ApiError;
use super::super::state::ApiState;
use super::super::sync::behind_s;
use crate::backup::{Backups, CatalogEntry, Overview, TargetState};
use crate::domain::EntityKind;
use crate::engine::DataVolume;
use crate::health::{CheckState, HealthHandle};
use crate::util::metrics::{Metric, float};

pub(super) fn of_site(
    state: &ApiState,
    volume: Option<&DataVolume>,
) -> Result<Vec<Metric>, ApiError> {
    let snapshot = state.handle().read();
    let count = |name, help, kind| -> Result<Metric, ApiError> {
        Ok(Metric::gauge(name, help, float(snapshot.count(kind)?)))
    };
    let mut metrics = vec![
        count("unoc_devices", "Number of devices", EntityKind::Device)?,
        count("unoc_interfaces", "Number of interfaces", EntityKind::Interface)?,
        count("unoc_links", "Number of links", EntityKind::Link)?,
        Metric::gauge("unoc_seq", "Number of the last commit", float(snapshot.seq())),
    ];
    if let Some(volume) = volume {
        let free = float(volume.space.free_bytes);
        let help = "Free space on the data volume";
        metrics.push(Metric::gauge("unoc_volume_free_bytes", help, free));
    }
    let is_writable = flag(volume.is_some_and(DataVolume::is_writable));
    let help = "1 while changes are accepted";
    metrics.push(Metric::gauge("unoc_is_writable", help, is_writable));
    let sync = state.sync().status();
    metrics.push(Metric::gauge(
        "unoc_sync_behind_seconds",
        "Age of the oldest change that PostgreSQL lacks",
        behind_s(&sync, state.handle().now()),
    ));
    metrics.push(Metric::gauge(
        "unoc_sync_dirty",
        "Changed entities that PostgreSQL has not confirmed",
        float(snapshot.dirty_count()?),
    ));
    Ok(metrics)
}

/// `overview` is `None` if the directory has never responded or cannot be read.
pub(super) fn of_backups(backups: &Backups, overview: Option<&Overview>) -> Vec<Metric> {
    let mut metrics = vec![
        Metric::gauge(
            "unoc_backup_is_stale",
            "1 if no backup has been verified recently",
            flag(backups.protection().is_stale),
        ),
        Metric::gauge(
            "unoc_backup_directory_is_answering",
            "1 if the backup directory responds; 0 if these values are from its last response",
            flag(overview.is_some_and(|overview| overview.is_answering)),
        ),
    ];
    let Some(overview) = overview else { return metrics };
    let count = |is: fn(&CatalogEntry) -> bool| {
        float(overview.entries.iter().filter(|entry| is(entry)).count() as u64)
    };
    let failing = overview.targets.iter().filter(|target| target.state == TargetState::Failing);
    metrics.extend([
        Metric::gauge(
            "unoc_backup_directory_look_age_seconds",
            "Age of these values about backups",
            overview.age.as_secs_f64(),
        ),
        Metric::gauge("unoc_backups", "Number of backups", count(|_| true)),
        Metric::gauge(
            "unoc_backups_bad",
            "Number of backups that failed verification",
            count(CatalogEntry::is_bad),
        ),
        Metric::gauge(
            "unoc_backup_targets_failing",
            "Number of off-host targets to which the last copy failed",
            float(failing.count() as u64),
        ),
        Metric::gauge(
            "unoc_backup_is_encrypted",
            "1 if new backups are encrypted",
            flag(backups.options().keyring.is_on()),
        ),
    ]);
    if let Some(rpo_s) = overview.rpo_s {
        let help = "Age of the newest verified backup";
        metrics.push(Metric::gauge("unoc_backup_rpo_seconds", help, rpo_s));
    }
    if let Some(rto_s) = overview.rto_s {
        let help = "Duration of the last test restore";
        metrics.push(Metric::gauge("unoc_backup_rto_seconds", help, rto_s));
    }
    if let Some(newest) = &overview.newest_verified {
        metrics.extend(of_newest(newest));
    }
    metrics
}

fn of_newest(newest: &CatalogEntry) -> [Metric; 3] {
    let manifest = &newest.manifest;
    let at = Duration::from_micros(u64::try_from(manifest.header.taken_at_us).unwrap_or(0));
    [
        Metric::gauge(
            "unoc_backup_restorable_as_of_seconds",
            "Time of the newest verified backup, since 1970",
            at.as_secs_f64(),
        ),
        Metric::gauge("unoc_backup_size_bytes", "Size of that backup", float(manifest.bytes)),
        Metric::gauge(
            "unoc_backup_duration_seconds",
            "Duration of making that backup",
            Duration::from_millis(manifest.duration_ms).as_secs_f64(),
        ),
    ]
}

/// A series for each check: some thirty. A check without a value has no series of it.
pub(super) fn of_checks(health: &HealthHandle) -> [Metric; 2] {
    let checks = health.checks();
    let states = checks.iter().map(|check| {
        let state = match check.state {
            CheckState::Unknown => -1.0,
            CheckState::Ok => 0.0,
            CheckState::Warning => 1.0,
            CheckState::Critical => 2.0,
        };
        (check.spec.id, state)
    });
    let values = checks.iter().filter_map(|check| Some((check.spec.id, check.value?)));
    [
        Metric::gauges(
            "unoc_check_state",
            "State of a check: 0 ok, 1 warning, 2 critical, -1 unknown",
            "check",
            states,
        ),
        Metric::gauges(
            "unoc_check_value",
            "Value of a check in its unit, see /api/health",
            "check",
            values,
        ),
    ]
}

fn flag(is_set: bool) -> f64 {
    float(u64::from(is_set))
}
