//! Certificates in files: replaced while the server runs, broken, readable by others.

use std::fs;

use super::site::{HttpsSite, NAME, PairFiles, set_mode};
use crate::harness::certificates::self_signed;
use crate::harness::process::{said, unoc};
use crate::harness::tls_client::shown_certificate;
use crate::harness::{skip, wait};

#[test]
fn a_new_pair_is_shown_without_a_restart_and_open_connections_stay() {
    let site = HttpsSite::start(&[]);
    let open = site.client.connect(site.port(), NAME).unwrap();
    let before = shown_certificate(&open);
    site.files().write(&site.authority.issue(&[NAME, "localhost"]));
    let shown = || shown_certificate(&site.client.connect(site.port(), NAME).unwrap());
    // By itself, within some seconds.
    let second = wait::until("the new certificate", || Some(shown()).filter(|it| *it != before));
    assert_eq!(shown_certificate(&open), before);
    site.server.logged(|line| line.contains("The certificate was replaced"));
    // Commands know the new one. Without the socket, they reach it over TLS.
    fs::remove_file(site.server.data_dir().join("unoc.sock")).unwrap();
    wait::until("the endpoint", || {
        let said = site.run(&["jobs"]);
        (said.code == 0).then_some(())
    });
    // At once, when it is asked to.
    site.files().write(&site.authority.issue(&[NAME]));
    site.reload();
    wait::until("the newer certificate", || (shown() != second).then_some(()));
    assert!(site.server.terminate().0.success());
}

#[test]
fn a_broken_pair_leaves_the_one_before_and_is_told() {
    let site = HttpsSite::start(&[]);
    site.check("tls.renewal", "ok");
    let files = site.files();
    let (certificate, key) = (fs::read(&files.certificate).unwrap(), fs::read(&files.key).unwrap());
    // The key of another certificate.
    files.write(&site.authority.issue(&[NAME]));
    fs::write(&files.certificate, &certificate).unwrap();
    let refused = site.run(&["reload", "--port", "0"]).expect(3);
    assert!(refused.stderr.contains("does not belong to the certificate"), "{refused:?}");
    let message = site.check("tls.renewal", "warning");
    assert!(message.contains("The certificate before stays in effect"), "{message}");
    site.client.get(site.port(), NAME, "/health/live").unwrap().expect(200);
    // And when it is in order again, so is the check.
    fs::write(&files.key, &key).unwrap();
    site.check("tls.renewal", "ok");
    assert!(site.server.terminate().0.success());
}

#[test]
fn a_key_that_others_can_read_is_refused_with_the_command_that_helps() {
    let directory = tempfile::tempdir().unwrap();
    let files = PairFiles::in_directory(directory.path());
    files.write(&self_signed(&[NAME]));
    set_mode(&files.key, 0o644);
    let run = |arguments: &[&str]| {
        let mut command = unoc(arguments);
        command.arg("--data-dir").arg(directory.path().join("data")).args(["--port", "0"]);
        command.env("UNOC_TLS_CERT", &files.certificate).env("UNOC_TLS_KEY", &files.key);
        said(&mut command)
    };
    let remedy = format!("chmod 600 {}", files.key.display());
    for arguments in [&["config", "check"][..], &["serve"]] {
        let refused = run(arguments).expect(3);
        assert!(refused.stderr.contains(&remedy), "{refused:?}");
    }
    set_mode(&files.key, 0o600);
    run(&["config", "check"]).expect(0);
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let check = |variables: &[(&str, &str)], expected: &str| {
        let mut command = unoc(&["config", "check", "--data-dir"]);
        command.arg(directory.path()).envs(variables.iter().copied());
        let refused = said(&mut command).expect(3);
        assert!(refused.stderr.contains(expected), "{refused:?}");
    };
    check(&[("UNOC_TLS_CERT", "/c")], "tls_key = \"\"");
    check(&[("UNOC_HTTP_REDIRECT_PORT", "80")], "there is no HTTPS to redirect to");
    let http = [("UNOC_ACME_DOMAINS", NAME), ("UNOC_ACME_CHALLENGE", "http-01")];
    check(&http, "http_redirect_port is not set");
    let missing = [("UNOC_TLS_CERT", "/nonexistent/c"), ("UNOC_TLS_KEY", "/nonexistent/k")];
    check(&missing, "/nonexistent/c: No such file");
}

#[test]
fn an_expired_certificate_is_critical_and_does_not_replace_a_valid_one() {
    let site = HttpsSite::start(&[]);
    let expired = {
        let params = rcgen::CertificateParams::new([NAME.to_owned()]);
        let mut params = params.unwrap();
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2021, 1, 1);
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap().pem();
        crate::harness::certificates::Identity { certificate, key: key.serialize_pem() }
    };
    site.files().write(&expired);
    let message = site.check("tls.renewal", "warning");
    assert!(message.contains("it has expired"), "{message}");
    site.client.get(site.port(), NAME, "/health/live").unwrap().expect(200);
    site.check("tls.expiry", "ok");
    assert!(site.server.terminate().0.success());
    // A server that is started with it serves, and says so.
    let directory = tempfile::tempdir().unwrap();
    let files = PairFiles::in_directory(directory.path());
    files.write(&expired);
    let data = directory.path().join("data");
    fs::create_dir(&data).unwrap();
    let environment = [
        ("UNOC_TLS_CERT", files.certificate.to_str().unwrap()),
        ("UNOC_TLS_KEY", files.key.to_str().unwrap()),
        ("UNOC_DEV_FEATURES", "0"),
    ];
    let server = crate::harness::process::Server::start(&data, &environment);
    let message = super::site::wait_for_check(&data, "tls.expiry", "critical");
    assert!(message.contains("It has expired on 2021-01-01"), "{message}");
    super::site::wait_for_check(&data, "http.response", "ok");
    assert!(server.terminate().0.success());
}

#[test]
fn a_key_that_the_service_may_not_read_is_named_with_the_command() {
    if !rustix::process::geteuid().is_root() {
        skip("a key of root, which only root can make");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    set_mode(directory.path(), 0o755);
    let files = PairFiles::in_directory(directory.path());
    files.write(&self_signed(&[NAME]));
    let mut command = crate::harness::unprivileged::command(
        std::path::Path::new(env!("CARGO_BIN_EXE_unoc")),
        "KILL",
    );
    command.args(["config", "check", "--data-dir", "/nonexistent", "--tls-cert"]);
    command.arg(&files.certificate).arg("--tls-key").arg(&files.key).env("HOME", "/nonexistent");
    let refused = said(&mut command).expect(3);
    assert!(refused.stderr.contains("the service may not read it"), "{refused:?}");
    assert!(refused.stderr.contains("sudo chmod 640"), "{refused:?}");
}
