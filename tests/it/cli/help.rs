//! The help of each command.

use crate::harness::process::{said, unoc};

const COMMANDS: &[&[&str]] = &[
    &[],
    &["serve"],
    &["seed"],
    &["export"],
    &["import"],
    &["sync"],
    &["sync", "status"],
    &["jobs"],
    &["jobs", "run"],
    &["jobs", "schedule"],
    &["settings"],
    &["settings", "set"],
    &["settings", "reset"],
    &["doctor"],
    &["user"],
    &["user", "add"],
    &["user", "password"],
    &["user", "remove"],
    &["user", "setup-link"],
    &["token"],
    &["token", "create"],
    &["sessions"],
    &["sessions", "end"],
    &["runbook"],
    &["runbook", "record"],
    &["audit"],
    &["audit", "list"],
    &["audit", "export"],
    &["logs"],
    &["notify"],
    &["notify", "test"],
    &["backup"],
    &["backup", "now"],
    &["backup", "verify"],
    &["restore"],
    &["upgrade"],
    &["rollback"],
    &["config"],
    &["config", "show"],
    &["openapi"],
    &["completions"],
    &["man"],
    &["version"],
];

/// Longest line of help, clap's own limit.
const COLUMNS_MAX: usize = 100;

fn help(command: &[&str], flag: &str) -> String {
    said(unoc(command).arg(flag)).expect(0).stdout
}

#[test]
fn help_fits_into_a_terminal() {
    for command in COMMANDS {
        for flag in ["--help", "-h"] {
            let help = help(command, flag);
            let wide = help.lines().find(|line| line.chars().count() > COLUMNS_MAX);
            assert_eq!(wide, None, "{command:?}");
        }
    }
}

#[test]
fn only_the_help_of_serve_lists_the_settings() {
    for command in COMMANDS {
        let help = help(command, "--help");
        assert!(help.contains("--data-dir") && help.contains("--config"), "{command:?}: {help}");
        assert_eq!(help.contains("--port"), *command == ["serve"], "{command:?}: {help}");
    }
    assert!(help(&[], "--help").contains("serve --help"));
    let serve = help(&["serve"], "--help");
    for flag in unoc::config::keys().iter().filter_map(|key| key.flag) {
        assert!(serve.contains(flag), "{flag}: {serve}");
    }
}

#[test]
fn settings_are_accepted_before_and_after_every_command() {
    for arguments in
        [&["config", "show", "--port", "5999"][..], &["--port", "5999", "config", "show"]]
    {
        let shown = said(unoc(arguments).args(["--data-dir", "/nonexistent"])).expect(0).stdout;
        assert!(shown.contains("5999"), "{arguments:?}: {shown}");
    }
    // Before and after `serve`; the port is printed as it was given.
    for arguments in [&["serve", "--port", "x"][..], &["--port", "x", "serve"], &["--port", "x"]] {
        let said = said(&mut unoc(arguments)).expect(3);
        assert!(said.stderr.contains("port"), "{said:?}");
    }
}
