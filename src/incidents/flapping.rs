//! Flap detection: whether a problem comes and goes.
//!
//! The last 21 states have 20 places for a change. A change counts between 0.8 (the oldest) and 1.2 (the
//! newest), as in Nagios Core ("Detection and Handling of State Flapping"). From 30 % of all changes on a
//! problem flaps, below 25 % it no longer does: the difference keeps the decision itself from flapping.

/// States that are looked at.
pub(super) const STATES: u32 = 21;
const MASK: u32 = (1 << STATES) - 1;
/// The weight of the oldest change, and how much each younger one weighs more: 0.8 and 1.2 in 190ths.
const WEIGHT_OLDEST: u32 = 152;
const WEIGHT_STEP: u32 = 4;
/// The weight of one percent: all twenty changes weigh 20 x 190.
const WEIGHT_PERCENT: u32 = 38;
const ENTER_PERCENT: u32 = 30;
const LEAVE_PERCENT: u32 = 25;

/// Appends a state.
pub(super) fn push(history: u32, is_problem: bool) -> u32 {
    ((history << 1) | u32::from(is_problem)) & MASK
}

/// Whether the states differ, so that appending more of them means something.
pub(super) fn is_mixed(history: u32) -> bool {
    history != 0 && history != MASK
}

/// Whether a problem with these states flaps, given whether it did before.
pub(super) fn is_flapping(history: u32, was_flapping: bool) -> bool {
    let percent = if was_flapping { LEAVE_PERCENT } else { ENTER_PERCENT };
    weight(history) >= percent * WEIGHT_PERCENT
}

fn weight(history: u32) -> u32 {
    // The lowest bit is the newest change.
    let changes = (history ^ (history >> 1)) & (MASK >> 1);
    let is_change = |age: &u32| changes & (1 << age) != 0;
    (0..STATES - 1).filter(is_change).map(|age| WEIGHT_OLDEST + WEIGHT_STEP * (19 - age)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(states: &str) -> u32 {
        states.chars().fold(0, |history, state| push(history, state == 'x'))
    }

    #[test]
    fn changes_weigh_more_the_newer_they_are() {
        let rows = [
            ("", 0),
            ("x", 228),
            ("xx", 224),
            ("x.", 228 + 224),
            ("x....................", 152),
            ("x.....................", 0),
            ("x.x.x.x.x.x.x.x.x.x.x", 20 * 190),
        ];
        for (states, expected) in rows {
            assert_eq!(weight(after(states)), expected, "{states}");
        }
    }

    #[test]
    fn it_enters_at_30_percent_and_leaves_below_25() {
        let rows = [
            ("x.x.x", false, false),
            ("x.x.x.", false, true),
            // 25.6 %, then 21 %.
            ("x.x.x...............", true, true),
            ("x.x.x...............", false, false),
            ("x.x.x................", true, false),
        ];
        for (states, was, expected) in rows {
            assert_eq!(is_flapping(after(states), was), expected, "{states} {was}");
        }
    }

    #[test]
    fn equal_states_are_not_mixed() {
        assert!(!is_mixed(0));
        assert!(!is_mixed(after("xxxxxxxxxxxxxxxxxxxxx")));
        assert!(is_mixed(after("x")));
    }
}
