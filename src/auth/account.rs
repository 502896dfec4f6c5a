//! What users change of their own accounts: the password and the second factor.

use serde_json::json;

use super::book::{AuthBook, SessionLimits};
use super::error::AuthError;
use super::handle::AuthHandle;
use super::hash_places::Asker;
use super::hasher::Verdict;
use super::password::Password;
use super::sessions::sessions_except;
use super::throttle::ThrottleKey;
use super::totp::{self, RecoveryCodes, TotpEnrolment};
use crate::domain::Timestamp;
use crate::engine::AuthWrite;
use crate::store::{AuditEvent, AuditOrigin, AuthBatch, SessionId, TotpState, User, UserId};
use crate::util::Hidden;

const WRONG_PASSWORD: AuthError = AuthError::Wrong("The current password is wrong");
const HAS_FACTOR: &str = "there is a second factor already; remove it first";
const WRONG_CODE: AuthError = AuthError::Wrong("The code is wrong");

impl AuthHandle {
    /// Changes a user's own password. All other sessions of the user end.
    ///
    /// # Errors
    /// [`AuthError::Wrong`] for the present password; [`AuthError::Refused`] for the new one.
    pub async fn change_password(
        &self,
        user: UserId,
        kept: SessionId,
        current: Password,
        new: Password,
        origin: AuditOrigin,
    ) -> Result<(), AuthError> {
        let checked = self.confirm_password(user, &current).await?;
        let hash = self.checked_hash(Some(&new), &checked.name).await?;
        let limits = self.session_limits();
        let decide = move |book: &AuthBook, now: Timestamp| {
            check_session(book, checked.id, kept, limits, now)?;
            let mut user = unchanged(book, &checked)?;
            user.password_hash = hash;
            user.password_changed_at = Some(now);
            let removed_sessions = sessions_except(book, user.id, Some(kept));
            let details = json!({"user": user.name, "ended_sessions": removed_sessions.len()});
            let event = Some(AuditEvent::done(origin, "change password", details));
            let batch = AuthBatch { users: vec![user], removed_sessions, ..AuthBatch::default() };
            Ok((AuthWrite { batch, event }, ()))
        };
        self.change(decide).await
    }

    /// Draws the key of a second factor, which is in force once [`AuthHandle::confirm_totp`] has seen a code of it. It
    /// takes the password: who finds a browser that was left open must not lock its user out.
    ///
    /// # Errors
    /// [`AuthError::NotFound`]; [`AuthError::Refused`] when the user has one, or no password; [`AuthError::Wrong`] for
    /// the password.
    pub async fn begin_totp(
        &self,
        user: UserId,
        password: Password,
    ) -> Result<TotpEnrolment, AuthError> {
        let user = self.user(user).ok_or(AuthError::NotFound("User"))?;
        if user.totp.is_some() {
            return Err(AuthError::Refused(HAS_FACTOR.to_owned()));
        }
        if user.password_hash.is_none() {
            let text = "you log in through the provider, which asks for its own second factor";
            return Err(AuthError::Refused(text.to_owned()));
        }
        let user = self.confirm_password(user.id, &password).await?;
        let secret = totp::new_secret();
        self.0.enrolments.begin(user.id, secret, self.now());
        Ok(totp::enrolment(&secret, &user.name))
    }

