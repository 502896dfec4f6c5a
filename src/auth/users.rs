//! Users: making, changing and removing them.

use serde_json::{Map, Value, json};

use super::book::AuthBook;
use super::error::AuthError;
use super::handle::AuthHandle;
use super::login::LoginProof;
use super::name::checked_user_name;
use super::password::Password;
use super::sessions::sessions_except;
use crate::domain::Timestamp;
use crate::engine::AuthWrite;
use crate::store::{AuditEvent, AuditOrigin, AuthBatch, Role, User, UserId};
use crate::util::Hidden;

/// A user to make.
#[derive(Clone, Debug)]
pub struct NewUser {
    pub name: String,
    pub role: Role,
    /// Without one, nobody logs in as this user until a password is set.
    pub password: Option<Password>,
}

/// What to change of a user; what is absent stays as it is.
#[derive(Clone, Debug, Default)]
pub struct UserChange {
    pub role: Option<Role>,
    pub is_disabled: Option<bool>,
    pub password: Option<Password>,
    /// Remove the second factor.
    pub clear_totp: bool,
    /// Revoke all API tokens of the user, which outlive a new password.
    pub revoke_tokens: bool,
}

impl AuthHandle {
    /// Returns all users, the oldest first.
    pub fn users(&self) -> Vec<User> {
        self.read(|book| book.users().cloned().collect())
    }

    /// Returns a user.
    pub fn user(&self, id: UserId) -> Option<User> {
        self.read(|book| book.user(id).cloned())
    }

    /// Returns the user with this name, in any case.
    pub fn user_named(&self, name: &str) -> Option<User> {
        self.read(|book| book.user_named(name).cloned())
    }

    /// Makes a user. The first one, who has to be an admin with a password, switches the service to login.
    ///
    /// # Errors
    /// [`AuthError::Refused`]: the name, the password, or a rule about the first user.
    pub async fn add_user(&self, new: NewUser, origin: AuditOrigin) -> Result<User, AuthError> {
        self.add_user_if(|_| Ok(()), new, origin).await
    }

    /// Makes the first user, and proves with it who logs in then.
    pub(super) async fn add_first_user(
        &self,
        new: NewUser,
        origin: AuditOrigin,
    ) -> Result<LoginProof, AuthError> {
        let is_wanted = |book: &AuthBook| match book.is_empty() {
            true => Ok(()),
            false => Err(AuthError::Refused("there is a user already; log in".to_owned())),
        };
        let user = self.add_user_if(is_wanted, new, origin).await?;
        Ok(LoginProof { user, code: None, rehashed: None })
    }

    async fn add_user_if(
        &self,
        is_wanted: impl FnOnce(&AuthBook) -> Result<(), AuthError> + Send + 'static,
        new: NewUser,
        origin: AuditOrigin,
    ) -> Result<User, AuthError> {
        let name = checked_user_name(&new.name)?;
        let password_hash = self.checked_hash(new.password.as_ref(), &name).await?;
        let decide = move |book: &AuthBook, now: Timestamp| {
            is_wanted(book)?;
            let user = User {
                id: book.next_user(),
                name,
                role: new.role,
                password_changed_at: password_hash.is_some().then_some(now),
                password_hash,
                totp: None,
                is_disabled: false,
                created_at: now,
                last_login: None,
                oidc_subject: None,
            };
            book.check_user(&user)?;
            let details = json!({"user": user.name, "role": user.role.as_str()});
            let event = Some(AuditEvent::done(origin, "add user", details));
            let batch = AuthBatch { users: vec![user.clone()], ..AuthBatch::default() };
            Ok((AuthWrite { batch, event }, user))
        };
        self.change(decide).await
    }

