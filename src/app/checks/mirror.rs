//! PostgreSQL, as the mirror's thread last saw it: a check never waits for it.

use std::time::Duration;

use super::measure::{blocking, float, milliseconds, percent, unmeasured};
use crate::engine::EngineHandle;
use crate::health::{CheckReading, ProbeTable, Unmeasured};
use crate::pg::PgConfig;
use crate::sync::{ServerStats, SyncHandle, SyncState, SyncStatus};

pub(super) fn add(probes: &mut ProbeTable, engine: &EngineHandle, sync: &SyncHandle) {
    let mut of_status = |id, read: fn(&SyncStatus) -> Result<CheckReading, Unmeasured>| {
        let sync = sync.clone();
        probes.add(id, move || {
            let reading = read(&sync.status());
            async move { reading }
        });
    };
    of_status("postgres.reachable", reachable);
    of_status("postgres.latency", |status| match status.latency {
        Some(latency) => Ok(CheckReading::of(milliseconds(latency))),
        None => Err(unmeasured("PostgreSQL is not connected")),
    });
    of_status("postgres.connections", |status| {
        let ServerStats { connections, max_connections, .. } = *stats(status)?;
        let message = format!("{connections} of {max_connections}");
        Ok(CheckReading::of(percent(connections, max_connections)).with(message))
    });
    of_status("postgres.size", |status| Ok(CheckReading::of(float(stats(status)?.size_bytes))));
    let (handle, sync) = (engine.clone(), sync.clone());
    probes.add("sync.lag", move || {
        let behind_us = sync.status().behind_since.map_or(0, |since| handle.now().0 - since.0);
        let behind = Duration::from_micros(u64::try_from(behind_us).unwrap_or(0));
        async move { Ok(CheckReading::of(behind.as_secs_f64())) }
    });
}

/// A login of its own, for a command: no mirror runs then.
pub(super) fn add_login(probes: &mut ProbeTable, database: PgConfig) {
    probes.add("postgres.reachable", move || {
        let database = database.clone();
        blocking(move || {
            Ok(match database.check() {
                Ok(server) => {
                    let message = format!("PostgreSQL {}", server.version);
                    CheckReading::yes_no(true).with(message)
                }
                Err(error) => CheckReading::broken(error.to_string()),
            })
        })
    });
}

fn reachable(status: &SyncStatus) -> Result<CheckReading, Unmeasured> {
    let is_not = CheckReading::yes_no(false);
    match status.state {
        SyncState::Live | SyncState::Loading => Ok(CheckReading::yes_no(true)),
        SyncState::Waiting => {
            let error = status.last_error.as_ref().map(|error| error.explanation.to_string());
            Ok(is_not.with(error.unwrap_or_else(|| "PostgreSQL is unreachable".to_owned())))
        }
        SyncState::Stopped => {
            let obstacle = status.obstacle.as_ref().map(|obstacle| obstacle.message.clone());
            Ok(is_not.with(obstacle.unwrap_or_else(|| "Sync is stopped".to_owned())))
        }
        SyncState::Off | SyncState::Connecting => Err(unmeasured("The first attempt is under way")),
    }
}

/// The statistics, which are read once a minute.
fn stats(status: &SyncStatus) -> Result<&ServerStats, Unmeasured> {
    let is_connected = matches!(status.state, SyncState::Live | SyncState::Loading);
    let stats = status.server_stats.as_ref().filter(|_| is_connected);
    stats.ok_or_else(|| unmeasured("PostgreSQL is not connected, or hides its statistics"))
}
