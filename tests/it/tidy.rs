//! Holds what the compiler cannot: the layers, the owners of vendor crates, names, circles of files,
//! file sizes, and the paper.
//!
//! Every finding names the file, the line, the rule and what to do.

mod checker;
mod names;
mod promises;
mod runbook;
mod source;

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use source::{Token, opens_with, paths, tokens, without_tests};

/// Layers from the ground up: a layer may import those with a smaller rank, and itself. Layers of one
/// rank do not import each other. docs/ARCHITECTURE.md draws the same order.
const LAYERS: &[(&str, u8)] = &[
    ("util", 0),
    ("domain", 0),
    ("logs", 1),
    ("tls", 1),
    ("wire", 2),
    ("store", 3),
    ("sql", 4),
    ("engine", 4),
    ("query", 4),
    ("pg", 5),
    ("sync", 6),
    ("v2_import", 6),
    ("backup", 6),
    ("jobs", 7),
    ("incidents", 8),
    ("notices", 9),
    ("health", 9),
    ("runbook", 9),
    ("auth", 9),
    ("settings", 9),
    ("support", 9),
    ("upgrade", 9),
    ("oidc", 10),
    ("api", 11),
    ("realtime", 11),
    ("app", 12),
    ("cli", 13),
    ("main", 14),
];

/// A leaf that imports nothing of ours; only the layers that put the program together read it.
const CONFIG: &str = "config";
const CONFIG_READERS: &[&str] = &["app", "cli", "main"];

const VENDORS: &[(&str, &[&str])] = &[
    ("unicode_normalization", &["domain", "auth"]),
    ("argon2", &["auth"]),
    ("data_encoding", &["auth"]),
    ("getrandom", &["auth"]),
    ("hmac", &["auth", "oidc"]),
    ("sha1", &["auth"]),
    ("subtle", &["auth"]),
    ("tracing_subscriber", &["logs"]),
    ("redb", &["store"]),
    ("bincode", &["store"]),
    ("postgres", &["pg"]),
    ("refinery", &["sql"]),
    ("tokio_rustls", &["pg", "tls"]),
    ("instant_acme", &["tls"]),
    ("rcgen", &["tls"]),
    ("rustls_native_certs", &["util"]),
    ("age", &["backup"]),
    ("zstd", &["backup"]),
    ("object_store", &["backup"]),
    ("reqwest", &["backup", "notices", "oidc", "tls", "cli"]),
    ("openidconnect", &["oidc"]),
    ("chrono", &["oidc"]),
    ("lettre", &["notices"]),
    ("tokio_cron_scheduler", &["jobs"]),
    ("croner", &["jobs"]),
    ("prometheus_client", &["api"]),
    ("axum", &["api"]),
    ("ipnet", &["api", "config"]),
    ("rust_embed", &["api"]),
    ("quick_cache", &["api"]),
    ("socketioxide", &["realtime"]),
    ("hyper", &["app"]),
    ("hyper_util", &["app"]),
    ("sd_notify", &["app"]),
    ("listenfd", &["app"]),
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli"]),
    ("indicatif", &["cli"]),
    ("minisign_verify", &["upgrade"]),
];

/// What the domain does not know: time, I/O, threads, JSON, HTTP.
const NOT_IN_DOMAIN: &[&[&str]] = &[
    &["std", "env"],
    &["std", "fs"],
    &["std", "io"],
    &["std", "net"],
    &["std", "process"],
    &["std", "thread"],
    &["std", "time"],
    &["http"],
    &["serde_json"],
    &["tokio"],
];

/// A file that needs more than this holds two things (style.md; the aim is a median near 130).
const FILE_LINES_MAX: usize = 500;
/// What is longer is no longer a map (style.md).
const ARCHITECTURE_LINES_MAX: usize = 150;

struct Finding {
    file: String,
    line: usize,
    rule: &'static str,
    what: String,
    mend: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Finding { file, line, rule, what, mend } = self;
        write!(f, "{file}:{line}: [{rule}] {what}\n    do: {mend}")
    }
}

