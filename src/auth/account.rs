//! What users change of their own accounts: the password and the second factor.

use serde_json::json;

use super::book::AuthBook;
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
        let decide = move |book: &AuthBook, now: Timestamp| {
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

    /// Draws the key of a second factor, which is in force once [`AuthHandle::confirm_totp`] has seen a code of it.
    ///
    /// # Errors
    /// [`AuthError::NotFound`]; [`AuthError::Refused`] when the user has one, or no password.
    pub fn begin_totp(&self, user: UserId) -> Result<TotpEnrolment, AuthError> {
        let user = self.user(user).ok_or(AuthError::NotFound("User"))?;
        if user.totp.is_some() {
            let text = "there is a second factor already; remove it first";
            return Err(AuthError::Refused(text.to_owned()));
        }
        if user.password_hash.is_none() {
            let text = "you log in through the provider, which asks for its own second factor";
            return Err(AuthError::Refused(text.to_owned()));
        }
        let secret = totp::new_secret();
        self.0.enrolments.begin(user.id, secret, self.now());
        Ok(totp::enrolment(&secret, &user.name))
    }

    /// Puts the second factor into force, and returns its recovery codes.
    ///
    /// # Errors
    /// [`AuthError::Wrong`] for the code; [`AuthError::Refused`] when none was begun, or too long ago.
    pub async fn confirm_totp(
        &self,
        user: UserId,
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
        let decide = move |book: &AuthBook, _: Timestamp| {
            let mut user = book.user(user).ok_or(AuthError::NotFound("User"))?.clone();
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

/// Returns the user, if the password that was checked is still the one.
fn unchanged(book: &AuthBook, checked: &User) -> Result<User, AuthError> {
    let user = book.user(checked.id).ok_or(AuthError::NotFound("User"))?;
    if user.password_hash == checked.password_hash { Ok(user.clone()) } else { Err(WRONG_PASSWORD) }
}
