//! Who is told of incidents, by what means, and of the end of the service.

use std::ops::RangeInclusive;

use super::super::key::Key;
use super::super::settings::Config;
use super::super::{contacts, notices, rules};

/// A call takes up to 8 s; an end that is noticed after more than an hour is noticed by people.
const HEARTBEAT_INTERVAL_S: RangeInclusive<u64> = 10..=3600;

pub(super) const KEYS: &[Key] = &[
    Key {
        name: "public_url",
        environment: &["UNOC_PUBLIC_URL"],
        flag: Some("--public-url"),
        default: "",
        allowed: "an address such as `https://noc.example.org/unoc`, or empty = the address that the server listens on",
        help: "Address under which people open the page, for the links in notices.",
        secret: false,
        set: |config, text| rules::put(&mut config.public_url, notices::public_url(text)),
        shown: |config| config.public_url.clone().unwrap_or_default(),
    },
    Key {
        name: "contacts",
        environment: &["UNOC_CONTACTS"],
        flag: None,
        default: "",
        allowed: "in the file a table `[[contacts]]` each (DEPLOYMENT.md, *Who is told of incidents*); \
                  elsewhere e-mail addresses and addresses of webhooks (`https://…`, `slack+https://…`), \
                  separated by blanks; or empty = nobody is told",
        help: "Who is told of incidents, and sent which reports.",
        secret: true,
        set: |config, text| rules::put(&mut config.contacts, contacts::contacts(text)),
        shown: |config| contacts::shown_contacts(&config.contacts),
    },
    Key {
        name: "escalation",
        environment: &["UNOC_ESCALATION"],
        flag: Some("--escalation"),
        default: "",
        allowed: "in the file a table `[[escalation]]` for each step (DEPLOYMENT.md, the same section); \
                  elsewhere such as `0s: on-call; 15m: manager, boss`; or empty = all contacts at once",
        help: "Who is told how long after the beginning of an incident that nobody acknowledged.",
        secret: false,
        set: |config, text| rules::put(&mut config.escalation, contacts::escalation(text)),
        shown: |config| contacts::shown_escalation(&config.escalation),
    },
    Key {
        name: "smtp_url",
        environment: &["UNOC_SMTP_URL"],
        flag: None,
        default: "",
        allowed: "`smtp://user:password@host:587` (STARTTLS) or `smtps://user:password@host:465` (TLS), special \
                  characters percent-encoded; `smtp://host:25?tls=none` without a password; or empty = no e-mail",
        help: "Mail server that sends the notices.",
        secret: true,
        set: |config, text| rules::put(&mut config.smtp_url, notices::smtp_url(text)),
        shown: Config::shown_smtp_url,
    },
    Key {
        name: "smtp_url_file",
        environment: &["UNOC_SMTP_URL_FILE"],
        flag: Some("--smtp-url-file"),
        default: "$CREDENTIALS_DIRECTORY/smtp_url if it exists",
        allowed: "the absolute path of a file, instead of smtp_url",
        help: "File that holds the value of smtp_url, such as a systemd credential.",
        secret: false,
        set: |config, text| config.set_secret_file("smtp_url", text),
        shown: |config| config.shown_secret_file("smtp_url"),
    },
    Key {
        name: "smtp_ca_file",
        environment: &["UNOC_SMTP_CA_FILE"],
        flag: Some("--smtp-ca-file"),
        default: "",
        allowed: "an absolute path, or empty = the authorities that the system trusts",
        help: "File with the root certificates (PEM) that the mail server is trusted by.",
        secret: false,
        set: |config, text| rules::put(&mut config.smtp_ca_file, rules::optional_path(text)),
        shown: |config| rules::shown_path(config.smtp_ca_file.as_deref()),
    },
    Key {
        name: "mail_from",
        environment: &["UNOC_MAIL_FROM"],
        flag: Some("--mail-from"),
        default: "",
        allowed: "an e-mail address, or empty = unoc at the name of this host",
        help: "Sender of e-mails.",
        secret: false,
        set: |config, text| rules::put(&mut config.mail_from, notices::mail_from(text)),
        shown: |config| config.mail_from.clone().unwrap_or_default(),
    },
    Key {
        name: "heartbeat_url",
        environment: &["UNOC_HEARTBEAT_URL"],
        flag: None,
        default: "",
        allowed: "an address `https://…`, or empty = none",
        help: "Address that is called as long as the service works, so that its end is noticed (dead man's switch).",
        secret: true,
        set: |config, text| rules::put(&mut config.heartbeat_url, notices::heartbeat_url(text)),
        shown: |config| config.heartbeat_url.as_ref().map(ToString::to_string).unwrap_or_default(),
    },
    Key {
        name: "heartbeat_url_file",
        environment: &["UNOC_HEARTBEAT_URL_FILE"],
        flag: Some("--heartbeat-url-file"),
        default: "$CREDENTIALS_DIRECTORY/heartbeat_url if it exists",
        allowed: "the absolute path of a file, instead of heartbeat_url",
        help: "File that holds the value of heartbeat_url, such as a systemd credential.",
        secret: false,
        set: |config, text| config.set_secret_file("heartbeat_url", text),
        shown: |config| config.shown_secret_file("heartbeat_url"),
    },
    Key {
        name: "heartbeat_interval_s",
        environment: &["UNOC_HEARTBEAT_INTERVAL_S"],
        flag: Some("--heartbeat-interval-s"),
        default: "60",
        allowed: "10-3600",
        help: "How often heartbeat_url is called, in seconds.",
        secret: false,
        set: |config, text| {
            let interval = rules::number(text, HEARTBEAT_INTERVAL_S);
            rules::put(&mut config.heartbeat_interval_s, interval)
        },
        shown: |config| config.heartbeat_interval_s.to_string(),
    },
];
