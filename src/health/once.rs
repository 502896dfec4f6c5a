//! A reading of each check, for a command that cannot wait as the service does. One that is bad is read again.

use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::handle::CheckStatus;
use super::probe::{CheckReading, ProbeTable, Unmeasured};
use super::reading::read;
use super::spec::CheckSpec;
use super::tracker::{CheckState, CheckTracker};

/// How often a check is read while it is bad: one slow commit is no fault.
const READINGS_MAX: u8 = 3;

/// Runs every check of the table that has a probe, and returns what they say, in the order of the table.
pub async fn run_once(table: Vec<CheckSpec>, probes: ProbeTable) -> Vec<CheckStatus> {
    let mut probes = probes.probes;
    let mut readings = FuturesUnordered::new();
    for (place, spec) in table.into_iter().enumerate() {
        let Some(mut probe) = probes.remove(spec.id) else { continue };
        let spec = Arc::new(CheckSpec { readings_to_worsen: 1, readings_to_improve: 1, ..spec });
        readings.push(async move {
            let mut result = read(Arc::clone(&spec), &mut probe).await;
            for _ in 1..READINGS_MAX {
                if !result.as_ref().is_ok_and(|reading| is_bad(&spec, reading)) {
                    break;
                }
                result = read(Arc::clone(&spec), &mut probe).await;
            }
            (place, spec, result)
        });
    }
    let mut checks = Vec::new();
    while let Some((place, spec, result)) = readings.next().await {
        let mut tracker = CheckTracker::default();
        let (value, message) = match result {
            Ok(reading) => {
                tracker.observe(&spec, &reading);
                let CheckReading { value, message } = reading;
                (value, message)
            }
            Err(Unmeasured(why)) => (None, Some(why)),
        };
        let state = tracker.state();
        checks.push((
            place,
            CheckStatus { spec, state, value, message, since: None, checked_at: None },
        ));
    }
    checks.sort_by_key(|(place, _)| *place);
    checks.into_iter().map(|(_, check)| check).collect()
}

/// Whether a value was measured that is beyond a limit. A probe that is broken or late is not asked again.
fn is_bad(spec: &CheckSpec, reading: &CheckReading) -> bool {
    let mut tracker = CheckTracker::default();
    tracker.observe(spec, reading);
    reading.value.is_some() && tracker.state() > CheckState::Ok
}
