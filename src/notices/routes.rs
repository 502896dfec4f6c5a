//! Who is told and how, as it is configured now.

use std::sync::Arc;

use tokio::sync::watch;

use super::heartbeat::Heartbeat;
use super::sender::NoticeSender;

/// What the delivery needs besides the notices.
#[derive(Clone)]
pub struct NoticeOptions {
    pub sender: NoticeSender,
    pub heartbeat: Option<Heartbeat>,
}

/// The options in force, which are replaced when the configuration is read again. Clones share them.
#[derive(Clone)]
pub struct NoticeRoutes(watch::Sender<NoticeOptions>);

impl NoticeRoutes {
    pub fn new(options: NoticeOptions) -> Self {
        Self(watch::Sender::new(options))
    }

    /// Returns the ways out.
    pub fn sender(&self) -> NoticeSender {
        self.0.borrow().sender.clone()
    }

    pub(super) fn heartbeat(&self) -> Option<Heartbeat> {
        self.0.borrow().heartbeat.clone()
    }

    pub(super) fn changes(&self) -> watch::Receiver<NoticeOptions> {
        self.0.subscribe()
    }

    /// The counts of attempts go on.
    pub(super) fn replace(&self, mut options: NoticeOptions) {
        self.0.send_modify(|current| {
            options.sender.metrics = Arc::clone(&current.sender.metrics);
            *current = options;
        });
    }
}
