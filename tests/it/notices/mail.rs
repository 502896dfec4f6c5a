//! E-mail to a real receiver: in the clear to this host, with STARTTLS, and with TLS from the start.

use serde_json::{Value, json};

use crate::harness::TestApp;
use crate::harness::certificates::{Authority, write};
use crate::harness::plant::Plant;
use crate::harness::site::text_of;
use crate::harness::smtp::{SmtpReceiver, SmtpTls};

const CONTACT: &str = r#"[{"name": "on-call", "email": "oncall@example.org"}]"#;

/// Sends a test by a server, whose authority is in the file. Returns the outcome.
fn test(url: &str, ca_file: &str) -> Value {
    let app = TestApp::with_environment(&[
        ("UNOC_CONTACTS", CONTACT),
        ("UNOC_SMTP_URL", url),
        ("UNOC_SMTP_CA_FILE", ca_file),
        ("UNOC_MAIL_FROM", "unoc@example.org"),
    ]);
    app.post("/api/notices/test", &json!({})).expect(200).json()[0].clone()
}

#[test]
fn an_incident_is_told_by_e_mail() {
    let authority = Authority::new();
    let receiver = SmtpReceiver::start(SmtpTls::Off, &authority.issue(&["127.0.0.1"]));
    let url = format!("smtp://{}?tls=none", receiver.address);
    let app = TestApp::with_environment(&[
        ("UNOC_CONTACTS", CONTACT),
        ("UNOC_SMTP_URL", &url),
        ("UNOC_MAIL_FROM", "unoc@example.org"),
        ("UNOC_SITE_NAME", "Köln"),
    ]);
    app.clock.hold();
    let plant = Plant::build(&app);
    app.cut(plant.link("ODF", "SPL-A"));
    app.clock.advance(3);
    let mail = receiver.wait_for(1).remove(0);
    assert!(
        mail.commands.iter().any(|line| line.contains("RCPT TO:<oncall@example.org>")),
        "{mail:?}"
    );
    assert!(
        mail.text.contains("From: \"UNOC\" <unoc@example.org>")
            || mail.text.contains("From: UNOC <unoc@example.org>"),
        "{}",
        mail.text
    );
    assert!(
        mail.text.contains("Subject: =?utf-8?b?"),
        "the name of the site is encoded: {}",
        mail.text
    );
    assert!(mail.text.contains("\nAuto-Submitted: auto-generated"), "{}", mail.text);
    assert!(mail.text.contains("\nReferences: <incident-1@"), "{}", mail.text);
    for line in ["Customers affected: 4", "What to do: Acknowledge the incident"] {
        assert!(mail.text.contains(line), "{line}: {}", mail.text);
    }
}

#[test]
fn a_refusal_is_kept_short_and_without_the_address() {
    let authority = Authority::new();
    let receiver = SmtpReceiver::start(SmtpTls::Off, &authority.issue(&["127.0.0.1"]));
    let contacts = r#"[{"name": "on-call", "email": "Nobody.Jane@example.org"}]"#;
    let app = TestApp::with_environment(&[
        ("UNOC_CONTACTS", contacts),
        ("UNOC_SMTP_URL", &format!("smtp://{}?tls=none", receiver.address)),
        ("UNOC_MAIL_FROM", "unoc@example.org"),
    ]);
    let outcome = app.post("/api/notices/test", &json!({})).expect(200).json()[0].clone();
    let error = text_of(&outcome["error"]);
    assert!(error.contains("550") && error.contains("<***>:  unknown xxx"), "{error}");
    assert!(!error.to_lowercase().contains("jane") && error.len() < 400, "{error}");
}

#[test]
fn a_mail_server_is_reached_by_tls_and_must_be_trusted() {
    let directory = tempfile::tempdir().expect("a directory");
    let authority = Authority::new();
    let ca_file = write(directory.path(), "ca.pem", &authority.pem);
    let ca_file = ca_file.to_str().expect("a text");
    let identity = authority.issue(&["localhost", "127.0.0.1"]);
    for (tls, scheme) in [(SmtpTls::StartTls, "smtp"), (SmtpTls::Wrapped, "smtps")] {
        let receiver = SmtpReceiver::start(tls, &identity);
        let port = receiver.address.port();
        let url = format!("{scheme}://user:pass%20word@localhost:{port}");
        let outcome = test(&url, ca_file);
        assert_eq!(outcome["is_ok"], true, "{tls:?}: {outcome}");
        assert_eq!(outcome["answer"], "SMTP 250");
        let mail = receiver.wait_for(1).remove(0);
        assert!(mail.is_encrypted, "{tls:?}");
        assert!(mail.commands.iter().any(|line| line.starts_with("AUTH PLAIN")), "{mail:?}");

        // Another authority's word does not count.
        let other = write(directory.path(), "other.pem", &Authority::new().pem);
        let outcome = test(&url, other.to_str().expect("a text"));
        assert_eq!(outcome["is_ok"], false);
        let error = text_of(&outcome["error"]);
        assert!(error.contains("certificate") && !error.contains("pass"), "{tls:?}: {error}");
    }
    // A server without STARTTLS gets neither the password nor the message.
    let receiver = SmtpReceiver::start(SmtpTls::Off, &identity);
    let url = format!("smtp://user:secret-word@localhost:{}", receiver.address.port());
    let outcome = test(&url, ca_file);
    assert_eq!(outcome["is_ok"], false, "{outcome}");
    assert!(!outcome.to_string().contains("secret-word"), "{outcome}");
}