#[test]
fn sources_keep_the_layers_and_the_owners() {
    let files = source_files();
    assert!(
        files.iter().any(|(name, _)| name == "src/lib.rs"),
        "no sources found: wrong directory?"
    );
    let sources = files.iter().filter(|(name, _)| !is_test_file(name, &files));
    report(&sources.flat_map(check_source).collect::<Vec<_>>());
}

#[test]
fn a_name_is_one_type() {
    let files = source_files();
    report(&names::repeated_types(&names::program_files(&files)));
}

#[test]
fn no_files_of_a_layer_need_each_other() {
    let files = source_files();
    let files = names::program_files(&files);
    report(&names::circles(&files, names::CIRCLES_ALLOWED));
}

/// A layer that is listed exists, and its tests are in the folder of its name.
#[test]
fn layers_are_those_of_the_sources_and_of_the_tests() {
    let folders = |root: &str| -> BTreeSet<String> {
        let files = files_under(root, &["rs"]).into_iter();
        let inside = files.filter_map(|(name, _)| {
            let inside = name.strip_prefix(root)?.strip_prefix('/')?;
            Some(inside.split(['/', '.']).next()?.to_owned())
        });
        inside.collect()
    };
    let listed = LAYERS.iter().map(|(layer, _)| *layer).chain([CONFIG, "lib"]);
    let listed: BTreeSet<String> = listed.map(str::to_owned).collect();
    assert_eq!(listed, folders("src"), "LAYERS and src/");
    let tests = folders("tests/it");
    let others: Vec<&String> = tests.difference(&listed).collect();
    assert_eq!(others, ["harness", "tidy"], "folders of tests/it that are no layer");
}

#[test]
fn files_are_short() {
    let mut files = files_under("src", &["rs"]);
    files.extend(files_under("tests", &["rs", "mjs", "js", "py", "sh"]));
    let check = |(name, text): &(String, String)| check_length(name, text, FILE_LINES_MAX);
    report(&files.iter().filter_map(check).collect::<Vec<_>>());
}

#[test]
fn paper_is_short_and_its_links_lead_somewhere() {
    let readme = read("README.md");
    let mut findings: Vec<Finding> =
        check_references("README.md", &readme, |path| root().join(path).exists());
    let architecture = "docs/ARCHITECTURE.md";
    findings.extend(check_length(architecture, &read(architecture), ARCHITECTURE_LINES_MAX));
    report(&findings);
}

#[test]
fn no_file_carries_a_machine_path_or_a_reminder() {
    let Some(names) = repository_files() else {
        crate::harness::skip("tidy: git does not list this directory (not a clone)");
        return;
    };
    let mut findings = Vec::new();
    for name in names {
        if let Ok(bytes) = std::fs::read(root().join(&name)) {
            findings.extend(check_bytes(&name, &bytes));
        }
    }
    report(&findings);
}

fn check_source((file, text): &(String, String)) -> Vec<Finding> {
    let (code, _) = without_tests(&tokens(text));
    let layer = layer_of(file);
    let mut findings = check_paths(file, layer, &code);
    if layer != "lib" && layer != CONFIG && rank(layer).is_none() {
        findings.push(Finding {
            file: file.clone(),
            line: 1,
            rule: "layers",
            what: format!("`{layer}` is no layer"),
            mend: "move the file into a layer of docs/ARCHITECTURE.md, or add the layer there and to LAYERS".into(),
        });
    }
    for (i, token) in code.iter().enumerate() {
        if let Some(what) = unfinished(&code[i..]) {
            let mend = "return an error, or use `expect(\"why this cannot happen\")`".into();
            findings.push(Finding {
                file: file.clone(),
                line: token.line,
                rule: "finished",
                what,
                mend,
            });
        }
    }
    findings
}

fn check_paths(file: &str, layer: &str, code: &[Token]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for path in paths(code) {
        let own = module_path(file).len() + path.inline_depth;
        let imported = our_layer(layer, own, &path.segments);
        let wrong = imported
            .and_then(|imported| wrong_import(layer, imported))
            .map(|(what, mend)| ("layers", what, mend))
            .or_else(|| {
                wrong_owner(layer, &path.segments).map(|(what, mend)| ("owners", what, mend))
            })
            .or_else(|| {
                impure(layer, &path.segments).map(|(what, mend)| ("pure domain", what, mend))
            });
        if let Some((rule, what, mend)) = wrong {
            findings.push(Finding { file: file.into(), line: path.line, rule, what, mend });
        }
    }
    findings
}

