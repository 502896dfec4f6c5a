//! `unoc config`, and the table of settings in the documentation.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::Value;
use unoc::config;

use crate::harness::process::{said, unoc};

/// Secrets of these tests, which must never be printed.
const TOKEN: &str = "open-sesame-4711";
const PASSWORD: &str = "pw-0815-secret";

#[test]
fn all_errors_are_listed_together() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("unoc.toml");
    fs::write(
        &file,
        "port = 70000\ncolour = \"red\"\nlog_level = \"LOUD\"\nshutdown_token = \"short\"\n",
    )
    .unwrap();
    fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
    let check = |json: bool| {
        let mut command = unoc(&["config", "check", "--max-connections", "3"]);
        command.arg("--config").arg(&file);
        command.env("UNOC_BASE_PATH", "/a//b").env("UNOC_PROT", "1").env("UNOC_CACHE_MIB", "1");
        said(if json { command.arg("--json") } else { &mut command }).expect(3)
    };
    let text = check(false);
    assert!(text.stdout.is_empty(), "{text:?}");
    let path = file.display();
    for words in [
        format!("port = \"70000\" ({path}:1): expected 0-65535, 0 = any free port"),
        format!("colour = \"***\" ({path}"),
        format!("log_level = \"LOUD\" ({path}:3): expected TRACE, DEBUG, INFO"),
        format!("shutdown_token = \"***\" ({path}:4): expected 8-256 characters"),
        "base_path = \"/a//b\" (environment UNOC_BASE_PATH): expected ".to_owned(),
        "UNOC_PROT = \"***\" (environment): expected a known name".to_owned(),
        "did you mean UNOC_PORT?".to_owned(),
        "cache_mib = \"1\" (environment UNOC_CACHE_MIB): expected 4-4096".to_owned(),
        "max_connections = \"3\" (flag --max-connections): expected 16-100000".to_owned(),
    ] {
        assert!(text.stderr.contains(&words), "{words}\nin {}", text.stderr);
    }
    assert!(!text.stderr.contains("short") && !text.stderr.contains("red\""), "{}", text.stderr);
    let json: Value = serde_json::from_str(&check(true).stdout).unwrap();
    assert_eq!(json["ok"], false);
    let faults = json["faults"].as_array().unwrap();
    assert_eq!(faults.len(), 8, "{faults:?}");
    for fault in faults {
        for key in ["key", "value", "source", "allowed"] {
            assert!(fault[key].is_string(), "{key}: {fault}");
        }
    }
    let served = said(unoc(&["serve"]).env("UNOC_PORT", "http")).expect(3);
    assert!(served.stderr.contains("UNOC_PORT"), "{served:?}");
}

#[test]
fn a_valid_configuration_is_reported_as_valid() {
    assert_eq!(
        said(&mut unoc(&["config", "check"])).expect(0).stdout,
        "The configuration is valid.\n"
    );
    let json = said(&mut unoc(&["config", "check", "--json"])).expect(0).stdout;
    assert_eq!(json, "{\"ok\":true}\n");
}

#[test]
fn a_later_layer_wins_and_is_shown_as_the_source() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("unoc.toml");
    fs::write(&file, "port = 6001\nhost = \"::1\"\ncache_mib = 8\n").unwrap();
    let mut command = unoc(&["config", "show", "--json", "--port", "6003"]);
    command.arg("--config").arg(&file);
    command.env("UNOC_PORT", "6002").env("UNOC_HOST", "0.0.0.0").env("UNOC_LOG_LEVEL", "debug");
    let shown: Value = serde_json::from_str(&said(&mut command).expect(0).stdout).unwrap();
    let one = |key: &str| {
        let row = shown.as_array().unwrap().iter().find(|row| row["key"] == key).unwrap();
        (row["value"].as_str().unwrap().to_owned(), row["source"].as_str().unwrap().to_owned())
    };
    let is = |key: &str, value: &str, source: &str| {
        assert_eq!(one(key), (value.to_owned(), source.to_owned()), "{key}");
    };
    is("port", "6003", "flag --port");
    is("host", "0.0.0.0", "environment UNOC_HOST");
    is("cache_mib", "8", file.to_str().unwrap());
    is("log_level", "DEBUG", "environment UNOC_LOG_LEVEL");
    is("max_connections", "4096", "default");
    is("data_dir", "/nonexistent/.local/state/unoc", "default");
    assert_eq!(shown.as_array().unwrap().len(), config::keys().len());
    let text = said(&mut unoc(&["config", "show"])).expect(0).stdout;
    assert_eq!(text.lines().count(), config::keys().len());
    assert!(
        text.lines().any(|line| line.starts_with("port") && line.ends_with("= 5001  (default)")),
        "{text}"
    );
}

