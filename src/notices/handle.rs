//! The handle by which people see the contacts, and test them.

use std::sync::{Arc, PoisonError};

use super::book::NoticePolicy;
use super::contact::Contact;
use super::error::DeliveryError;
use super::heartbeat::HeartbeatLog;
use super::message::SiteFacts;
use super::outbox::Outbox;
use super::routes::{NoticeOptions, NoticeRoutes};
use super::sender::NoticeTest;
use crate::domain::Timestamp;
use crate::engine::EngineHandle;
use crate::util::Usage;
use crate::util::metrics::{Metric, float};

/// Handle to the notices; clones share everything.
#[derive(Clone)]
pub struct NoticesHandle {
    pub(super) engine: EngineHandle,
    pub(super) outbox: Outbox,
    pub(super) routes: NoticeRoutes,
}

/// How delivery to a contact goes.
#[derive(Clone, Debug)]
pub struct ContactState {
    /// Attempts that failed since the last one that succeeded.
    pub failures: u32,
    /// Whether they are so many that it is an incident.
    pub is_failing: bool,
    /// Why the last attempt failed.
    pub error: Option<String>,
    /// When a message was last accepted, since the start of the service.
    pub last_sent_at: Option<Timestamp>,
    /// Notices that are due and not delivered.
    pub waiting_count: usize,
}

impl NoticesHandle {
    pub fn policy(&self) -> Arc<NoticePolicy> {
        self.routes.sender().policy
    }

    pub fn site(&self) -> Arc<SiteFacts> {
        self.routes.sender().site
    }

    /// Tells other contacts, or by other ways, from now on. What waits for a contact that is configured no more
    /// is given up.
    pub fn replace(&self, options: NoticeOptions) {
        let policy = Arc::clone(options.sender.policy());
        self.routes.replace(options);
        self.outbox.replace_policy(policy);
    }

    /// How delivery to a contact goes.
    pub fn state_of(&self, contact: &Contact) -> ContactState {
        let (log, waiting_count) = self.outbox.contact_log(&contact.name, self.engine.now());
        ContactState {
            failures: log.failures,
            is_failing: log.is_failing(),
            last_sent_at: log.last_sent_at(),
            error: log.error,
            waiting_count,
        }
    }

    /// The notices that wait and the attempts to deliver them, for monitoring systems.
    pub fn metrics(&self) -> [Metric; 2] {
        let waiting = self.outbox.waiting_count(self.engine.now());
        [
            Metric::gauge(
                "unoc_notices_waiting",
                "Number of notices that are due and not delivered",
                float(waiting as u64),
            ),
            self.routes.sender().metrics.read(&self.policy().contacts),
        ]
    }

    /// How many notices wait, also those that are not due yet.
    pub fn usage(&self) -> Usage {
        self.outbox.usage()
    }

    /// How the calls of the heartbeat went; `None` without one.
    pub fn heartbeat(&self) -> Option<HeartbeatLog> {
        let log = self.routes.heartbeat()?.log();
        let log = log.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Some(log)
    }

    /// Sends a test message to a contact, or to all, and waits for their answers.
    ///
    /// # Errors
    /// [`DeliveryError::UnknownContact`].
    pub async fn test(&self, name: Option<&str>) -> Result<Vec<NoticeTest>, DeliveryError> {
        let sender = self.routes.sender();
        let is_meant = |contact: &&Contact| name.is_none_or(|name| name == contact.name);
        let contacts: Vec<&Contact> = sender.policy.contacts.iter().filter(is_meant).collect();
        if contacts.is_empty() && name.is_some() {
            return Err(DeliveryError::UnknownContact);
        }
        Ok(sender.test(&contacts, self.engine.now()).await)
    }
}