/// The layer of ours that a path leads into, if it leaves its own module tree through the crate root.
/// `own` is how many modules deep the path stands.
fn our_layer<'a>(layer: &str, own: usize, segments: &'a [String]) -> Option<&'a str> {
    let climbs = segments.iter().take_while(|s| *s == "super" || *s == "self");
    let climbs = climbs.filter(|s| *s == "super").count();
    let first = segments.first()?.as_str();
    let name = match first {
        "crate" => segments.get(1)?,
        "unoc" if layer == "main" => segments.get(1)?,
        "super" | "self" if climbs >= own => {
            segments.iter().find(|s| *s != "super" && *s != "self")?
        }
        _ => return None,
    };
    (name == CONFIG || rank(name).is_some()).then_some(name.as_str())
}

fn wrong_import(layer: &str, imported: &str) -> Option<(String, String)> {
    if layer == imported || layer == "lib" {
        return None;
    }
    let what = format!("`{layer}` imports `{imported}`");
    if layer == CONFIG {
        return Some((
            what,
            "config is a leaf: let app turn settings into what that layer takes".into(),
        ));
    }
    if imported == CONFIG {
        let mend = format!("let app read the setting and hand it to `{layer}` as an argument");
        return (!CONFIG_READERS.contains(&layer)).then_some((what, mend));
    }
    let (ours, theirs) = (rank(layer)?, rank(imported)?);
    let mend = if ours == theirs {
        format!(
            "`{layer}` and `{imported}` stand side by side: join them in a layer above, or move what both need below"
        )
    } else {
        format!(
            "turn it round: `{imported}` may import `{layer}`; pass a value or a closure down instead"
        )
    };
    (theirs >= ours).then_some((what, mend))
}

fn wrong_owner(layer: &str, segments: &[String]) -> Option<(String, String)> {
    let (vendor, owners) = VENDORS.iter().find(|(vendor, _)| segments[0] == *vendor)?;
    let owner = owners.join("` or `");
    (!owners.contains(&layer)).then(|| {
        let what = format!("`{layer}` uses `{vendor}`, which belongs to `{owner}`");
        (what, format!("ask `{owner}` for what is needed in our own types"))
    })
}

fn impure(layer: &str, segments: &[String]) -> Option<(String, String)> {
    let banned = NOT_IN_DOMAIN.iter().find(|banned| {
        segments.len() >= banned.len()
            && segments.iter().zip(**banned).all(|(have, ban)| have == ban)
    })?;
    (layer == "domain").then(|| {
        let what = format!("the domain knows `{}`", banned.join("::"));
        (
            what,
            "take the value as an argument; the engine and the layers above do I/O and time".into(),
        )
    })
}

fn unfinished(code: &[Token]) -> Option<String> {
    if opens_with(code, &[".", "unwrap", "(", ")"]) {
        return Some("`.unwrap()` outside tests".into());
    }
    let macros = ["todo", "unimplemented", "dbg"];
    let name = macros.into_iter().find(|name| opens_with(code, &[*name, "!", "("]))?;
    Some(format!("`{name}!` outside tests"))
}

fn check_length(file: &str, text: &str, lines_max: usize) -> Option<Finding> {
    let lines = text.lines().count();
    (lines > lines_max).then(|| Finding {
        file: file.into(),
        line: lines_max + 1,
        rule: "length",
        what: format!("{lines} lines, at most {lines_max}"),
        mend: "split it by what its parts are about".into(),
    })
}

/// Each mention of a file under these folders must be a file of the repository.
fn check_references(file: &str, text: &str, exists: impl Fn(&str) -> bool) -> Vec<Finding> {
    let in_path = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    let mut findings = Vec::new();
    for (n, line) in text.lines().enumerate() {
        for word in line.split(|c| !in_path(c)) {
            let path = word.trim_start_matches("./").trim_end_matches(['.', '/']);
            let ours = ["docs/", "ops/", "systemd/"].iter().any(|folder| path.starts_with(folder));
            if ours && !exists(path) {
                findings.push(Finding {
                    file: file.into(),
                    line: n + 1,
                    rule: "references",
                    what: format!("{path} does not exist"),
                    mend: "write the file, or take the mention out".into(),
                });
            }
        }
    }
    findings
}

