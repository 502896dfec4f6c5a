//! Sessions that somebody looks at or ends.

use serde_json::json;

use super::book::AuthBook;
use super::error::AuthError;
use super::handle::AuthHandle;
use crate::domain::Timestamp;
use crate::engine::AuthWrite;
use crate::store::{AuditEvent, AuditOrigin, AuthBatch, LoginSession, SessionId, UserId};

impl AuthHandle {
    /// Returns a session that has not been ended.
    pub fn session(&self, id: SessionId) -> Option<LoginSession> {
        self.read(|book| book.session(id))
    }

    /// Returns the sessions of a user, or all, the newest first.
    pub fn sessions(&self, of: Option<UserId>) -> Vec<LoginSession> {
        let (limits, now) = (self.session_limits(), self.now());
        self.read(|book| {
            let is_live = |it: &LoginSession| book.live_session(it.id, limits, now).is_some();
            book.sessions(of).filter(is_live).collect()
        })
    }

    /// Ends one's own session.
    ///
    /// # Errors
    /// [`AuthError::NotFound`].
    pub async fn log_out(&self, id: SessionId, origin: AuditOrigin) -> Result<(), AuthError> {
        self.end_one(id, None, "log out", origin).await
    }

    /// Ends a session that somebody revokes. Its sockets are told. `of`: only if it is this user's.
    ///
    /// # Errors
    /// [`AuthError::NotFound`].
    pub async fn end_session(
        &self,
        id: SessionId,
        of: Option<UserId>,
        origin: AuditOrigin,
    ) -> Result<(), AuthError> {
        self.end_one(id, of, "end session", origin).await
    }

    async fn end_one(
        &self,
        id: SessionId,
        of: Option<UserId>,
        action: &'static str,
        origin: AuditOrigin,
    ) -> Result<(), AuthError> {
        let decide = move |book: &AuthBook, _: Timestamp| {
            let session = book.session(id).filter(|it| of.is_none_or(|of| it.user == of));
            let session = session.ok_or(AuthError::NotFound("Session"))?;
            let user = book.user(session.user).map(|user| user.name.as_str());
            let details = json!({"user": user, "session": id.0});
            let batch = AuthBatch { removed_sessions: vec![id], ..AuthBatch::default() };
            let event = Some(AuditEvent::done(origin, action, details));
            Ok((AuthWrite { batch, event }, ()))
        };
        self.change(decide).await
    }

    /// Ends the sessions of a user, except for one. Returns how many.
    ///
    /// # Errors
    /// [`AuthError::NotFound`] for the user.
    pub async fn end_sessions_of(
        &self,
        user: UserId,
        except: Option<SessionId>,
        origin: AuditOrigin,
    ) -> Result<usize, AuthError> {
        let decide = move |book: &AuthBook, _: Timestamp| {
            let name = book.user(user).map(|user| user.name.as_str());
            let name = name.ok_or(AuthError::NotFound("User"))?;
            let removed_sessions = sessions_except(book, user, except);
            let count = removed_sessions.len();
            if count == 0 {
                return Ok((AuthWrite::default(), 0));
            }
            let details = json!({"user": name, "sessions": count});
            let batch = AuthBatch { removed_sessions, ..AuthBatch::default() };
            let event = Some(AuditEvent::done(origin, "end sessions", details));
            Ok((AuthWrite { batch, event }, count))
        };
        self.change(decide).await
    }
}

/// Returns the sessions of a user except for one.
pub(super) fn sessions_except(
    book: &AuthBook,
    user: UserId,
    except: Option<SessionId>,
) -> Vec<SessionId> {
    let ids = book.sessions(Some(user)).map(|session| session.id);
    ids.filter(|id| Some(*id) != except).collect()
}
