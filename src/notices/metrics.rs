//! What is measured of the attempts to tell contacts.

use std::collections::BTreeMap;
use std::time::Duration;

use super::contact::{Channel, Contact, WebhookForm};
use crate::util::metrics::{AttemptDurations, Metric};

/// From a receiver on this host to the time-out of an attempt.
const ATTEMPT_BOUNDS_S: &[f64] = &[0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0];

/// The attempts by the kind of the contact, not by its name: contacts may be many.
pub(super) struct AttemptMetrics {
    email: AttemptDurations,
    /// In the order of [`WebhookForm::ALL`].
    webhooks: [AttemptDurations; WebhookForm::ALL.len()],
}

impl Default for AttemptMetrics {
    fn default() -> Self {
        Self {
            email: AttemptDurations::new(ATTEMPT_BOUNDS_S),
            webhooks: WebhookForm::ALL.map(|_| AttemptDurations::new(ATTEMPT_BOUNDS_S)),
        }
    }
}

impl AttemptMetrics {
    pub(super) fn count(&self, channel: &Channel, took: Duration, is_delivered: bool) {
        self.of(channel).1.observe(took, is_delivered);
    }

    /// The attempts to tell contacts of the kinds that these have.
    pub(super) fn read(&self, contacts: &[Contact]) -> Metric {
        let kinds: BTreeMap<_, &AttemptDurations> =
            contacts.iter().map(|contact| self.of(&contact.channel)).collect();
        Metric {
            name: "unoc_notice_attempt_seconds",
            help: "Duration of an attempt to tell a contact, by the kind of the contact",
            series: kinds.into_iter().flat_map(|(kind, of)| of.series("kind", kind)).collect(),
        }
    }

    /// The kind of a contact, and its attempts.
    fn of(&self, channel: &Channel) -> (&'static str, &AttemptDurations) {
        match channel {
            Channel::Email { .. } => (channel.as_str(), &self.email),
            Channel::Webhook(webhook) => {
                let form = webhook.form();
                (form.as_str(), &self.webhooks[form as usize])
            }
        }
    }
}
