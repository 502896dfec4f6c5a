//! Random input for everything that reads what others wrote, one target each. ops/fuzz.sh says how to run it.
//!
//! A target fails by a panic, by an input that takes too long, and by too much memory; some also check that what
//! was read is the same when it is written and read again.
#![no_main]

mod config;
mod csv;
mod dump;
mod headers;
mod json_lines;
mod pem;
mod secrets;
mod socket;
mod sql_rows;

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

/// What a target does with an input.
type Run = fn(&[u8]);

/// The name of each target.
const TARGETS: [(&str, Run); 9] = [
    ("config", config::run),
    ("csv", csv::run),
    ("dump", dump::run),
    ("headers", headers::run),
    ("json_lines", json_lines::run),
    ("pem", pem::run),
    ("secrets", secrets::run),
    ("socket", socket::run),
    ("sql_rows", sql_rows::run),
];

static TARGET: LazyLock<Run> = LazyLock::new(|| {
    let name = target_name();
    let names = TARGETS.map(|(name, _)| name).join(", ");
    let found = TARGETS.into_iter().find(|(known, _)| *known == name);
    found.unwrap_or_else(|| panic!("UNOC_FUZZ_TARGET is none of {names}")).1
});

/// Arguments are libFuzzer's.
#[expect(clippy::disallowed_methods, reason = "of the fuzzer, which has no configuration")]
fn target_name() -> String {
    std::env::var("UNOC_FUZZ_TARGET").unwrap_or_default()
}

fuzz_target!(|data: &[u8]| TARGET(data));
