//! Settings of the properties that run random commands.
//!
//! `UNOC_TEST_CASES` sets the number of cases of each property. A failure prints the seeds of the
//! shortest sequence of commands that still fails.

use proptest::prelude::*;

use super::commands::setting;

pub(crate) fn config(default: u32) -> ProptestConfig {
    ProptestConfig {
        cases: setting("UNOC_TEST_CASES", default),
        failure_persistence: None,
        max_shrink_iters: 2000,
        ..ProptestConfig::default()
    }
}

/// Each command has a seed of its own, so that a sequence stays meaningful when others leave it.
pub(crate) fn seed() -> impl Strategy<Value = u64> {
    any::<u64>().no_shrink()
}
