//! `unoc man`: valid manual pages.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use crate::harness::process::{said, unoc};
use crate::harness::skip;

#[test]
fn the_manual_has_every_setting_and_a_page_for_each_command() {
    let page = said(&mut unoc(&["man"])).expect(0).stdout;
    // roff writes a hyphen as \-.
    let page = page.replace("\\-", "-");
    for key in unoc::config::keys() {
        for name in key.flag.iter().chain(key.environment).chain([&key.name]) {
            assert!(page.contains(name), "{name}: {page}");
        }
    }
    assert!(page.contains("EXIT STATUS"), "{page}");
    let directory = tempfile::tempdir().unwrap();
    let pages = directory.path().join("man1");
    let told = said(unoc(&["man"]).arg(&pages)).expect(0).stdout;
    let files: BTreeSet<String> = fs::read_dir(&pages)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(told.starts_with(&format!("{} manual pages are in ", files.len())), "{told}");
    for file in ["unoc.1", "unoc-serve.1", "unoc-backup.1", "unoc-backup-now.1", "unoc-man.1"] {
        assert!(files.contains(file), "{file}: {files:?}");
    }
    assert!(!files.iter().any(|file| file.contains("help")), "{files:?}");
    lint(&pages);
}

/// Renders each page with all warnings, if a renderer is installed.
fn lint(pages: &std::path::Path) {
    let mut linted = 0;
    for (program, flags) in
        [("mandoc", &["-T", "lint", "-W", "warning"][..]), ("groff", &["-ww", "-man", "-Tutf8"])]
    {
        for page in fs::read_dir(pages).expect("the pages") {
            let page = page.expect("a page").path();
            let Ok(output) = Command::new(program).args(flags).arg(&page).output() else { break };
            linted += 1;
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            let told = match program {
                "mandoc" => String::from_utf8_lossy(&output.stdout).into_owned() + &told,
                _ => told,
            };
            // The pages of a version do not depend on the time.
            let is_fault = |line: &&str| !line.contains("missing date");
            let faults: Vec<&str> = told.lines().filter(is_fault).collect();
            assert!(faults.is_empty(), "{program} {}: {faults:?}", page.display());
        }
    }
    if linted == 0 {
        skip("rendering the manual pages (neither mandoc nor groff is installed)");
    }
}