#[test]
fn secrets_are_never_printed() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("postgresql+asyncpg://unoc:{PASSWORD}@postgres:5432/unocdb");
    for arguments in [
        &["config", "show"][..],
        &["config", "show", "--json"],
        &["config", "check"],
        &["config", "check", "--json", "--port", "x"],
        &["seed", "--log-level", "TRACE"],
        &["export", "/nonexistent/x"],
    ] {
        let mut command = unoc(arguments);
        command.env("UNOC_SHUTDOWN_TOKEN", TOKEN).env("DATABASE_URL", &url);
        let said = said(command.arg("--data-dir").arg(directory.path()));
        for text in [&said.stdout, &said.stderr] {
            assert!(!text.contains(TOKEN) && !text.contains(PASSWORD), "{arguments:?}: {text}");
        }
        if arguments.contains(&"show") {
            assert!(said.stdout.contains("***"), "{}", said.stdout);
            assert!(said.stdout.contains("postgres:5432/unocdb"), "{}", said.stdout);
        }
    }
}

#[test]
fn the_documentation_lists_every_setting() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/DEPLOYMENT.md");
    let paper = fs::read_to_string(path).unwrap();
    let (_, rest) = paper.split_once("<!-- config-table -->\n").expect("the first marker");
    let (table, _) = rest.split_once("<!-- /config-table -->").expect("the second marker");
    let expected = config::markdown_table();
    assert!(
        table.trim() == expected.trim(),
        "put this between the markers of docs/DEPLOYMENT.md:\n\n{expected}"
    );
}

/// Checks an address; the start must report the same error with the same status.
fn refuses_database(url: &str, words: &str) {
    let with = |arguments: &[&str]| {
        let directory = tempfile::tempdir().expect("a directory");
        let mut command = unoc(arguments);
        command.arg("--data-dir").arg(directory.path()).env("DATABASE_URL", url);
        let said = said(&mut command);
        assert_eq!(said.code, 3, "{url}: {said:?}");
        assert!(said.stderr.contains(words) && said.stderr.contains("DATABASE_URL"), "{said:?}");
        assert!(said.stderr.contains("database_url = "), "{said:?}");
        assert!(!said.stderr.contains(PASSWORD), "{said:?}");
    };
    with(&["config", "check"]);
    with(&["serve", "--port", "0"]);
}

#[test]
fn the_check_and_the_start_judge_a_database_address_alike() {
    for (query, words) in [
        ("colour=red", "unknown parameter"),
        ("sslmode=maybe", "its sslmode must be"),
        ("ssl=true", "its sslmode must be"),
        ("echo=maybe", "its echo must be"),
        ("echo", "write name=value"),
        ("connect_timeout=0", "its connect_timeout must be"),
        ("target_session_attrs=standby", "its target_session_attrs must be"),
        ("sslrootcert=ca.pem", "absolute path"),
        ("sslcert=/c", "belong together"),
        ("sslmode=verify-ca", "needs sslrootcert"),
        ("port=0", "ports from 1"),
        ("application_name=%zz", "percent-encoded"),
    ] {
        refuses_database(&format!("postgresql://u:{PASSWORD}@h/d?{query}"), words);
    }
}

