//! Random commands against a plain oracle.
//!
//! `UNOC_TEST_CASES` sets the number of cases of each property. A failure prints the seeds of the
//! shortest sequence of commands that still fails.

mod engine;
pub(crate) mod world;

use proptest::prelude::*;

use crate::support::commands::setting;

/// Cases by default; both properties together take some 30 s unoptimised.
const WORLD_CASES: u32 = 256;
const ENGINE_CASES: u32 = 48;

fn config(default: u32) -> ProptestConfig {
    ProptestConfig {
        cases: setting("UNOC_TEST_CASES", default),
        failure_persistence: None,
        max_shrink_iters: 2000,
        ..ProptestConfig::default()
    }
}

/// Each command has a seed of its own, so that a sequence stays meaningful when others leave it.
fn seed() -> impl Strategy<Value = u64> {
    any::<u64>().no_shrink()
}

proptest! {
    #![proptest_config(config(WORLD_CASES))]

    #[test]
    fn the_world_follows_the_rules(seeds in prop::collection::vec(seed(), 1..90)) {
        world::run(&seeds);
    }
}

proptest! {
    #![proptest_config(config(ENGINE_CASES))]

    /// A burst is submitted at once; an empty one restarts the engine.
    #[test]
    fn the_engine_keeps_on_disk_what_the_rules_say(
        bursts in prop::collection::vec(prop::collection::vec(seed(), 0..8), 1..24),
    ) {
        engine::run(&bursts);
    }
}
