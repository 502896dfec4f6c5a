//! What operators ask of the mirror.

use tokio::sync::oneshot;

use super::claim_decision::ClaimOverride;
use super::error::SyncError;
use super::status::{AuditComparison, Reconciliation};

/// Where the answer to a request goes.
pub(super) type ReplyTo<T> = oneshot::Sender<Result<T, SyncError>>;

/// A request to the mirror's thread.
pub(super) enum SyncRequest {
    SyncNow(ReplyTo<()>),
    Compare { repair: bool, reply_to: ReplyTo<Reconciliation> },
    CompareAudit(ReplyTo<AuditComparison>),
    TakeOver(ReplyTo<()>),
    Adopt(ReplyTo<()>),
    Stop,
}

/// What a request that was carried out found.
pub(super) enum SyncAnswer {
    Done,
    Rows(Reconciliation),
    Audit(AuditComparison),
}

impl SyncRequest {
    /// Whether nobody waits for the answer any more.
    pub(super) fn is_abandoned(&self) -> bool {
        match self {
            Self::SyncNow(reply_to) | Self::TakeOver(reply_to) | Self::Adopt(reply_to) => {
                reply_to.is_closed()
            }
            Self::Compare { reply_to, .. } => reply_to.is_closed(),
            Self::CompareAudit(reply_to) => reply_to.is_closed(),
            Self::Stop => false,
        }
    }

    /// How the request resolves a conflict, if it does.
    pub(super) fn claim_override(&self) -> Option<ClaimOverride> {
        match self {
            Self::TakeOver(_) => Some(ClaimOverride::TakeOver),
            Self::Adopt(_) => Some(ClaimOverride::Adopt),
            Self::SyncNow(_) | Self::Compare { .. } | Self::CompareAudit(_) | Self::Stop => None,
        }
    }

    /// Answers that the request was carried out.
    pub(super) fn succeed(self, answer: SyncAnswer) {
        // An abandoned request needs no answer.
        match (self, answer) {
            (Self::SyncNow(reply_to) | Self::TakeOver(reply_to) | Self::Adopt(reply_to), _) => {
                reply_to.send(Ok(())).ok();
            }
            (Self::Compare { reply_to, .. }, SyncAnswer::Rows(reconciliation)) => {
                reply_to.send(Ok(reconciliation)).ok();
            }
            (Self::CompareAudit(reply_to), SyncAnswer::Audit(comparison)) => {
                reply_to.send(Ok(comparison)).ok();
            }
            (Self::Compare { .. } | Self::CompareAudit(_) | Self::Stop, _) => {}
        }
    }

    /// Answers that the request cannot be carried out.
    pub(super) fn fail(self, error: impl Fn() -> SyncError) {
        // An abandoned request needs no answer.
        match self {
            Self::SyncNow(reply_to) | Self::TakeOver(reply_to) | Self::Adopt(reply_to) => {
                reply_to.send(Err(error())).ok();
            }
            Self::Compare { reply_to, .. } => {
                reply_to.send(Err(error())).ok();
            }
            Self::CompareAudit(reply_to) => {
                reply_to.send(Err(error())).ok();
            }
            Self::Stop => {}
        }
    }
}