/// The check reads the files that the start and the mirror read later.
#[test]
fn every_file_that_the_configuration_names_is_read_by_the_check() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    fs::write(path("empty.pem"), "").unwrap();
    fs::write(path("keys.env"), "AWS_ACCESS_KEY_ID=a\nAWS_SECRET_ACCESS_KEY=b\n").unwrap();
    let own = fs::Permissions::from_mode(0o600);
    fs::set_permissions(path("keys.env"), own).unwrap();
    let check = |variable: &str, value: &str| {
        let mut command = unoc(&["config", "check"]);
        said(command.arg("--data-dir").arg(path("data")).env(variable, value))
    };
    let shown = directory.path().display();
    let s3 = "s3://b?endpoint=https://127.0.0.1:1&region=x&name=minio";
    for (variable, value, key, named) in [
        (
            "DATABASE_URL",
            format!("postgresql://h/d?sslrootcert={shown}/no.pem"),
            "database_url",
            "no.pem",
        ),
        (
            "DATABASE_URL",
            format!("postgresql://h/d?sslrootcert={shown}/empty.pem"),
            "database_url",
            "empty.pem",
        ),
        (
            "DATABASE_URL",
            format!("postgresql://h/d?sslcert={shown}/c.pem&sslkey={shown}/k.pem"),
            "database_url",
            "c.pem",
        ),
        (
            "UNOC_BACKUP_TARGETS",
            format!("{s3}&credentials_file={shown}/no.env"),
            "backup_targets",
            "no.env",
        ),
        (
            "UNOC_BACKUP_TARGETS",
            format!("{s3}&credentials_file={shown}/keys.env&ca_file={shown}/no.pem"),
            "backup_targets",
            "no.pem",
        ),
        ("UNOC_BACKUP_IDENTITY_FILE", format!("{shown}/no.txt"), "backup_identity_file", "no.txt"),
    ] {
        let said = check(variable, &value).expect(3);
        let is_named = said.stderr.contains(&format!("{key} = ")) && said.stderr.contains(named);
        assert!(is_named && said.stderr.contains(variable), "{value}: {said:?}");
    }
    let mut serve = unoc(&["serve", "--port", "0"]);
    serve.arg("--data-dir").arg(path("served"));
    let served = said(serve.env("UNOC_BACKUP_IDENTITY_FILE", path("no.txt"))).expect(3);
    assert!(served.stderr.contains("no.txt"), "{served:?}");
    let targets = format!("{s3}&credentials_file={shown}/keys.env");
    check("UNOC_BACKUP_TARGETS", &targets).expect(0);
    assert!(!path("data").exists(), "a check makes nothing");
}

/// A PEM block with something else in it would be ignored, so that no certificate is trusted.
#[test]
fn invalid_certificates_and_duplicate_names_are_errors() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let framed = "-----BEGIN CERTIFICATE-----\nbm90IERFUg==\n-----END CERTIFICATE-----\n";
    fs::write(path("bad.pem"), framed).unwrap();
    fs::write(path("keys.env"), "AWS_ACCESS_KEY_ID=a\nAWS_SECRET_ACCESS_KEY=b\n").unwrap();
    let own = fs::Permissions::from_mode(0o600);
    fs::set_permissions(path("keys.env"), own).unwrap();
    let shown = directory.path().display();
    let s3 = "s3://b?endpoint=https://127.0.0.1:1&region=x&name=minio";
    for (variable, value, key, words) in [
        (
            "DATABASE_URL",
            format!("postgresql://h/d?sslrootcert={shown}/bad.pem"),
            "database_url",
            "bad.pem: certificate 1 of the file cannot be parsed",
        ),
        (
            "UNOC_BACKUP_TARGETS",
            format!("{s3}&credentials_file={shown}/keys.env&ca_file={shown}/bad.pem"),
            "backup_targets",
            "bad.pem cannot be used: certificate 1 of the file cannot be parsed",
        ),
        (
            "UNOC_BACKUP_TARGETS",
            format!(
                "{}-mnt-x&credentials_file={shown}/no.env, file:///mnt/x",
                s3.replace("=minio", "=file")
            ),
            "backup_targets",
            "two backup targets are named file-mnt-x",
        ),
    ] {
        let mut command = unoc(&["config", "check"]);
        let said = said(command.arg("--data-dir").arg(path("data")).env(variable, &value));
        let said = said.expect(3);
        let is_named = said.stderr.contains(&format!("{key} = ")) && said.stderr.contains(words);
        assert!(is_named, "{value}: {said:?}");
    }
}
