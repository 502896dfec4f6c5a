//! docs/SECURITY.md: what is said to show a promise exists.

use super::{files_under, read, root};

/// The columns of a promise: what, and what shows it.
const HEADING: &str = "| promise | shown by |";

#[test]
fn what_shows_a_promise_exists() {
    let text = read("docs/SECURITY.md");
    let mut promises = 0;
    let mut faults = Vec::new();
    let mut is_promise = false;
    for (number, line) in (1..).zip(text.lines()) {
        is_promise = line == HEADING || is_promise && line.starts_with('|');
        if !is_promise || line == HEADING || line.starts_with("|---") {
            continue;
        }
        promises += 1;
        let shown_by = line.trim_end_matches(['|', ' ']).rsplit_once('|').expect("two columns").1;
        let codes: Vec<&str> = shown_by.split('`').skip(1).step_by(2).collect();
        if codes.is_empty() {
            faults.push(format!("line {number}: nothing shows it"));
        }
        let (files, names): (Vec<&str>, Vec<&str>) =
            codes.into_iter().partition(|code| root().join(code).exists());
        let texts = files.iter().map(|file| content(file)).collect::<Vec<_>>().concat();
        let missing = names.into_iter().filter(|name| !texts.contains(*name));
        faults.extend(missing.map(|name| format!("line {number}: {name} is not in {files:?}")));
    }
    assert!(promises > 10, "the tables of promises were not found");
    assert!(faults.is_empty(), "docs/SECURITY.md\n{}", faults.join("\n"));
}

/// The text of a file, or of all sources below a folder.
fn content(path: &str) -> String {
    if root().join(path).is_dir() {
        let files = files_under(path, &["rs", "mjs", "ts", "py", "sh"]);
        files.into_iter().map(|(_, text)| text).collect()
    } else {
        read(path)
    }
}
