//! From readings to a state. There is no time here: only the order of readings counts.

use super::probe::CheckReading;
use super::spec::{CheckLimits, CheckSpec, LimitSide, Threshold};

/// Readings in a row that may be missed before the state is unknown.
pub const MISSED_READINGS_MAX: u8 = 3;

/// What a check says, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CheckState {
    /// It was not measured lately: neither in order nor a problem.
    Unknown,
    Ok,
    Warning,
    Critical,
}

impl CheckState {
    pub const ALL: [Self; 4] = [Self::Unknown, Self::Ok, Self::Warning, Self::Critical];

    /// The word in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// The state of one check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckTracker {
    state: CheckState,
    /// The state that the last readings lead to if enough of them follow, and how many there were.
    pending: Option<(CheckState, u8)>,
    missed: u8,
}

impl Default for CheckTracker {
    fn default() -> Self {
        Self { state: CheckState::Unknown, pending: None, missed: 0 }
    }
}

impl CheckTracker {
    pub fn state(&self) -> CheckState {
        self.state
    }

    /// Takes a reading. Returns whether the state changed.
    pub fn observe(&mut self, spec: &CheckSpec, reading: &CheckReading) -> bool {
        self.missed = 0;
        let level = match (reading.value, spec.limits) {
            (None, _) => CheckState::Critical,
            (Some(_), None) => CheckState::Ok,
            (Some(value), Some(limits)) => level(limits, self.state, value),
        };
        if level == self.state {
            self.pending = None;
            return false;
        }
        if self.state == CheckState::Unknown && level == CheckState::Ok {
            return self.enter(level);
        }
        // A check that was unknown gets worse like one that was in order.
        let from = self.state.max(CheckState::Ok);
        let is_worse = level > from;
        let (next, count) = match self.pending {
            Some((next, count)) if (next > from) == is_worse => {
                (if is_worse { next.min(level) } else { next.max(level) }, count + 1)
            }
            _ => (level, 1),
        };
        let needed = if is_worse { spec.readings_to_worsen } else { spec.readings_to_improve };
        if count >= needed {
            return self.enter(next);
        }
        self.pending = Some((next, count));
        false
    }

    /// Takes note of a reading that failed. Returns whether the state changed.
    pub fn miss(&mut self) -> bool {
        self.missed = self.missed.saturating_add(1);
        let is_changed = self.missed >= MISSED_READINGS_MAX && self.state != CheckState::Unknown;
        if is_changed {
            self.enter(CheckState::Unknown);
        }
        is_changed
    }

    fn enter(&mut self, state: CheckState) -> bool {
        (self.state, self.pending) = (state, None);
        true
    }
}

