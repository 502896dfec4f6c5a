//! What goes on without a request: sessions and tokens end, last uses are remembered.

use std::time::Duration;

use tracing::warn;

use super::book::{AuthBook, after};
use super::handle::AuthHandle;
use crate::domain::Timestamp;
use crate::engine::AuthWrite;
use crate::store::{AuditEvent, AuthBatch, TokenId};

/// How soon the sockets of a session that has expired are told.
const END_CHECK_INTERVAL: Duration = Duration::from_secs(1);
/// How often last uses are written: each time is an fsync.
const SAVE_INTERVAL: Duration = Duration::from_secs(60);
/// How long a token is listed after it expired, so that one sees why a program is refused.
const EXPIRED_TOKEN_AGE_MAX: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Up to when what expires is told, and last uses are written.
pub(super) struct KeptUntil {
    told_at: Timestamp,
    saved_at: Timestamp,
}

impl AuthHandle {
    /// Remembers last uses, and ends what has expired. Never returns: the composition root runs it beside the server.
    pub async fn keep(self) {
        let mut tick = tokio::time::interval(END_CHECK_INTERVAL);
        let mut kept = self.kept_until_now();
        loop {
            tick.tick().await;
            self.keep_once(&mut kept).await;
        }
    }

    pub(super) fn kept_until_now(&self) -> KeptUntil {
        KeptUntil { told_at: self.now(), saved_at: self.now() }
    }

    /// Does what is due since the last time.
    pub(super) async fn keep_once(&self, kept: &mut KeptUntil) {
        let now = self.now();
        self.end_expired(kept.told_at, now).await;
        kept.told_at = now;
        for event in self.0.failures.take_due(now) {
            self.record(event).await;
        }
        // Also when the clock was set back.
        if now >= kept.saved_at && now < after(kept.saved_at, SAVE_INTERVAL) {
            return;
        }
        self.save_uses(now).await;
        kept.saved_at = now;
    }

    /// Writes what is only in memory, before the engine ends: last uses, and counts of failed logins.
    pub async fn flush(&self) {
        self.save_uses(self.now()).await;
        for event in self.0.failures.take_all() {
            self.record(event).await;
        }
    }

    /// Removes the sessions that have ended by themselves, and tells of them and of tokens that expired since `from`.
    async fn end_expired(&self, from: Timestamp, now: Timestamp) {
        let limits = self.session_limits();
        let (sessions, has_expired_token) = self.read(|book| {
            let sessions = book.expired_sessions(limits, now);
            let has_expired_token =
                book.expired_tokens(now).len() > book.expired_tokens(from).len();
            (sessions, has_expired_token)
        });
        if has_expired_token {
            self.tell_ends();
        }
        if sessions.is_empty() {
            return;
        }
        // A request may have come meanwhile.
        let decide = move |book: &AuthBook, now: Timestamp| {
            let removed_sessions = book.expired_sessions(limits, now);
            let batch = AuthBatch { removed_sessions, ..AuthBatch::default() };
            Ok((AuthWrite { batch, event: None }, ()))
        };
        if let Err(error) = self.change(decide).await {
            warn!(%error, "Sessions that have ended are still in the store; they admit nobody");
            self.tell_ends();
        }
    }

    /// Writes rows that no change belongs to.
    async fn record(&self, event: AuditEvent) {
        if let Err(error) = self.0.engine.record_event(event).await {
            warn!(%error, "A failed login is not in the audit trail");
        }
    }

    async fn save_uses(&self, now: Timestamp) {
        if self.read(|book| unsaved(book, now).is_empty()) {
            return;
        }
        // Those that ended meanwhile are not written again.
        let decide = move |book: &AuthBook, now: Timestamp| {
            Ok((AuthWrite { batch: unsaved(book, now), event: None }, ()))
        };
        if let Err(error) = self.change(decide).await {
            warn!(%error, "The last uses of sessions and tokens are not in the store");
        }
    }
}

fn unsaved(book: &AuthBook, now: Timestamp) -> AuthBatch {
    let (sessions, tokens) = book.unsaved_uses();
    let then = Timestamp(now.0.saturating_sub(after(Timestamp(0), EXPIRED_TOKEN_AGE_MAX).0));
    let removed_tokens: Vec<TokenId> = book.expired_tokens(then);
    let tokens = tokens.into_iter().filter(|token| !removed_tokens.contains(&token.id)).collect();
    AuthBatch { sessions, tokens, removed_tokens, ..AuthBatch::default() }
}
