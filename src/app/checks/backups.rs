//! Backups: how old the newest is, whether it was restored, and whether copies are off the host.

use std::time::Duration;

use super::measure::{float, unmeasured};
use crate::backup::{Backups, Overview, TargetState};
use crate::domain::Timestamp;
use crate::engine::EngineHandle;
use crate::health::{CheckReading, ProbeTable, Unmeasured};

pub(super) fn add(probes: &mut ProbeTable, engine: &EngineHandle, backups: &Backups) {
    let own = backups.clone();
    probes.add("backup.age", move || {
        let own = own.clone();
        async move {
            // This reads the directory: before, nothing is known of what is in it.
            let seen = own.observe().await.map_err(unmeasured)?;
            match seen.rpo_s {
                Some(rpo_s) => Ok(CheckReading::of(rpo_s / 3600.0)),
                None if !seen.is_answering => {
                    Err(unmeasured("The backup directory does not respond"))
                }
                None if own.protection().is_stale => {
                    Ok(CheckReading::broken("There is no verified backup"))
                }
                None => {
                    Err(unmeasured("There is no verified backup yet; the job backup makes one"))
                }
            }
        }
    });
    add_of_overview(probes, engine, backups, "backup.verified", |overview, now| {
        let verified_at = overview.rehearsed_at;
        let at =
            verified_at.ok_or_else(|| unmeasured("No backup has been restored for a test yet"))?;
        Ok(CheckReading::of(age_s(at, now) / 86_400.0))
    });
    if !backups.options().has_targets() {
        return;
    }
    add_of_overview(probes, engine, backups, "backup.copies", |overview, _| {
        let failing = overview.targets.iter().filter(|it| it.state == TargetState::Failing);
        let failing: Vec<_> = failing.collect();
        let reading = CheckReading::of(float(failing.len() as u64));
        let Some(first) = failing.first() else { return Ok(reading) };
        let why = first.last_error.as_deref().unwrap_or("the last copy failed");
        Ok(reading.with(format!("{}: {why}", first.name)))
    });
    add_of_overview(probes, engine, backups, "backup.copy_age", |overview, now| {
        let copied_at = overview.targets.iter().filter_map(|target| target.last_ok_at).max();
        let at =
            copied_at.ok_or_else(|| unmeasured("No backup has been copied off the host yet"))?;
        Ok(CheckReading::of(age_s(at, now) / 3600.0))
    });
}

type ReadOverview = fn(&Overview, Timestamp) -> Result<CheckReading, Unmeasured>;

fn add_of_overview(
    probes: &mut ProbeTable,
    engine: &EngineHandle,
    backups: &Backups,
    id: &'static str,
    read: ReadOverview,
) {
    let (engine, backups) = (engine.clone(), backups.clone());
    probes.add(id, move || {
        let (engine, backups) = (engine.clone(), backups.clone());
        async move {
            let overview = backups.observe().await.map_err(unmeasured)?;
            if !overview.is_answering {
                return Err(unmeasured("The backup directory does not respond"));
            }
            read(&overview, engine.now())
        }
    });
}

/// From one time to another; 0 when it is earlier.
fn age_s(at: Timestamp, now: Timestamp) -> f64 {
    let micros = u64::try_from(now.0.saturating_sub(at.0)).unwrap_or(0);
    Duration::from_micros(micros).as_secs_f64()
}