/// What a value means: a state that was entered is left at its other threshold.
fn level(limits: CheckLimits, state: CheckState, value: f64) -> CheckState {
    let is_beyond = |threshold: Option<Threshold>, is_entered: bool| {
        threshold.is_some_and(|Threshold { enter, leave }| match (limits.side, is_entered) {
            (LimitSide::Above, false) => value >= enter,
            (LimitSide::Above, true) => value > leave,
            (LimitSide::Below, false) => value <= enter,
            (LimitSide::Below, true) => value < leave,
        })
    };
    if is_beyond(limits.critical, state >= CheckState::Critical) {
        CheckState::Critical
    } else if is_beyond(limits.warning, state >= CheckState::Warning) {
        CheckState::Warning
    } else {
        CheckState::Ok
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::health::{CheckGroup, CheckUnit};

    /// A warning from 10 until 5, critical from 20 until 15; worse after two readings, better after three.
    fn spec() -> CheckSpec {
        let (warning, critical) = (Threshold::new(10.0, 5.0), Threshold::new(20.0, 15.0));
        CheckSpec::new("x", CheckGroup::Store, "X", CheckUnit::Count)
            .above(Some(warning), Some(critical))
            .after(2, 3)
    }

    /// The states after each reading; NaN is a reading that was missed, infinity one of a broken thing.
    fn states(spec: &CheckSpec, readings: &[f64]) -> String {
        let mut tracker = CheckTracker::default();
        let state = |value: &f64| {
            let before = tracker.state();
            let is_changed = match value {
                value if value.is_nan() => tracker.miss(),
                value if value.is_infinite() => tracker.observe(spec, &CheckReading::broken("b")),
                value => tracker.observe(spec, &CheckReading::of(*value)),
            };
            assert_eq!(is_changed, before != tracker.state());
            match tracker.state() {
                CheckState::Unknown => '?',
                CheckState::Ok => 'o',
                CheckState::Warning => 'w',
                CheckState::Critical => 'C',
            }
        };
        readings.iter().map(state).collect()
    }

    #[test]
    fn readings_lead_to_states() {
        const MISS: f64 = f64::NAN;
        const BROKEN: f64 = f64::INFINITY;
        let check = |readings: &[f64], expected: &str| {
            assert_eq!(states(&spec(), readings), expected, "{readings:?}");
        };
        check(&[1.0, 9.9], "oo");
        // A first reading that is bad waits for another one, as any other.
        check(&[10.0, 10.0], "?w");
        check(&[1.0, 10.0, 1.0, 10.0, 10.0], "oooow");
        check(&[1.0, 20.0, 20.0], "ooC");
        // The milder of two bad readings, then worse after two more.
        check(&[1.0, 20.0, 10.0, 20.0, 20.0], "oowwC");
        check(&[1.0, 10.0, 10.0, 5.1, 5.1, 5.1], "oowwww");
        check(&[1.0, 10.0, 10.0, 5.0, 5.0, 5.0], "oowwwo");
        check(&[1.0, 10.0, 10.0, 5.0, 5.0, 6.0, 5.0, 5.0, 5.0], "oowwwwwwo");
        // From critical to a warning, as long as one of the readings is that.
        check(&[1.0, 30.0, 30.0, 1.0, 14.0, 1.0, 1.0, 1.0, 1.0], "ooCCCwwwo");
        check(&[1.0, 30.0, 30.0, 15.1, 15.1, 15.1], "ooCCCC");
        check(&[1.0, BROKEN, BROKEN, 1.0, 1.0, 1.0], "ooCCCo");
        check(&[1.0, MISS, MISS, 1.0, MISS, MISS, MISS, 1.0], "oooooo?o");
        check(&[1.0, 10.0, 10.0, MISS, MISS, MISS, 10.0, 10.0], "oowww??w");
        let below = CheckSpec::new("y", CheckGroup::Host, "Y", CheckUnit::Count)
            .below(Some(Threshold::new(10.0, 12.0)), None)
            .after(1, 1);
        assert_eq!(states(&below, &[11.0, 10.0, 11.9, 12.0, 10.1, 0.0]), "owwoow");
        let unlimited = CheckSpec::new("z", CheckGroup::Host, "Z", CheckUnit::Count);
        assert_eq!(states(&unlimited, &[1e9, BROKEN, BROKEN]), "ooC");
    }

    proptest! {
        #[test]
        fn a_value_that_wavers_in_the_band_changes_nothing(
            is_high in any::<bool>(),
            wavering in prop::collection::vec(5.01..9.99_f64, 1..60),
        ) {
            let mut readings = vec![if is_high { 10.0 } else { 1.0 }; 3];
            readings.extend(wavering);
            let found = states(&spec(), &readings);
            let expected = if is_high { 'w' } else { 'o' };
            prop_assert!(found[3..].chars().all(|state| state == expected), "{}", found);
        }

        #[test]
        fn a_state_changes_only_after_as_many_readings_as_it_takes(
            readings in prop::collection::vec(0.0..30.0_f64, 0..80),
        ) {
            let found = states(&spec(), &readings);
            let mut last_change = 0;
            let all: Vec<char> = found.chars().collect();
            for (at, pair) in all.windows(2).enumerate() {
                if pair[0] != pair[1] {
                    prop_assert!(pair[0] == '?' || at + 1 - last_change >= 2, "{}", found);
                    last_change = at + 1;
                }
            }
        }
    }
}
