//! What the audit trail says of who did something, from where, and whether it was done.

use serde_json::Value;

pub const RESTORE_BACKUP: &str = "restore backup";
pub const RESTORE_DUMP: &str = "restore dump of v2";
pub const UNDO_RESTORE: &str = "undo restore";
pub const ADOPT_SITE: &str = "adopt site";
/// The numbers of the site jump above those of a copy that has later ones: the rows between are not here.
pub const CONTINUE_NUMBERS: &str = "continue numbers";

/// An operator has seen what a check of the trail found before this row.
pub const ACCEPT_AUDIT_PROBLEMS: &str = "accept problems of the audit trail";

/// What replaces the whole site without being a command.
pub(super) const SITE_REPLACEMENTS: [&str; 4] =
    [RESTORE_BACKUP, RESTORE_DUMP, UNDO_RESTORE, ADOPT_SITE];

/// Longest details of a row, in bytes: some dozens of values before and after.
pub const AUDIT_DETAILS_BYTES_MAX: usize = 8 << 10;

/// Who asked for something, from where, and by which request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditOrigin {
    /// For example `user ada`, `host user root`, `system`, or `api` for somebody who is not known.
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

    /// Reads [`AuditOutcome::as_str`].
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == word)
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

/// The text of details; empty without any. Those that are too long are left out, and counted.
pub(super) fn details_text(details: &Value) -> String {
    if details.is_null() {
        return String::new();
    }
    let text = details.to_string();
    if text.len() <= AUDIT_DETAILS_BYTES_MAX {
        return text;
    }
    format!("{{\"omitted_bytes\":{}}}", text.len())
}
