//! `unoc reports`, with a running server and without one.

use crate::harness::process::{Server, run};

#[test]
fn reports_are_listed_and_shown() {
    let directory = tempfile::tempdir().unwrap();
    let missing = run(directory.path(), &["reports"]).expect(75);
    assert!(missing.stderr.contains("no server runs on"), "{missing:?}");
    let server = Server::start(directory.path(), &[]);
    let none = run(directory.path(), &["reports", "--kind", "capacity"]).expect(0);
    assert_eq!(none.stdout, "There are no reports yet.\n");
    let unknown = run(directory.path(), &["reports", "7"]).expect(3);
    assert!(unknown.stderr.contains("Report not found"), "{unknown:?}");
    let kind = run(directory.path(), &["reports", "--kind", "daily"]).expect(2);
    assert!(kind.stderr.contains("use one of daily_review, "), "{kind:?}");
    assert_eq!(run(directory.path(), &["jobs", "run", "daily-review"]).expect(0).stderr, "");
    let listed = run(directory.path(), &["reports"]).expect(0).stdout;
    assert!(listed.starts_with("    1  daily_review       20"), "{listed}");
    let shown = run(directory.path(), &["reports", "1"]).expect(0).stdout;
    assert!(shown.starts_with("Daily review: "), "{shown}");
    assert!(shown.contains("\nOVERRIDES\n  In force  1\n"), "{shown}");
    let json = run(directory.path(), &["reports", "1", "--json"]).expect(0).stdout;
    let report: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(report["kind"], "daily_review");
    assert!(server.terminate().0.success());
}
