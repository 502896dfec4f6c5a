//! Notices: who is told of an incident, by e-mail or webhook, and who next if nobody acknowledges it; and who is
//! sent which reports.
//!
//! [`NoticeBook`] decides, without time, threads or disks. What it decides is written in the transaction of the
//! incident that it tells of ([`crate::incidents::NoticePlanner`]), so that a kill loses none: what waits is
//! delivered after the restart, at most one message twice. Notices of reports are planned once a report is kept
//! (`reports.rs`). One task delivers, and calls the heartbeat.

mod book;
mod contact;
mod deliver;
mod error;
mod forms;
mod handle;
mod heartbeat;
mod mail;
mod message;
mod metrics;
mod outbox;
mod queue;
mod quiet_hours;
mod reports;
mod routes;
mod sender;
mod webhook;

pub use book::{NoticeBook, NoticePolicy};
pub use contact::{Channel, Contact, EscalationStep, Webhook, WebhookForm};
pub use deliver::{NoticeService, start};
pub use error::DeliveryError;
pub use handle::{ContactState, NoticesHandle};
pub use heartbeat::{Heartbeat, HeartbeatLog};
pub use mail::MailServer;
pub use message::SiteFacts;
pub use outbox::Outbox;
pub use quiet_hours::QuietHours;
pub use routes::{NoticeOptions, NoticeRoutes};
pub use sender::{NoticeSender, NoticeTest};

pub use crate::store::{Notice, NoticeKind, NoticeState, NoticeSubject};
