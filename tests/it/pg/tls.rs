//! Each `sslmode` against a server with and without TLS.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use tempfile::TempDir;
use unoc::pg::PgConfig;

use crate::harness::certificates::{self, Authority};
use crate::harness::postgres::Postgres;

/// The outcome of a connection: `encrypted`, `plain`, or the error.
fn outcome(url: &str) -> String {
    let checked = PgConfig::parse(url).expect("a usable address").check();
    match checked {
        Ok(server) if server.is_encrypted => "encrypted".to_owned(),
        Ok(_) => "plain".to_owned(),
        Err(error) => error.to_string(),
    }
}

/// Checks that the outcome with these parameters of the address contains what is expected.
#[track_caller]
fn holds(url: &str, rows: &[(String, &str)]) {
    for (query, expected) in rows {
        let separator = if url.contains('?') { '&' } else { '?' };
        let outcome = outcome(&format!("{url}{separator}{query}"));
        assert!(outcome.contains(expected), "{query}: {outcome:?}, not {expected:?}");
    }
}

fn rows<'a>(rows: &[(&str, &'a str)]) -> Vec<(String, &'a str)> {
    rows.iter().map(|&(query, expected)| (query.to_owned(), expected)).collect()
}

#[test]
fn a_server_without_tls_is_used_only_if_sslmode_allows_it() {
    let Some(postgres) = Postgres::start() else { return };
    let refused = "the server does not offer TLS";
    let modes = rows(&[
        ("", "plain"),
        ("sslmode=disable", "plain"),
        ("sslmode=allow", "plain"),
        ("sslmode=prefer", "plain"),
        ("sslmode=require", refused),
        ("ssl=require", refused),
        ("channel_binding=require", "server did not use channel binding"),
    ]);
    holds(&postgres.url(), &modes);
    let directory = TempDir::new().expect("a directory");
    let root = certificates::write(directory.path(), "ca.crt", &Authority::new().pem);
    for mode in ["verify-ca", "verify-full"] {
        let query = format!("sslmode={mode}&sslrootcert={}", root.display());
        holds(&postgres.url(), &[(query, refused)]);
    }
    // Local sockets carry no TLS, whatever the mode, as in libpq.
    holds(&postgres.socket_url(), &rows(&[("", "plain"), ("sslmode=require", "plain")]));
}

#[test]
fn each_sslmode_verifies_as_much_as_in_libpq() {
    let directory = TempDir::new().expect("a directory");
    let (authority, other) = (Authority::new(), Authority::new());
    let identity = authority.issue(&["127.0.0.1", "localhost"]);
    let Some(postgres) = Postgres::with_tls(&identity, None) else { return };
    let good = certificates::write(directory.path(), "ca.crt", &authority.pem);
    let bad = certificates::write(directory.path(), "other.crt", &other.pem);
    let both = format!("{}{}", other.pem, authority.pem);
    let both = certificates::write(directory.path(), "both.crt", &both);
    let empty = certificates::write(directory.path(), "empty.crt", "");
    let (good, bad, both) = (good.display(), bad.display(), both.display());
    let unknown = "invalid peer certificate";
    let mut table = rows(&[
        ("", "encrypted"),
        ("sslmode=disable", "plain"),
        ("sslmode=prefer", "encrypted"),
        ("sslmode=require", "encrypted"),
        ("sslmode=require&channel_binding=require", "encrypted"),
        // The system's root certificates, if there are any, have not signed it.
        ("sslmode=verify-full", "certificate"),
        ("sslrootcert=/nonexistent/ca.crt", "TLS to PostgreSQL cannot be set up: /nonexistent/ca"),
    ]);
    for mode in ["prefer", "require", "verify-ca", "verify-full"] {
        table.push((format!("sslmode={mode}&sslrootcert={good}"), "encrypted"));
        table.push((format!("sslmode={mode}&sslrootcert={both}"), "encrypted"));
        table.push((format!("sslmode={mode}&sslrootcert={bad}"), unknown));
    }
    table.push((format!("sslrootcert={}", empty.display()), "it holds no certificate"));
    holds(&postgres.url(), &table);
    let by_name = postgres.url().replace("127.0.0.1", "localhost");
    holds(&by_name, &[(format!("sslmode=verify-full&sslrootcert={good}"), "encrypted")]);
}

