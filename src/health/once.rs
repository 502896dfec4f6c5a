//! One reading of each check, for a command: there is nothing to wait for, so one is enough.

use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::handle::CheckStatus;
use super::probe::{CheckReading, ProbeTable, Unmeasured};
use super::reading::read;
use super::spec::CheckSpec;
use super::tracker::CheckTracker;

/// Runs every check of the table that has a probe once, and returns what they say, in the order of the table.
pub async fn run_once(table: Vec<CheckSpec>, probes: ProbeTable) -> Vec<CheckStatus> {
    let mut probes = probes.probes;
    let mut readings = FuturesUnordered::new();
    for (place, spec) in table.into_iter().enumerate() {
        let Some(mut probe) = probes.remove(spec.id) else { continue };
        let spec = Arc::new(CheckSpec { readings_to_worsen: 1, readings_to_improve: 1, ..spec });
        let reading = read(Arc::clone(&spec), &mut probe);
        readings.push(async move { (place, spec, reading.await) });
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
