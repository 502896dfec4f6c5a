//! Sends a message to a contact, by whichever channel, within a deadline.

use std::sync::Arc;
use std::time::Duration;

use super::book::NoticePolicy;
use super::contact::{Channel, Contact};
use super::error::DeliveryError;
use super::mail::MailServer;
use super::message::NoticeMessage;
use super::webhook::WebhookClient;

/// How long an attempt may take, from the look-up of the host to the answer.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(20);

/// The ways out; clones share them.
#[derive(Clone)]
pub(super) struct NoticeSender {
    policy: Arc<NoticePolicy>,
    /// `None` when it could not be set up.
    web: Result<WebhookClient, Arc<DeliveryError>>,
    mail: Option<MailServer>,
}

impl NoticeSender {
    pub(super) fn new(policy: Arc<NoticePolicy>, mail: Option<MailServer>) -> Self {
        Self { policy, web: WebhookClient::new().map_err(Arc::new), mail }
    }

    /// Sends a message. Returns what the receiver answered.
    pub(super) async fn send(
        &self,
        contact: &Contact,
        message: &NoticeMessage,
    ) -> Result<String, DeliveryError> {
        let steps = &self.policy.steps;
        let sending = async {
            match &contact.channel {
                Channel::Email { address } => {
                    let mail = self.mail.as_ref().ok_or(DeliveryError::NoMailServer)?;
                    mail.send(address, message, steps).await
                }
                Channel::Webhook(webhook) => self.web()?.post(webhook, message, steps).await,
            }
        };
        let sent = tokio::time::timeout(ATTEMPT_TIMEOUT, sending).await;
        sent.unwrap_or(Err(DeliveryError::TimedOut(ATTEMPT_TIMEOUT)))
    }

    pub(super) fn web(&self) -> Result<&WebhookClient, DeliveryError> {
        self.web.as_ref().map_err(|error| DeliveryError::Tls(error.to_string()))
    }
}
