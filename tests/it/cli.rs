//! The command line.

mod accounts;
mod audit;
mod config;
mod doctor;
mod healthcheck;
mod help;
mod install;
mod jobs;
mod logs;
mod man;
mod moving;
mod notify;
mod output;
mod owner;
mod refusals;
mod reports;
mod runbook;
mod seed;
mod settings;
mod support_bundle;
mod tables;

use crate::harness::process::{said, unoc};

#[test]
fn the_version_is_printed_as_text_and_as_json() {
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(said(&mut unoc(&["version"])).expect(0).stdout, format!("unoc {version}\n"));
    assert_eq!(said(&mut unoc(&["--version"])).expect(0).stdout, format!("unoc {version}\n"));
    let json = said(&mut unoc(&["version", "--json"])).expect(0).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    // The package asks for the schema before it installs an older version.
    let store_schema = unoc::store::SCHEMA_VERSION;
    let about =
        serde_json::json!({"name": "unoc", "store_schema": store_schema, "version": version});
    assert_eq!(json, about);
}

#[test]
fn completions_exist_for_every_shell() {
    for (shell, word) in [
        ("bash", "complete -F _unoc"),
        ("zsh", "#compdef unoc"),
        ("fish", "complete -c unoc"),
        ("powershell", "Register-ArgumentCompleter"),
        ("elvish", "edit:completion"),
    ] {
        let script = said(&mut unoc(&["completions", shell])).expect(0).stdout;
        assert!(script.contains(word), "{shell}");
        assert!(script.contains("data-dir") && script.contains("replace"), "{shell}");
    }
    let bash = said(&mut unoc(&["completions", "bash"])).stdout;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bash).unwrap();
    let checked = std::process::Command::new("bash").arg("-n").arg(file.path()).output().unwrap();
    assert!(checked.status.success(), "{checked:?}");
}

#[test]
fn the_openapi_document_can_be_printed() {
    let printed = said(&mut unoc(&["openapi"])).expect(0).stdout;
    assert_eq!(printed, unoc::api::document());
}

#[test]
fn an_invalid_command_line_exits_with_2() {
    for arguments in [
        &["serv"][..],
        &["--prot", "1"],
        &["seed", "--size", "0"],
        &["seed", "--size", "1000001"],
        &["seed", "--size", "many"],
        &["import"],
        &["import", "a", "--from-dump", "b"],
        &["import", "a", "--encoding", "latin-9"],
        &["export", "--separator", "tab"],
        &["export", "--csv", "ports"],
        &["import", "a", "--archive-legacy"],
        &["import", "--from-dump", "a", "--archive-legacy"],
        &["config"],
        &["user"],
        &["user", "add"],
        &["user", "add", "ada", "--role", "root"],
        &["user", "add", "ada", "--no-password", "--password-stdin"],
        &["token", "create", "ci", "--for", "ada"],
        &["token", "create", "ci", "--for", "ada", "--scope", "all"],
        &["token", "create", "ci", "--for", "ada", "--scope", "read", "--days", "367"],
        &["sessions", "end"],
        &["sessions", "end", "1", "--user", "ada"],
        &["jobs", "run"],
        &["jobs", "schedule", "self-check"],
        &["jobs", "schedule", "self-check", "1 2 * * *", "--default"],
        &["completions"],
        &["export", "a", "b"],
    ] {
        let said = said(&mut unoc(arguments)).expect(2);
        assert!(said.stdout.is_empty() && !said.stderr.is_empty(), "{said:?}");
    }
    let help = said(&mut unoc(&["--help"])).expect(0).stdout;
    for word in ["serve", "seed", "export", "import", "jobs", "config", "--data-dir"] {
        assert!(help.contains(word), "{word}: {help}");
    }
}
