//! Causes of checks in the certificate of the server: it expires, or a new one cannot be used.

use std::fs;

use crate::tls::site::HttpsSite;

#[test]
fn a_certificate_that_expires_is_an_incident_until_it_is_replaced() {
    let site = HttpsSite::start(&[]);
    site.check("tls.expiry", "ok");
    site.run(&["tls", "selfsigned", "--force", "--days", "5"]).expect(0);
    site.reload();
    let message = site.check("tls.expiry", "warning");
    assert!(message.starts_with("It is valid until 20"), "{message}");
    assert_eq!(site.incident("tls.expiry", "open")["severity"], "major");
    site.run(&["tls", "selfsigned", "--force"]).expect(0);
    site.reload();
    site.check("tls.expiry", "ok");
    site.incident("tls.expiry", "closed");
    assert!(site.server.terminate().0.success());
}

#[test]
fn files_that_cannot_be_used_are_an_incident_until_they_can() {
    let site = HttpsSite::start(&[]);
    site.check("tls.renewal", "ok");
    let key = site.files().key;
    let before = fs::read(&key).expect("it is ours");
    fs::write(&key, "no key").expect("it is ours");
    let message = site.check("tls.renewal", "warning");
    assert!(message.contains("key.pem: it holds no unencrypted private key"), "{message}");
    site.incident("tls.renewal", "open");
    fs::write(&key, before).expect("it is ours");
    site.check("tls.renewal", "ok");
    site.incident("tls.renewal", "closed");
    assert!(site.server.terminate().0.success());
}
