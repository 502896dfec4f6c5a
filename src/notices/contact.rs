//! Who is told, by which channel, and in which order.

use std::fmt;

use reqwest::Url;

use super::error::DeliveryError;
use super::quiet_hours::QuietHours;
use crate::domain::Severity;
use crate::store::ReportKind;

/// Shown in place of a secret.
const MASK: &str = "***";

/// Somebody who is told of incidents and sent reports.
#[derive(Clone, Debug)]
pub struct Contact {
    /// Unique among the contacts.
    pub name: String,
    pub channel: Channel,
    /// Incidents of other severities are not for this contact.
    pub severities: Vec<Severity>,
    pub quiet_hours: Option<QuietHours>,
    /// Reports of other kinds are not for this contact.
    pub reports: Vec<ReportKind>,
}

/// How a contact is reached.
#[derive(Clone, Debug)]
pub enum Channel {
    Email { address: String },
    Webhook(Webhook),
}

/// An address that takes a JSON document.
#[derive(Clone)]
pub struct Webhook {
    /// Usually holds a secret.
    pub(super) url: Url,
    pub(super) form: WebhookForm,
    /// The routing key of PagerDuty; for other forms a bearer token.
    pub(super) key: Option<String>,
}

/// What the receiver of a webhook understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookForm {
    /// Our own document, see docs/API.md.
    Generic,
    Slack,
    Teams,
    Ntfy,
    PagerDuty,
    Alertmanager,
}

/// What a contact that has more to be told than a person reads gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StormMode {
    /// One message that counts the incidents.
    Digest,
    /// One message with all of them.
    Together,
    /// A message for each: the receiver keeps their state.
    Each,
}

/// Who is told, and how long after the beginning of an incident that nobody has acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EscalationStep {
    pub after_us: i64,
    /// Names of contacts.
    pub contacts: Vec<String>,
}

impl Contact {
    pub(super) fn storm_mode(&self) -> StormMode {
        match &self.channel {
            Channel::Webhook(Webhook { form: WebhookForm::PagerDuty, .. }) => StormMode::Each,
            Channel::Webhook(Webhook { form: WebhookForm::Alertmanager, .. }) => {
                StormMode::Together
            }
            Channel::Webhook(_) | Channel::Email { .. } => StormMode::Digest,
        }
    }
}

impl Channel {
    /// `email` or `webhook`.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Email { .. } => "email",
            Self::Webhook(_) => "webhook",
        }
    }

    /// The address without what may be a secret or a name: `o***@example.org`, `https://hooks.slack.com/***`.
    pub fn masked(&self) -> String {
        match self {
            Self::Email { address } => {
                let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
                let first: String = local.chars().take(1).collect();
                format!("{first}{MASK}@{domain}")
            }
            Self::Webhook(webhook) => webhook.masked(),
        }
    }
}

impl Webhook {
    /// # Errors
    /// [`DeliveryError::Address`], which quotes nothing.
    pub fn parse(url: &str, form: WebhookForm, key: Option<String>) -> Result<Self, DeliveryError> {
        let invalid = |what: &str| DeliveryError::Address(what.to_owned());
        let url = Url::parse(url).map_err(|error| invalid(&error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(invalid("the scheme is not https or http"));
        }
        if form == WebhookForm::PagerDuty && key.is_none() {
            return Err(invalid("the form pagerduty needs its routing key as key or key_file"));
        }
        if form == WebhookForm::Ntfy && topic(&url).is_none() {
            return Err(invalid("the address of ntfy ends with a topic"));
        }
        Ok(Self { url, form, key })
    }

    pub const fn form(&self) -> WebhookForm {
        self.form
    }

    fn masked(&self) -> String {
        masked_url(&self.url)
    }

    /// Takes what may be a secret out of a text.
    pub(super) fn without_secrets(&self, text: &str) -> String {
        let url = &self.url;
        let segments = url.path_segments().into_iter().flatten().map(str::to_owned);
        let values = url.query_pairs().map(|(_, value)| value.into_owned());
        let mut secrets: Vec<String> = segments.chain(values).collect();
        secrets.push(url.to_string());
        secrets.extend(url.password().map(str::to_owned));
        secrets.extend(self.key.clone());
        without_secrets(text, secrets)
    }
}

/// Shortest secret that is searched for; a shorter one would mask common words.
const SECRET_CHARS_MIN: usize = 4;

/// Takes secrets out of a text.
pub(super) fn without_secrets(text: &str, mut secrets: Vec<String>) -> String {
    secrets.retain(|secret| secret.len() >= SECRET_CHARS_MIN);
    // A secret that contains another goes first, or its rest would stay.
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), MASK))
}

