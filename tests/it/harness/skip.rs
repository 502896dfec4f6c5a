//! Saying that a test cannot run here, so that it counts as skipped and not as passed.

use std::fs::OpenOptions;
use std::io::Write;

/// Says it on standard error, and in the file that `ops/check.sh` counts.
pub(crate) fn skip(what: &str) {
    // Not through `eprintln!`: that is shown for failed tests only.
    writeln!(std::io::stderr(), "SKIPPED: {what}").ok();
    #[expect(clippy::disallowed_methods, reason = "the check script says it by the environment")]
    if let Ok(path) = std::env::var("UNOC_TEST_SKIPS") {
        let file = OpenOptions::new().create(true).append(true).open(path);
        file.and_then(|mut file| writeln!(file, "{what}")).expect("the skip can be noted");
    }
}
