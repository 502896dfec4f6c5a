//! The certificate that the server shows, and what follows from it.

use std::ops::RangeInclusive;

use super::super::key::Key;
use super::super::{rules, tls};

/// Up to two years; browsers' own list of names asks for one (hstspreload.org).
const HSTS_DAYS: RangeInclusive<u64> = 0..=730;

pub(super) const KEYS: &[Key] = &[
    Key {
        name: "tls_cert",
        environment: &["UNOC_TLS_CERT"],
        flag: Some("--tls-cert"),
        default: "",
        allowed: "an absolute path, or empty = plain HTTP, unless acme_domains is set",
        help: "File with the certificate that the server shows, and its chain (PEM). It is read again when it changes.",
        secret: false,
        set: |config, text| rules::put(&mut config.tls_cert, rules::optional_path(text)),
        shown: |config| rules::shown_path(config.tls_cert.as_deref()),
    },
    Key {
        name: "tls_key",
        environment: &["UNOC_TLS_KEY"],
        flag: Some("--tls-key"),
        default: "",
        allowed: "an absolute path, or empty",
        help: "File with the private key of tls_cert (PEM), which only the service and its group may read.",
        secret: false,
        set: |config, text| rules::put(&mut config.tls_key, rules::optional_path(text)),
        shown: |config| rules::shown_path(config.tls_key.as_deref()),
    },
    Key {
        name: "acme_domains",
        environment: &["UNOC_ACME_DOMAINS"],
        flag: Some("--acme-domains"),
        default: "",
        allowed: "names such as `noc.example.org`, separated by commas or blanks; or empty = no certificate is ordered",
        help: "Names for which a certificate is ordered from acme_directory, whose terms of service that accepts.",
        secret: false,
        set: |config, text| rules::put(&mut config.acme_domains, tls::domains(text)),
        shown: |config| config.acme_domains.join(", "),
    },
    Key {
        name: "acme_directory",
        environment: &["UNOC_ACME_DIRECTORY"],
        flag: Some("--acme-directory"),
        default: "https://acme-v02.api.letsencrypt.org/directory",
        allowed: "an address `https://…`",
        help: "Directory of the certificate authority (ACME, RFC 8555).",
        secret: false,
        set: |config, text| rules::put(&mut config.acme_directory, tls::directory(text)),
        shown: |config| config.acme_directory.clone(),
    },
    Key {
        name: "acme_contact",
        environment: &["UNOC_ACME_CONTACT"],
        flag: Some("--acme-contact"),
        default: "",
        allowed: "an e-mail address, or empty",
        help: "Address that the certificate authority may write to.",
        secret: false,
        set: |config, text| rules::put(&mut config.acme_contact, tls::contact(text)),
        shown: |config| config.acme_contact.clone().unwrap_or_default(),
    },
    Key {
        name: "acme_challenge",
        environment: &["UNOC_ACME_CHALLENGE"],
        flag: Some("--acme-challenge"),
        default: "tls-alpn-01",
        allowed: "tls-alpn-01 (port 443 of each name leads to port) or http-01 (port 80 leads to http_redirect_port)",
        help: "How the certificate authority sees that this host answers for acme_domains.",
        secret: false,
        set: |config, text| {
            rules::put(&mut config.acme_challenge, tls::AcmeChallengeType::parse(text))
        },
        shown: |config| config.acme_challenge.to_string(),
    },
    Key {
        name: "acme_ca_file",
        environment: &["UNOC_ACME_CA_FILE"],
        flag: Some("--acme-ca-file"),
        default: "",
        allowed: "an absolute path, or empty = the authorities that the system trusts",
        help: "File with the root certificates (PEM) that the server of acme_directory is trusted by.",
        secret: false,
        set: |config, text| rules::put(&mut config.acme_ca_file, rules::optional_path(text)),
        shown: |config| rules::shown_path(config.acme_ca_file.as_deref()),
    },
    Key {
        name: "http_redirect_port",
        environment: &["UNOC_HTTP_REDIRECT_PORT"],
        flag: Some("--http-redirect-port"),
        default: "",
        allowed: "0-65535, 0 = any free port; or empty = none",
        help: "TCP port that redirects plain HTTP to HTTPS, and answers the challenge http-01.",
        secret: false,
        set: |config, text| rules::put(&mut config.http_redirect_port, tls::optional_port(text)),
        shown: |config| tls::shown_port(config.http_redirect_port),
    },
    Key {
        name: "hsts_days",
        environment: &["UNOC_HSTS_DAYS"],
        flag: Some("--hsts-days"),
        default: "365",
        allowed: "0-730, 0 = browsers forget it",
        help: "How long a browser that came by HTTPS uses nothing else for this name, on every port (HSTS).",
        secret: false,
        set: |config, text| rules::put(&mut config.hsts_days, rules::number(text, HSTS_DAYS)),
        shown: |config| config.hsts_days.to_string(),
    },
];