    /// Puts the second factor into force, and returns its recovery codes.
    ///
    /// # Errors
    /// [`AuthError::Wrong`] for the code; [`AuthError::Refused`] when none was begun, or too long ago, when there is one
    /// already, and when the session has ended.
    pub async fn confirm_totp(
        &self,
        user: UserId,
        session: SessionId,
        code: Hidden<String>,
        origin: AuditOrigin,
    ) -> Result<RecoveryCodes, AuthError> {
        let secret = self.0.enrolments.get(user, self.now()).ok_or_else(|| {
            AuthError::Refused("the key was shown more than 10 minutes ago; begin again".to_owned())
        })?;
        let attempt = self.begin_confirmation(user)?;
        let typed: String = code.0.chars().filter(|c| !c.is_whitespace()).take(64).collect();
        let last_step = totp::step_of(&secret, &typed, 0, self.now()).ok_or(WRONG_CODE)?;
        self.0.throttle.succeed(attempt);
        let (codes, recovery_code_hashes) = totp::new_recovery_codes();
        let state = TotpState { secret: Hidden(secret), last_step, recovery_code_hashes };
        let limits = self.session_limits();
        let decide = move |book: &AuthBook, now: Timestamp| {
            check_session(book, user, session, limits, now)?;
            let mut user = book.user(user).ok_or(AuthError::NotFound("User"))?.clone();
            if user.totp.is_some() {
                return Err(AuthError::Refused(HAS_FACTOR.to_owned()));
            }
            user.totp = Some(state);
            let event = AuditEvent::done(origin, "add second factor", json!({"user": user.name}));
            let batch = AuthBatch { users: vec![user], ..AuthBatch::default() };
            Ok((AuthWrite { batch, event: Some(event) }, ()))
        };
        self.change(decide).await?;
        self.0.enrolments.end(user);
        Ok(codes)
    }

    /// Removes a user's own second factor.
    ///
    /// # Errors
    /// [`AuthError::Wrong`] for the password.
    pub async fn remove_totp(
        &self,
        user: UserId,
        password: Password,
        origin: AuditOrigin,
    ) -> Result<(), AuthError> {
        let checked = self.confirm_password(user, &password).await?;
        let decide = move |book: &AuthBook, _: Timestamp| {
            let mut user = unchanged(book, &checked)?;
            if user.totp.take().is_none() {
                return Ok((AuthWrite::default(), ()));
            }
            let event =
                AuditEvent::done(origin, "remove second factor", json!({"user": user.name}));
            let batch = AuthBatch { users: vec![user], ..AuthBatch::default() };
            Ok((AuthWrite { batch, event: Some(event) }, ()))
        };
        self.change(decide).await
    }

    /// Returns the user whose password this is, as it was then.
    async fn confirm_password(&self, id: UserId, password: &Password) -> Result<User, AuthError> {
        let user = self.user(id).ok_or(AuthError::NotFound("User"))?;
        let attempt = self.begin_confirmation(id)?;
        let stored = user.password_hash.as_ref();
        match self.0.hasher.verify(Asker::Known, stored, password).await {
            Ok(Verdict::Wrong) => Err(WRONG_PASSWORD),
            Ok(Verdict::Right | Verdict::RightOutdated) => {
                self.0.throttle.succeed(attempt);
                Ok(user)
            }
            Err(error) => {
                self.0.throttle.take_back(attempt);
                Err(error)
            }
        }
    }

    /// A browser that was left open is no place to guess the password of its user.
    fn begin_confirmation(&self, user: UserId) -> Result<super::throttle::Attempt, AuthError> {
        let begun = self.0.throttle.begin(vec![ThrottleKey::Confirmation(user)], self.now());
        begun.map_err(|retry_after| AuthError::Throttled { retry_after })
    }
}

/// Checks that the session in which a user changes something still is one: it may have been ended meanwhile, such as by
/// somebody whose password was stolen.
fn check_session(
    book: &AuthBook,
    user: UserId,
    session: SessionId,
    limits: SessionLimits,
    now: Timestamp,
) -> Result<(), AuthError> {
    match book.live_session(session, limits, now) {
        Some(owner) if owner.id == user => Ok(()),
        _ => Err(AuthError::Refused("the session has ended; log in again".to_owned())),
    }
}

/// Returns the user, if the password that was checked is still the one.
fn unchanged(book: &AuthBook, checked: &User) -> Result<User, AuthError> {
    let user = book.user(checked.id).ok_or(AuthError::NotFound("User"))?;
    if user.password_hash == checked.password_hash { Ok(user.clone()) } else { Err(WRONG_PASSWORD) }
}
