//! E-mail, through the mail server of the operator.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use reqwest::Url;
use uuid::Uuid;

use super::contact::{EscalationStep, without_secrets};
use super::error::DeliveryError;
use super::message::NoticeMessage;
use crate::util::{error_chain, trust};

/// How long one command of SMTP may take; the whole message has a deadline of its own.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(10);
/// Ports of submission with STARTTLS (RFC 6409) and with TLS from the start (RFC 8314, section 7.3), and of relays.
const PORT_STARTTLS: u16 = 587;
const PORT_TLS: u16 = 465;
const PORT_PLAIN: u16 = 25;
/// Longest part of what a server explains that is kept: two lines of SMTP.
const EXPLANATION_CHARS_MAX: usize = 300;

/// A mail server that accepts our messages.
#[derive(Clone)]
pub struct MailServer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    sender: Mailbox,
    /// What this host calls itself.
    host_name: String,
    /// `smtps://mail.example.org:465`
    shown: String,
    secrets: Vec<String>,
}

impl MailServer {
    /// The server of an address `smtp://user:password@host:port` (STARTTLS), `smtps://…` (TLS from the start) or
    /// `smtp://…?tls=none`. `ca_file` has roots that are trusted instead of the system's; `host_name` is what
    /// this host calls itself.
    ///
    /// # Errors
    /// [`DeliveryError::Address`] and [`DeliveryError::Tls`], which quote nothing of the address.
    pub fn parse(
        text: &str,
        sender: &str,
        ca_file: Option<&Path>,
        host_name: &str,
    ) -> Result<Self, DeliveryError> {
        let invalid = |what: &str| DeliveryError::Address(what.to_owned());
        let url = Url::parse(text).map_err(|error| invalid(&error.to_string()))?;
        let host = url.host_str().filter(|host| !host.is_empty());
        let host = host.ok_or_else(|| invalid("it has no host"))?;
        let is_plain = match url.query() {
            None => false,
            Some("tls=none") => true,
            Some(_) => return Err(invalid("the only parameter is tls=none")),
        };
        let credentials = credentials(&url)?;
        if is_plain && credentials.is_some() {
            return Err(invalid("a password is not sent without TLS; remove tls=none or the user"));
        }
        let tls = || tls_parameters(host, ca_file);
        let (tls, port) = match (url.scheme(), is_plain) {
            ("smtp", false) => (Tls::Required(tls()?), PORT_STARTTLS),
            ("smtps", false) => (Tls::Wrapper(tls()?), PORT_TLS),
            ("smtp", true) => (Tls::None, PORT_PLAIN),
            _ => return Err(invalid("the scheme is not smtp or smtps")),
        };
        let port = url.port().unwrap_or(port);
        let sender: Address = sender.parse().map_err(|_| invalid("mail_from is no address"))?;
        let secrets = credentials.iter().flat_map(|(user, password)| [user, password]);
        let secrets = secrets.cloned().collect();
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(port)
            .tls(tls)
            .timeout(Some(COMMAND_TIMEOUT))
            .hello_name(ClientId::Domain(host_name.to_owned()));
        if let Some((user, password)) = credentials {
            builder = builder.credentials(Credentials::new(user, password));
        }
        Ok(Self {
            transport: builder.build(),
            host_name: host_name.to_owned(),
            sender: Mailbox::new(Some("UNOC".to_owned()), sender),
            shown: format!("{}://{host}:{port}", url.scheme()),
            secrets,
        })
    }