#[test]
fn a_certificate_for_another_host_fails_only_full_verification() {
    let directory = TempDir::new().expect("a directory");
    let authority = Authority::new();
    let identity = authority.issue(&["db.example.net", "192.0.2.1"]);
    let Some(postgres) = Postgres::with_tls(&identity, None) else { return };
    let root = certificates::write(directory.path(), "ca.crt", &authority.pem);
    let root = root.display();
    let table = [
        (format!("sslmode=require&sslrootcert={root}"), "encrypted"),
        (format!("sslmode=verify-ca&sslrootcert={root}"), "encrypted"),
        (format!("sslmode=verify-full&sslrootcert={root}"), "not valid for name \"127.0.0.1\""),
    ];
    holds(&postgres.url(), &table);
}

#[test]
fn a_self_signed_certificate_is_trusted_when_it_is_named() {
    let directory = TempDir::new().expect("a directory");
    let (identity, other) =
        (certificates::self_signed(&["127.0.0.1"]), certificates::self_signed(&["127.0.0.1"]));
    let Some(postgres) = Postgres::with_tls(&identity, None) else { return };
    let root = certificates::write(directory.path(), "server.crt", &identity.certificate);
    let marked = format!("\u{feff}{}", identity.certificate);
    let marked = certificates::write(directory.path(), "marked.crt", &marked);
    let other = certificates::write(directory.path(), "other.crt", &other.certificate);
    let (root, marked, other) = (root.display(), marked.display(), other.display());
    let table = [
        (format!("sslmode=verify-full&sslrootcert={root}"), "encrypted"),
        (format!("sslmode=verify-ca&sslrootcert={root}"), "encrypted"),
        (format!("sslmode=verify-full&sslrootcert={marked}"), "encrypted"),
        (format!("sslmode=verify-ca&sslrootcert={other}"), "certificate"),
    ];
    holds(&postgres.url(), &table);
    holds(
        &postgres.url().replace("127.0.0.1", "localhost"),
        &[(format!("sslmode=verify-full&sslrootcert={root}"), "not valid for name \"localhost\"")],
    );
}

#[test]
fn a_client_logs_in_with_a_certificate() {
    let directory = TempDir::new().expect("a directory");
    let (authority, clients) = (Authority::new(), Authority::new());
    let identity = authority.issue(&["127.0.0.1"]);
    let Some(postgres) = Postgres::with_tls(&identity, Some(&clients.pem)) else { return };
    postgres.demand_client_certificates();
    let client = clients.issue(&[crate::harness::postgres::USER]);
    let write = |name, pem| certificates::write(directory.path(), name, pem);
    let set_mode = |path: &std::path::Path, mode| {
        std::fs::set_permissions(path, Permissions::from_mode(mode)).expect("our own file");
    };
    let (certificate, key) = (write("c.crt", &client.certificate), write("c.key", &client.key));
    set_mode(&key, 0o644);
    let stranger = authority.issue(&["stranger"]);
    let (foreign, foreign_key) =
        (write("s.crt", &stranger.certificate), write("s.key", &stranger.key));
    let pair = |certificate: &std::path::Path, key: &std::path::Path| {
        format!("sslmode=require&sslcert={}&sslkey={}", certificate.display(), key.display())
    };
    holds(&postgres.url(), &[(pair(&certificate, &key), "chmod o= ")]);
    for path in [&key, &foreign_key, &foreign] {
        set_mode(path, 0o640);
    }
    let table = [
        (pair(&certificate, &key), "encrypted"),
        (pair(&foreign, &foreign_key), "fatal alert"),
        (pair(&certificate, &foreign_key), "cannot be used together"),
        (pair(&certificate, &foreign), "no unencrypted private key"),
        ("sslmode=require".to_owned(), "certificate"),
    ];
    holds(&postgres.url(), &table);
}
