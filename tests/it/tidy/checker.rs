//! Tests of the checker: what it must find, and what it must let pass.

use super::{check_bytes, check_length, check_references, check_source, is_test_file};

fn rules(file: &str, text: &str) -> Vec<String> {
    let findings = check_source(&(file.to_owned(), text.to_owned()));
    findings.iter().map(|finding| format!("{} {}", finding.line, finding.rule)).collect()
}

#[test]
fn finds_what_breaks_a_rule() {
    let rows: &[(&str, &str, &[&str])] = &[
        ("src/store/codec.rs", "use crate::engine::EngineHandle;", &["1 layers"]),
        ("src/store/mod.rs", "\nfn f() { crate::engine::start() }", &["2 layers"]),
        (
            "src/domain/world.rs",
            "use crate::{\n  domain::Id,\n  store::{Store, codec},\n};",
            &["3 layers", "3 layers"],
        ),
        ("src/api/devices.rs", "use crate::realtime;", &["1 layers"]),
        ("src/backup.rs", "use super::sync::SyncHandle;", &["1 layers"]),
        (
            "src/store/codec.rs",
            "mod a { use super::super::super::engine::EngineHandle; }",
            &["1 layers"],
        ),
        ("src/engine/mod.rs", "use crate::config::Config;", &["1 layers"]),
        ("src/config.rs", "use crate::domain::Id;", &["1 layers"]),
        ("src/helpers.rs", "fn f() {}", &["1 layers"]),
        ("src/engine/mod.rs", "use redb::Database;", &["1 owners"]),
        ("src/engine/mod.rs", "use {std::fmt, ::bincode as b};", &["1 owners"]),
        ("src/cli/mod.rs", "#[derive(axum::extract::FromRef)] struct S;", &["1 owners"]),
        ("src/lib.rs", "extern crate axum;", &["1 owners"]),
        ("src/domain/world.rs", "use std::{fmt, time::Duration};", &["1 pure domain"]),
        (
            "src/domain/world.rs",
            "fn f() { tokio::spawn(g()); http::StatusCode::OK }",
            &["1 pure domain"; 2],
        ),
        (
            "src/app.rs",
            "fn f() { x\n.unwrap();\ntodo!(); dbg!(1); unimplemented!(\"x\") }",
            &["2 finished", "3 finished", "3 finished", "3 finished"],
        ),
        (
            "src/app.rs",
            "const A: &[u8] = b\"\\\"\"; const B: char = '\"'; fn f<'a>() { x.unwrap() }",
            &["1 finished"],
        ),
    ];
    for (file, text, expected) in rows {
        assert_eq!(rules(file, text), *expected, "{file}: {text}");
    }
}

#[test]
fn lets_pass_what_keeps_the_rules() {
    let rows = [
        ("src/engine/mod.rs", "use crate::store::Store; use crate::{domain, engine::batch};"),
        ("src/api/mod.rs", "use axum::Router; use super::api::error; use crate::jobs;"),
        ("src/app.rs", "use crate::config::Config; use crate::{api, realtime, sync, backup};"),
        ("src/main.rs", "fn main() { unoc::cli::run() }"),
        ("src/lib.rs", "pub mod domain; pub use crate::cli::run;"),
        (
            "src/store/mod.rs",
            "//! use crate::engine::X;\n/* crate::cli::x /* nested */ .unwrap() */ fn f() {}",
        ),
        ("src/store/mod.rs", "const T: &str = r#\"use \"crate::engine::X\" todo!()\"#;"),
        (
            "src/store/mod.rs",
            "fn f() { crate::store::postgres::x(); let redb = 1; self::axum::f() }",
        ),
        ("src/store/mod.rs", "mod engine { use super::Store; } use self::engine::X;"),
        ("src/domain/mod.rs", "use std::collections::BTreeMap; fn time() {} struct S { http: u8 }"),
        (
            "src/domain/mod.rs",
            "fn f() {}\n#[cfg(test)]\n#[expect(x)]\nmod tests { use std::fs; fn g() { x.unwrap() } }",
        ),
        (
            "src/app.rs",
            "#[cfg(test)] use axum::Router;\nfn f() { x.unwrap_or(1).unwrap_or_default() }",
        ),
    ];
    for (file, text) in rows {
        assert_eq!(rules(file, text), Vec::<String>::new(), "{file}: {text}");
    }
}

#[test]
fn code_after_a_test_module_is_still_checked() {
    let text = "#[cfg(test)] mod tests { fn g() { x.unwrap() } }\nfn f() { x.unwrap() }";
    assert_eq!(rules("src/app.rs", text), ["2 finished"]);
}

#[test]
fn a_test_module_in_a_file_of_its_own_is_test_code() {
    let file = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    let files = [file("src/domain/mod.rs", "#[cfg(test)]\nmod tests;\nmod world;")];
    assert!(is_test_file("src/domain/tests.rs", &files));
    assert!(is_test_file("src/domain/tests/optics.rs", &files));
    assert!(!is_test_file("src/domain/world.rs", &files));
    assert!(!is_test_file("src/store/tests.rs", &files));
}

#[test]
fn paper_rules_find_their_faults() {
    assert!(check_length("a.rs", &"x\n".repeat(500), 500).is_none());
    assert!(check_length("a.rs", &"x\n".repeat(501), 500).is_some());

    let text = "see [a](docs/A.md) and\n`ops/none.sh`. Also https://example.org/docs/B.md";
    let findings = check_references("README.md", text, |path| path == "docs/A.md");
    let found: Vec<(usize, &str)> = findings.iter().map(|f| (f.line, f.what.as_str())).collect();
    assert_eq!(found, [(2, "ops/none.sh does not exist")]);

    let text = format!("a\n/{}/main\nTO{}: x\nhomework/ 2\n", "work", "DO");
    let lines =
        |file| check_bytes(file, text.as_bytes()).iter().map(|f| f.line).collect::<Vec<_>>();
    assert_eq!(lines("docs/A.md"), [2, 3]);
    assert_eq!(lines("assets/dist/index.js"), [2], "made files may carry others' reminders");
}
