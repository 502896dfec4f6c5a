//! The clock: whether it jumps, and whether something keeps it right.

use std::path::Path;

use tokio::time::Instant;

use super::measure::{blocking, unmeasured};
use crate::domain::Timestamp;
use crate::engine::EngineHandle;
use crate::health::{CheckReading, ProbeTable, Unmeasured};

/// Where systemd-timesyncd has its state, and the file there that exists once the clock is synchronized
/// (systemd-timesyncd.service(8)).
const TIMESYNC_DIRECTORY: &str = "/run/systemd/timesync";
const SYNCHRONIZED_FILE: &str = "synchronized";

pub(super) fn add(probes: &mut ProbeTable, engine: &EngineHandle) {
    let handle = engine.clone();
    let mut last: Option<(Timestamp, Instant)> = None;
    probes.add("clock.jump", move || {
        let now = (handle.now(), Instant::now());
        let before = last.replace(now);
        let reading = before.map_or_else(
            || Err(unmeasured("It is known from the second reading on")),
            |before| Ok(jump(before, now)),
        );
        async move { reading }
    });
    add_synchronized(probes);
}

pub(super) fn add_synchronized(probes: &mut ProbeTable) {
    let directory = Path::new(TIMESYNC_DIRECTORY);
    probes.add("clock.synchronized", move || blocking(move || synchronized(directory)));
}

/// How far the wall clock went further, or less far, than time itself.
fn jump(before: (Timestamp, Instant), now: (Timestamp, Instant)) -> CheckReading {
    let elapsed_us = i64::try_from((now.1 - before.1).as_micros()).unwrap_or(i64::MAX);
    let jump_us = now.0.0.saturating_sub(before.0.0).saturating_sub(elapsed_us);
    #[expect(clippy::cast_precision_loss, reason = "exact enough for a text")]
    let jump_s = jump_us as f64 / 1e6;
    let reading = CheckReading::of(jump_s.abs());
    match jump_s {
        jump_s if jump_s >= 1.0 => reading.with(format!("It was set forward by {jump_s:.0} s")),
        jump_s if jump_s <= -1.0 => reading.with(format!("It was set back by {:.0} s", -jump_s)),
        _ => reading,
    }
}

fn synchronized(directory: &Path) -> Result<CheckReading, Unmeasured> {
    if !directory.is_dir() {
        return Err(unmeasured(
            "This host does not use systemd-timesyncd: check its time service with its own command",
        ));
    }
    Ok(CheckReading::yes_no(directory.join(SYNCHRONIZED_FILE).exists()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_jump_is_told_with_its_direction() {
        let begin = (Timestamp(1_000_000_000), Instant::now());
        let check = |wall_s: i64, elapsed_s: u64, expected: f64, message: Option<&str>| {
            let wall = Timestamp(begin.0.0 + wall_s * 1_000_000);
            let reading = jump(begin, (wall, begin.1 + Duration::from_secs(elapsed_s)));
            assert!((reading.value.unwrap() - expected).abs() < 1e-3, "{reading:?}");
            assert_eq!(reading.message.as_deref(), message);
        };
        check(15, 15, 0.0, None);
        check(3615, 15, 3600.0, Some("It was set forward by 3600 s"));
        check(-45, 15, 60.0, Some("It was set back by 60 s"));
    }

    #[test]
    fn a_clock_is_synchronized_once_the_file_is_there() {
        let directory = tempfile::tempdir().unwrap();
        assert!(synchronized(&directory.path().join("missing")).is_err());
        assert_eq!(synchronized(directory.path()), Ok(CheckReading::yes_no(false)));
        std::fs::write(directory.path().join(SYNCHRONIZED_FILE), "").unwrap();
        assert_eq!(synchronized(directory.path()), Ok(CheckReading::yes_no(true)));
    }
}