    /// Sends a message. Returns what the server answered.
    pub(super) async fn send(
        &self,
        address: &str,
        message: &NoticeMessage,
        steps: &[EscalationStep],
    ) -> Result<String, DeliveryError> {
        let to: Address = address
            .parse()
            .map_err(|_| DeliveryError::Address("the e-mail address is malformed".to_owned()))?;
        let mail = lettre::Message::builder()
            .from(self.sender.clone())
            .to(Mailbox::new(None, to))
            .subject(message.subject())
            .message_id(Some(format!("<{}@{}>", Uuid::new_v4(), self.host_name)))
            .references(message.thread_id())
            .header(ContentType::TEXT_PLAIN)
            .body(message.text(steps))
            .map_err(|error| DeliveryError::Address(error.to_string()))?;
        let mut mail = mail;
        // RFC 3834, section 5: nobody answers that they are away.
        let name = HeaderName::new_from_ascii_str("Auto-Submitted");
        mail.headers_mut().insert_raw(HeaderValue::new(name, "auto-generated".to_owned()));
        match self.transport.send(mail).await {
            Ok(answer) => Ok(format!("SMTP {}", answer.code())),
            Err(error) => {
                let text = self.explanation(&error_chain(&error), address);
                let is_answer = error.is_permanent() || error.is_transient();
                Err(match is_answer {
                    true => DeliveryError::Refused(text),
                    false => DeliveryError::Connection(format!("{}: {text}", self.shown)),
                })
            }
        }
    }

    /// The start of what was said, in one line, without secrets and without the address of the recipient,
    /// which servers repeat.
    fn explanation(&self, said: &str, address: &str) -> String {
        let name = address.rsplit_once('@').map_or(address, |(name, _)| name);
        let mut secrets = self.secrets.clone();
        for part in [address, name] {
            secrets.extend([part.to_owned(), part.to_lowercase()]);
        }
        let masked = without_secrets(said, secrets);
        let printed = masked.chars().map(|c| if c.is_control() { ' ' } else { c });
        printed.take(EXPLANATION_CHARS_MAX).collect()
    }
}

impl fmt::Debug for MailServer {
    /// No secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MailServer").field("server", &self.shown).finish_non_exhaustive()
    }
}

/// The user and the password of an address, decoded.
fn credentials(url: &Url) -> Result<Option<(String, String)>, DeliveryError> {
    let Some(password) = url.password() else {
        return match url.username() {
            "" => Ok(None),
            _ => Err(DeliveryError::Address("it has a user, but no password".to_owned())),
        };
    };
    let decode = |text: &str| {
        let decoded = percent_decoded(text);
        decoded
            .ok_or_else(|| DeliveryError::Address("its user or password is not UTF-8".to_owned()))
    };
    Ok(Some((decode(url.username())?, decode(password)?)))
}

/// Replaces `%41` by `A` (RFC 3986, section 2.1).
fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let hex = (*first == b'%').then(|| after.get(..2)).flatten();
        let hex = hex.and_then(|digits| u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok());
        match hex {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).ok()
}

fn tls_parameters(host: &str, ca_file: Option<&Path>) -> Result<TlsParameters, DeliveryError> {
    let error = |error: &dyn fmt::Display| DeliveryError::Tls(error.to_string());
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(path) = ca_file {
        let certificates = trust::read_certificates(path);
        let certificates = certificates
            .map_err(|what| DeliveryError::Tls(format!("{}: {what}", path.display())))?;
        builder =
            builder.certificate_store(lettre::transport::smtp::client::CertificateStore::None);
        for certificate in certificates {
            let root = Certificate::from_der(certificate.to_vec());
            builder = builder.add_root_certificate(root.map_err(|what| error(&what))?);
        }
    }
    builder.build_rustls().map_err(|what| error(&what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_a_mail_server_is_checked_and_never_shown_in_full() {
        let parse = |text: &str| MailServer::parse(text, "unoc@example.org", None, "noc");
        for (text, shown) in [
            ("smtp://mail.example.org", "smtp://mail.example.org:587"),
            ("smtps://u%40x:s3cr3t-4711@mail.example.org", "smtps://mail.example.org:465"),
            ("smtp://127.0.0.1:2525?tls=none", "smtp://127.0.0.1:2525"),
        ] {
            let server = parse(text).unwrap();
            assert_eq!(server.shown, shown);
            assert!(!format!("{server:?}").contains("4711"));
        }
        for text in [
            "s3cr3t-4711",
            "https://u:s3cr3t-4711@h",
            "smtp://u:s3cr3t-4711@h?tls=none",
            "smtp://s3cr3t-4711@h",
            "smtp://h?tls=s3cr3t-4711",
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(!error.contains("4711"), "{text}: {error}");
        }
        assert_eq!(percent_decoded("a%40b%2").as_deref(), Some("a@b%2"));
        assert_eq!(percent_decoded("%ff"), None);
    }
}