    /// Changes a user. All sessions of the user end, since they would go on with what was before; to remove the
    /// second factor or the tokens ends none.
    ///
    /// # Errors
    /// [`AuthError::NotFound`]; [`AuthError::Refused`]: the password, or nobody would be left to administer.
    pub async fn change_user(
        &self,
        id: UserId,
        change: UserChange,
        origin: AuditOrigin,
    ) -> Result<User, AuthError> {
        let name = self.user(id).ok_or(AuthError::NotFound("User"))?.name;
        let password_hash = self.checked_hash(change.password.as_ref(), &name).await?;
        let decide = move |book: &AuthBook, now: Timestamp| {
            let before = book.user(id).ok_or(AuthError::NotFound("User"))?;
            let mut user = before.clone();
            user.role = change.role.unwrap_or(user.role);
            user.is_disabled = change.is_disabled.unwrap_or(user.is_disabled);
            if let Some(hash) = password_hash {
                user.password_hash = Some(hash);
                user.password_changed_at = Some(now);
            }
            if change.clear_totp {
                user.totp = None;
            }
            let tokens = book.tokens(Some(id)).filter(|_| change.revoke_tokens);
            let removed_tokens: Vec<_> = tokens.map(|token| token.id).collect();
            if user == *before && removed_tokens.is_empty() {
                return Ok((AuthWrite::default(), user));
            }
            book.check_user(&user)?;
            let does_end =
                User { totp: None, ..user.clone() } != User { totp: None, ..before.clone() };
            let removed_sessions =
                if does_end { sessions_except(book, id, None) } else { Vec::new() };
            let details = differences(before, &user, removed_tokens.len());
            let event = Some(AuditEvent::done(origin, "change user", details));
            let users = vec![user.clone()];
            let batch =
                AuthBatch { users, removed_sessions, removed_tokens, ..AuthBatch::default() };
            Ok((AuthWrite { batch, event }, user))
        };
        self.change(decide).await
    }

    /// Removes a user with the sessions and tokens.
    ///
    /// # Errors
    /// [`AuthError::NotFound`]; [`AuthError::Refused`] when nobody would be left to administer.
    pub async fn remove_user(&self, id: UserId, origin: AuditOrigin) -> Result<(), AuthError> {
        let decide = move |book: &AuthBook, _: Timestamp| {
            let user = book.user(id).ok_or(AuthError::NotFound("User"))?;
            book.check_removal(id)?;
            let removed_tokens: Vec<_> = book.tokens(Some(id)).map(|token| token.id).collect();
            let details = json!({
                "user": user.name, "role": user.role.as_str(), "tokens": removed_tokens.len(),
            });
            let batch = AuthBatch {
                removed_users: vec![id],
                removed_sessions: sessions_except(book, id, None),
                removed_tokens,
                ..AuthBatch::default()
            };
            let event = Some(AuditEvent::done(origin, "remove user", details));
            Ok((AuthWrite { batch, event }, ()))
        };
        self.change(decide).await?;
        self.0.enrolments.end(id);
        Ok(())
    }

    /// Checks the rules for a new password, and returns its hash.
    pub(super) async fn checked_hash(
        &self,
        password: Option<&Password>,
        user_name: &str,
    ) -> Result<Option<Hidden<String>>, AuthError> {
        let Some(password) = password else { return Ok(None) };
        password.check(user_name)?;
        self.0.hasher.hash(password).await.map(Some)
    }
}

/// What the audit trail says of a change: never a secret.
fn differences(before: &User, after: &User, revoked_tokens: usize) -> Value {
    let mut details = Map::from_iter([("user".to_owned(), json!(after.name))]);
    let mut add = |key: &str, before: Value, after: Value| {
        if before != after {
            details.insert(key.to_owned(), json!({"before": before, "after": after}));
        }
    };
    add("role", json!(before.role.as_str()), json!(after.role.as_str()));
    add("is_disabled", json!(before.is_disabled), json!(after.is_disabled));
    add("has_totp", json!(before.totp.is_some()), json!(after.totp.is_some()));
    if before.password_hash != after.password_hash {
        details.insert("password".to_owned(), json!("set"));
    }
    if revoked_tokens > 0 {
        details.insert("revoked_tokens".to_owned(), json!(revoked_tokens));
    }
    Value::Object(details)
}
