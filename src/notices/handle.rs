//! The handle by which people see the contacts, and test them.

use std::sync::{Arc, PoisonError};

use futures_util::future::join_all;

use super::book::NoticePolicy;
use super::contact::Contact;
use super::error::DeliveryError;
use super::heartbeat::{HeartbeatLog, HeartbeatState};
use super::message::{NoticeMessage, SiteFacts};
use super::outbox::Outbox;
use super::sender::NoticeSender;
use crate::domain::Timestamp;
use crate::engine::EngineHandle;

/// Handle to the notices; clones share everything.
#[derive(Clone)]
pub struct NoticesHandle {
    pub(super) engine: EngineHandle,
    pub(super) outbox: Outbox,
    pub(super) policy: Arc<NoticePolicy>,
    pub(super) site: Arc<SiteFacts>,
    pub(super) sender: NoticeSender,
    pub(super) heartbeat: Option<HeartbeatState>,
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

/// The outcome of a test.
#[derive(Debug)]
pub struct NoticeTest {
    pub contact: String,
    /// What the receiver answered.
    pub outcome: Result<String, DeliveryError>,
}

impl NoticesHandle {
    pub fn policy(&self) -> &NoticePolicy {
        &self.policy
    }

    pub fn site(&self) -> &SiteFacts {
        &self.site
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

    /// How the calls of the heartbeat went; `None` without one.
    pub fn heartbeat(&self) -> Option<HeartbeatLog> {
        let log = self.heartbeat.as_ref()?;
        Some(log.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    /// Sends a test message to a contact, or to all, and waits for their answers.
    ///
    /// # Errors
    /// [`DeliveryError::UnknownContact`].
    pub async fn test(&self, name: Option<&str>) -> Result<Vec<NoticeTest>, DeliveryError> {
        let is_meant = |contact: &&Contact| name.is_none_or(|name| name == contact.name);
        let contacts: Vec<&Contact> = self.policy.contacts.iter().filter(is_meant).collect();
        if contacts.is_empty() && name.is_some() {
            return Err(DeliveryError::UnknownContact);
        }
        let tests = contacts.into_iter().map(|contact| async {
            let message = NoticeMessage {
                site: Arc::clone(&self.site),
                contact: contact.name.clone(),
                now: self.engine.now(),
                items: Vec::new(),
                is_digest: false,
            };
            let outcome = self.sender.send(contact, &message).await;
            NoticeTest { contact: contact.name.clone(), outcome }
        });
        Ok(join_all(tests).await)
    }
}
