//! `unoc tls selfsigned`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::Value;

use super::site::NAME;
use crate::harness::process::{Server, run, said, unoc};
use crate::harness::tls_client::TlsClient;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("a file").permissions().mode() & 0o777
}

#[test]
fn the_pair_is_written_once_and_a_server_uses_it() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path();
    let said_once = run(data, &["tls", "selfsigned", "--name", NAME]).expect(0);
    let (certificate, key) = (data.join("tls/cert.pem"), data.join("tls/key.pem"));
    assert_eq!((mode(&certificate), mode(&key)), (0o644, 0o600));
    for words in [
        format!("tls_cert = \"{}\"", certificate.display()),
        format!("tls_key = \"{}\"", key.display()),
        format!("Names: {NAME}, "),
        "localhost".to_owned(),
        "127.0.0.1".to_owned(),
    ] {
        assert!(said_once.stdout.contains(&words), "{words}: {said_once:?}");
    }
    let before = fs::read(&certificate).unwrap();
    let refused = run(data, &["tls", "selfsigned"]).expect(3);
    assert!(refused.stderr.contains("--force replaces it"), "{refused:?}");
    assert_eq!(fs::read(&certificate).unwrap(), before);
    let json = run(data, &["tls", "selfsigned", "--force", "--days", "30", "--json"]).expect(0);
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["days"], 30);
    assert_ne!(fs::read(&certificate).unwrap(), before);

    let environment = [
        ("UNOC_TLS_CERT", certificate.to_str().unwrap()),
        ("UNOC_TLS_KEY", key.to_str().unwrap()),
        ("UNOC_DEV_FEATURES", "0"),
    ];
    let server = Server::start(data, &environment);
    let client = TlsClient::trusting(&fs::read_to_string(&certificate).unwrap());
    let answer = client.get(server.address.port(), "localhost", "/health/live").unwrap();
    answer.expect(200);
    let endpoint = unoc::app::read_endpoint(data).unwrap();
    assert_eq!(endpoint.certificate.unwrap().to_string(), json["sha256"]);
    assert!(server.terminate().0.success());
}

#[test]
fn it_is_written_where_the_settings_say_and_not_for_what_is_no_name() {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().join("pki");
    let command = |arguments: &[&str]| {
        let mut command = unoc(arguments);
        command.arg("--data-dir").arg(directory.path());
        command.env("UNOC_TLS_CERT", place.join("c.pem")).env("UNOC_TLS_KEY", place.join("k.pem"));
        said(&mut command)
    };
    let refused = command(&["tls", "selfsigned", "--name", "nöc"]);
    assert_ne!(refused.code, 0);
    assert!(!place.exists());
    let said = command(&["tls", "selfsigned"]).expect(0);
    assert!(said.stdout.contains("within 10 s"), "{said:?}");
    assert!(place.join("c.pem").exists() && place.join("k.pem").exists());
}
