//! Sends a message to a contact, by whichever channel, within a deadline.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;

use super::book::NoticePolicy;
use super::contact::{Channel, Contact, StormMode};
use super::error::DeliveryError;
use super::mail::MailServer;
use super::message::{MessageOccasion, NoticeMessage, SiteFacts};
use super::metrics::AttemptMetrics;
use super::webhook::WebhookClient;
use crate::domain::Timestamp;

/// How long an attempt may take, from the look-up of the host to the answer.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(20);

/// The ways out; clones share them.
#[derive(Clone)]
pub struct NoticeSender {
    pub(super) policy: Arc<NoticePolicy>,
    pub(super) site: Arc<SiteFacts>,
    /// `None` when it could not be set up.
    web: Result<WebhookClient, Arc<DeliveryError>>,
    mail: Option<MailServer>,
    pub(super) metrics: Arc<AttemptMetrics>,
}

/// The outcome of a test.
#[derive(Debug)]
pub struct NoticeTest {
    pub contact: String,
    /// What the receiver answered.
    pub outcome: Result<String, DeliveryError>,
    /// How long that took.
    pub duration: Duration,
}

impl NoticeSender {
    pub fn new(policy: Arc<NoticePolicy>, site: SiteFacts, mail: Option<MailServer>) -> Self {
        let web = WebhookClient::new().map_err(Arc::new);
        Self { policy, site: Arc::new(site), web, mail, metrics: Arc::default() }
    }

    pub fn policy(&self) -> &Arc<NoticePolicy> {
        &self.policy
    }

    /// Sends a test message to contacts, to all at once, and waits for their answers.
    pub(super) async fn test(&self, contacts: &[&Contact], now: Timestamp) -> Vec<NoticeTest> {
        self.send_all(contacts, MessageOccasion::Test, now).await
    }

    /// As a test, but the message says that it is a drill. An alert that it makes is closed again.
    pub async fn drill(&self, contacts: &[&Contact], now: Timestamp) -> Vec<NoticeTest> {
        self.send_all(contacts, MessageOccasion::Drill, now).await
    }

    async fn send_all(
        &self,
        contacts: &[&Contact],
        occasion: MessageOccasion,
        now: Timestamp,
    ) -> Vec<NoticeTest> {
        let occasion = &occasion;
        let tests = contacts.iter().map(|contact| async move {
            let message = |occasion| NoticeMessage {
                site: Arc::clone(&self.site),
                contact: contact.name.clone(),
                now,
                occasion,
                items: Vec::new(),
                is_digest: false,
            };
            let start = Instant::now();
            let mut outcome = self.send(contact, &message(occasion.clone())).await;
            let is_alert = contact.storm_mode() == StormMode::Each;
            let is_drill = matches!(occasion, MessageOccasion::Drill);
            if outcome.is_ok() && is_alert && is_drill {
                outcome = self.send(contact, &message(MessageOccasion::DrillEnd)).await;
            }
            NoticeTest { contact: contact.name.clone(), outcome, duration: start.elapsed() }
        });
        join_all(tests).await
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
        let begun = Instant::now();
        let sent = tokio::time::timeout(ATTEMPT_TIMEOUT, sending).await;
        let sent = sent.unwrap_or(Err(DeliveryError::TimedOut(ATTEMPT_TIMEOUT)));
        self.metrics.count(&contact.channel, begun.elapsed(), sent.is_ok());
        sent
    }

    pub(super) fn web(&self) -> Result<&WebhookClient, DeliveryError> {
        self.web.as_ref().map_err(|error| DeliveryError::Tls(error.to_string()))
    }
}
