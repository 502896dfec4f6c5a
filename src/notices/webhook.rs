//! The one client of HTTP, for webhooks and for the heartbeat.

use std::time::Duration;

use reqwest::{Client, Response, Url};
use rustls::ClientConfig;

use super::contact::{EscalationStep, Webhook, WebhookForm};
use super::error::DeliveryError;
use super::forms;
use super::message::NoticeMessage;
use crate::util::{is_near_host, trust};

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest part of a receiver's explanation that is read.
const EXPLANATION_BYTES_MAX: usize = 4096;
/// Longest part of it that is kept.
const EXPLANATION_CHARS_MAX: usize = 160;

/// Sends requests: past the proxy of the environment to this host and its own link, as the copies of backups.
#[derive(Clone)]
pub(super) struct WebhookClient {
    direct: Client,
    usual: Client,
}

impl WebhookClient {
    /// # Errors
    /// [`DeliveryError::Tls`].
    pub(super) fn new() -> Result<Self, DeliveryError> {
        Ok(Self { direct: client(true)?, usual: client(false)? })
    }

    /// Posts a message. Returns what the receiver answered.
    pub(super) async fn post(
        &self,
        webhook: &Webhook,
        message: &NoticeMessage,
        steps: &[EscalationStep],
    ) -> Result<String, DeliveryError> {
        let (url, document) = forms::request(webhook, message, steps);
        let request = self.client(&url).post(url).header("content-type", "application/json");
        let bearer = webhook.key.as_deref().filter(|_| webhook.form != WebhookForm::PagerDuty);
        let request = match bearer {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        let answer = request.body(document.to_string()).send().await;
        accepted(answer.map_err(DeliveryError::http)?, webhook).await
    }

    /// Gets an address. Returns what was answered.
    pub(super) async fn get(&self, url: &Url) -> Result<String, DeliveryError> {
        let answer = self.client(url).get(url.clone()).send().await;
        let answer = answer.map_err(DeliveryError::http)?;
        let status = format!("HTTP {}", answer.status());
        if answer.status().is_success() { Ok(status) } else { Err(DeliveryError::Refused(status)) }
    }

    fn client(&self, url: &Url) -> &Client {
        let is_near = url.host_str().is_some_and(is_near_host);
        if is_near { &self.direct } else { &self.usual }
    }
}

fn client(is_direct: bool) -> Result<Client, DeliveryError> {
    let tls_error = |error: &dyn std::fmt::Display| DeliveryError::Tls(error.to_string());
    let roots = trust::system_roots().unwrap_or_default();
    let verifier = trust::verifier(trust::Trust::Signed { roots, by_name: true });
    let tls = ClientConfig::builder_with_provider(trust::provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| tls_error(&error))?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    let builder = Client::builder()
        .tls_backend_preconfigured(tls)
        .user_agent(concat!("unoc/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        // A redirect would take the document, and the secret in the address, to somebody else.
        .redirect(reqwest::redirect::Policy::none());
    let builder = if is_direct { builder.no_proxy() } else { builder };
    builder.build().map_err(|error| tls_error(&error))
}

/// Returns the status of an answer that accepts the request.
async fn accepted(mut answer: Response, webhook: &Webhook) -> Result<String, DeliveryError> {
    let status = format!("HTTP {}", answer.status());
    if answer.status().is_success() {
        return Ok(status);
    }
    let mut bytes = Vec::new();
    while bytes.len() < EXPLANATION_BYTES_MAX {
        // What broke off explains as much as came.
        let Ok(Some(part)) = answer.chunk().await else { break };
        bytes.extend_from_slice(&part);
    }
    // Before it is cut, or the start of a secret would stay.
    let text = webhook.without_secrets(&String::from_utf8_lossy(&bytes));
    let words: Vec<&str> = text.split(|c: char| c.is_whitespace() || c.is_control()).collect();
    let words = words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    let start: String = words.chars().take(EXPLANATION_CHARS_MAX).collect();
    let is_said = !start.is_empty();
    Err(DeliveryError::Refused(if is_said { format!("{status}: {start}") } else { status }))
}