/// An address without its path, query and user.
pub(super) fn masked_url(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let rest = if url.path().len() > 1 || url.query().is_some() { MASK } else { "" };
    format!("{}://{}{port}/{rest}", url.scheme(), url.host_str().unwrap_or_default())
}

/// The topic that the address of ntfy ends with, and the address of its server.
pub(super) fn topic(url: &Url) -> Option<(Url, String)> {
    let topic = url.path_segments()?.next_back().filter(|topic| !topic.is_empty())?.to_owned();
    let mut server = url.clone();
    server.path_segments_mut().ok()?.pop();
    Some((server, topic))
}

impl fmt::Debug for Webhook {
    /// No secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook")
            .field("url", &self.masked())
            .field("form", &self.form)
            .finish_non_exhaustive()
    }
}

impl WebhookForm {
    pub const ALL: [Self; 6] =
        [Self::Generic, Self::Slack, Self::Teams, Self::Ntfy, Self::PagerDuty, Self::Alertmanager];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Generic => "generic",
            Self::Slack => "slack",
            Self::Teams => "teams",
            Self::Ntfy => "ntfy",
            Self::PagerDuty => "pagerduty",
            Self::Alertmanager => "alertmanager",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "s3cr3t-4711";

    #[test]
    fn addresses_are_shown_without_secrets() {
        let webhook = |url: &str| Webhook::parse(url, WebhookForm::Generic, Some(SECRET.into()));
        for (url, shown) in [
            ("https://hooks.slack.com/services/T1/B1/s3cr3t-4711", "https://hooks.slack.com/***"),
            ("https://u:s3cr3t-4711@h:8443/?token=s3cr3t-4711", "https://h:8443/***"),
            ("http://127.0.0.1:9/", "http://127.0.0.1:9/"),
        ] {
            let webhook = webhook(url).unwrap();
            assert_eq!(Channel::Webhook(webhook.clone()).masked(), shown);
            let text =
                format!("{webhook:?} {}", webhook.without_secrets(&format!("{url} {SECRET}")));
            assert!(!text.contains(SECRET), "{text}");
        }
        let email = Channel::Email { address: "jane.doe@example.org".to_owned() };
        assert_eq!(email.masked(), "j***@example.org");
    }

    #[test]
    fn an_address_that_cannot_be_used_is_refused_without_quoting_it() {
        for (url, form) in [
            ("s3cr3t-4711", WebhookForm::Generic),
            ("ftp://s3cr3t-4711/", WebhookForm::Generic),
            ("https://events.pagerduty.com/s3cr3t-4711", WebhookForm::PagerDuty),
            ("https://ntfy.sh/", WebhookForm::Ntfy),
        ] {
            let error = Webhook::parse(url, form, None).unwrap_err().to_string();
            assert!(!error.contains(SECRET), "{error}");
        }
        let url = Url::parse("https://ntfy.example.org/a/alarms").unwrap();
        let (server, topic) = topic(&url).unwrap();
        assert_eq!((server.as_str(), topic.as_str()), ("https://ntfy.example.org/a", "alarms"));
    }
}
