//! No check without a test that causes its fault.

use std::fs;
use std::path::Path;

use unoc::health::{CheckBounds, CheckSpec, check_table};

/// What the tests of causes say, without line breaks inside of calls.
fn causes() -> String {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/health");
    let files = fs::read_dir(directory).expect("it is there").map(|it| it.expect("a file").path());
    let is_one = |path: &std::path::PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().ends_with("causes.rs"))
    };
    files.filter(is_one).map(|path| fs::read_to_string(path).expect("a text")).collect()
}

/// Checks whose fault no test can cause through the program, and why.
const NOT_CAUSED: [(&str, &str); 1] = [(
    "events.interval",
    "the engine commits what waits in batches, so that the channel to the events never runs over here; \
     realtime/pace.rs tests what follows when it does",
)];

/// What is missing in the tests for a check.
fn missing<'a>(spec: &CheckSpec, causes: &str) -> Option<&'a str> {
    let id = spec.id;
    let has = |words: &str| causes.contains(words);
    if NOT_CAUSED.iter().any(|(not_caused, _)| *not_caused == id) {
        return None;
    }
    if spec.limits.is_none() {
        // Nothing can be wrong with it; it is measured.
        let is_measured = has(&format!("\"{id}\")")) || has(&format!("\"{id}\", \"ok\""));
        return (!is_measured).then_some("is not measured");
    }
    let states = ["warning", "critical"];
    if !states.iter().any(|state| has(&format!("\"{id}\", \"{state}\""))) {
        return Some("is never wrong");
    }
    let is_followed = |end: &str| {
        has(&format!("\"{id}\", \"{end}\""))
            || has(&format!("recovered(http, \"{id}\")"))
            || has(&format!("recovered(&app, \"{id}\")"))
    };
    if spec.has_incident && !is_followed("closed") {
        return Some("has no incident that ends");
    }
    (!is_followed("ok")).then_some("does not recover")
}

#[test]
fn each_check_of_the_table_has_a_test_that_causes_its_fault() {
    let bounds =
        CheckBounds { min_free_bytes: 0, backup_stale_after_s: 3600, engine_queue_max: 100 };
    let (table, causes) = (check_table(bounds), causes());
    let lacking = table.iter().filter_map(|spec| Some((spec.id, missing(spec, &causes)?)));
    assert_eq!(lacking.collect::<Vec<_>>(), []);
}
