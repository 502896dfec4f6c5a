//! What the audit trail says of who did something, from where, and whether it was done.

use serde_json::Value;

/// Who asked for something, from where, and by which request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditOrigin {
    /// For example `user ada`, `api 192.0.2.7` or `cli`.
    pub actor: String,
    /// The address that the request came from; empty when it came over no network.
    pub address: String,
    /// The request's `X-Request-Id`; empty outside HTTP.
    pub request_id: String,
}

impl AuditOrigin {
    /// Of this program itself or of a command on the host: no address, no request.
    pub fn local(actor: &str) -> Self {
        Self { actor: actor.to_owned(), address: String::new(), request_id: String::new() }
    }
}

/// Whether what was asked for was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditOutcome {
    Done,
    /// A rule said no: a wrong password, a role that is not enough.
    Refused,
}

impl AuditOutcome {
    pub const ALL: [Self; 2] = [Self::Done, Self::Refused];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
        }
    }
}

/// Something to record in the audit trail that is no command: a login, a setting, a download.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditEvent {
    pub origin: AuditOrigin,
    /// A verb and its object in lower case, such as `log in` or `download backup`.
    pub action: &'static str,
    pub outcome: AuditOutcome,
    /// What it was about, before and after: an object, such as `{"user": "ada"}`, or null. Never a
    /// secret, and no customer's personal data: an erasure does not look here.
    pub details: Value,
}

impl AuditEvent {
    /// Something that was done.
    pub fn done(origin: AuditOrigin, action: &'static str, details: Value) -> Self {
        Self { origin, action, outcome: AuditOutcome::Done, details }
    }

    /// Something that was refused.
    pub fn refused(origin: AuditOrigin, action: &'static str, details: Value) -> Self {
        Self { origin, action, outcome: AuditOutcome::Refused, details }
    }
}