fn check_bytes(file: &str, bytes: &[u8]) -> Vec<Finding> {
    // Put together here, so that this file does not find itself.
    let machine = format!("/{}/", "work");
    let reminders = [format!("TO{}", "DO"), format!("FIX{}", "ME")];
    let made =
        file.starts_with("assets/dist/") || file.ends_with(".lock") || file.ends_with("-lock.json");
    let text = String::from_utf8_lossy(bytes);
    let mut findings = Vec::new();
    for (n, line) in text.lines().enumerate() {
        let mut found = |rule, needle: &str, mend: &str| {
            let what = format!("contains `{needle}`");
            findings.push(Finding {
                file: file.into(),
                line: n + 1,
                rule,
                what,
                mend: mend.into(),
            });
        };
        if line.contains(&machine) {
            found(
                "machine path",
                &machine,
                "name the path relative to the repository, or take it from a variable",
            );
        }
        for reminder in reminders.iter().filter(|needle| !made && line.contains(needle.as_str())) {
            found("reminders", reminder, "do it now, or file an issue and delete the line");
        }
    }
    findings
}

fn rank(layer: &str) -> Option<u8> {
    LAYERS.iter().find(|(name, _)| *name == layer).map(|(_, rank)| *rank)
}

/// The layer that a file belongs to: `src/store/codec.rs` and `src/store.rs` to `store`.
fn layer_of(file: &str) -> &str {
    let inside = file.strip_prefix("src/").unwrap_or(file);
    let first = inside.split('/').next().unwrap_or(inside);
    first.strip_suffix(".rs").unwrap_or(first)
}

/// The module path of a file: `src/store/codec.rs` is `["store", "codec"]`.
fn module_path(file: &str) -> Vec<&str> {
    let inside = file.strip_prefix("src/").unwrap_or(file);
    let inside = inside.strip_suffix(".rs").unwrap_or(inside);
    inside.split('/').filter(|part| !matches!(*part, "mod" | "lib" | "main")).collect()
}

/// Whether a parent declares the file's module, or one around it, under `#[cfg(test)]`.
fn is_test_file(file: &str, files: &[(String, String)]) -> bool {
    let modules = module_path(file);
    (1..=modules.len()).any(|depth| {
        let (name, parent) = (modules[depth - 1], &modules[..depth - 1]);
        files
            .iter()
            .filter(|(candidate, _)| module_path(candidate) == parent)
            .any(|(_, text)| without_tests(&tokens(text)).1.iter().any(|test| test == name))
    })
}

fn report(findings: &[Finding]) {
    let all: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert!(all.is_empty(), "{} finding(s):\n{}\n", all.len(), all.join("\n"));
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn source_files() -> Vec<(String, String)> {
    files_under("src", &["rs"])
}

/// Name (relative to the repository) and text of each file below a folder with one of the endings.
fn files_under(folder: &str, endings: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from(folder)];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(root().join(&folder)).expect("the folder is readable");
        for entry in entries {
            let entry = entry.expect("the entry is readable");
            let path = folder.join(entry.file_name());
            let name = path.to_str().expect("our names are UTF-8").to_owned();
            let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
            if entry.path().is_dir() && entry.file_name() != "node_modules" {
                folders.push(path);
            } else if endings.contains(&ending) {
                found.push((name.clone(), read(&name)));
            }
        }
    }
    found.sort();
    found
}

/// What git tracks, and what it would: a new file is held to the rules before it is added.
fn repository_files() -> Option<Vec<String>> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .ok()?;
    let names = String::from_utf8(output.stdout).ok()?;
    let names: Vec<String> =
        names.split('\0').filter(|name| !name.is_empty()).map(str::to_owned).collect();
    (output.status.success() && !names.is_empty()).then_some(names)
}
