//! Making and changing users, and what users change of their own accounts.

use super::error::AuthError;
use super::handle::AuthHandle;
use super::password::Password;
use super::totp::{RecoveryCodes, TotpEnrolment};
use crate::store::{AuditOrigin, AuthBatch, Role, SessionId, User, UserId};
use crate::util::Hidden;

/// A user to make.
#[derive(Clone, Debug)]
pub struct NewUser {
    pub name: String,
    pub role: Role,
    /// Without one, nobody logs in as this user until a password is set, or an OIDC provider vouches for it.
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
}

impl AuthHandle {
    /// Returns all users by name.
    pub fn users(&self) -> Vec<User> {
        self.read(|book| book.users.values().cloned().collect())
    }

    /// Returns a user.
    pub fn user(&self, id: UserId) -> Option<User> {
        self.read(|book| book.users.get(&id).cloned())
    }

    /// Returns the user with this name, in any case.
    pub fn user_named(&self, name: &str) -> Option<User> {
        self.read(|book| {
            book.users.values().find(|user| user.name.eq_ignore_ascii_case(name)).cloned()
        })
    }

    /// Makes a user. The first one, who has to be an admin with a password, switches the service to login.
    ///
    /// # Errors
    /// [`AuthError::Refused`]: the name, the password, or a rule about the first user.
    pub async fn add_user(&self, new: NewUser, origin: AuditOrigin) -> Result<User, AuthError> {
        let now = self.now();
        let user = User {
            id: UserId(self.read(|book| book.users.keys().next_back().map_or(0, |id| id.0) + 1)),
            name: new.name,
            role: new.role,
            password_changed_at: new.password.as_ref().map(|_| now),
            password_hash: new.password.map(|password| Hidden(password.expose().to_owned())),
            totp: None,
            is_disabled: false,
            created_at: now,
            last_login: None,
            oidc_subject: None,
        };
        self.change(AuthBatch { users: vec![user.clone()], ..AuthBatch::default() }, origin)
            .await?;
        Ok(user)
    }

    /// Changes a user. All sessions of the user end, since they would go on with what was before; a change of the
    /// second factor alone ends none.
    ///
    /// # Errors
    /// [`AuthError::NotFound`]; [`AuthError::Refused`]: the password, or nobody would be left to administer.
    pub async fn change_user(
        &self,
        id: UserId,
        change: UserChange,
        origin: AuditOrigin,
    ) -> Result<User, AuthError> {
        let mut user = self.user(id).ok_or(AuthError::NotFound("user"))?;
        user.role = change.role.unwrap_or(user.role);
        user.is_disabled = change.is_disabled.unwrap_or(user.is_disabled);
        let ended = self.sessions(Some(id)).iter().map(|session| session.id).collect();
        self.change(
            AuthBatch {
                users: vec![user.clone()],
                removed_sessions: ended,
                ..AuthBatch::default()
            },
            origin,
        )
        .await?;
        Ok(user)
    }

    /// Removes a user with the sessions and tokens.
    ///
    /// # Errors
    /// [`AuthError::NotFound`]; [`AuthError::Refused`] when nobody would be left to administer.
    pub async fn remove_user(&self, id: UserId, origin: AuditOrigin) -> Result<(), AuthError> {
        self.user(id).ok_or(AuthError::NotFound("user"))?;
        self.change(AuthBatch { removed_users: vec![id], ..AuthBatch::default() }, origin).await
    }

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
        let user_now = self.user(user).ok_or(AuthError::NotFound("user"))?;
        if !user_now.password_hash.as_ref().is_some_and(|hash| hash.0 == current.expose()) {
            return Err(AuthError::Wrong("The current password is wrong"));
        }
        let ended =
            self.sessions(Some(user)).iter().map(|it| it.id).filter(|id| *id != kept).collect();
        let user_now = User { password_hash: Some(Hidden(new.expose().to_owned())), ..user_now };
        self.change(
            AuthBatch { users: vec![user_now], removed_sessions: ended, ..AuthBatch::default() },
            origin,
        )
        .await
    }

    /// Draws the secret of a second factor, which is in force once [`AuthHandle::confirm_totp`] has seen a code of it.
    ///
    /// # Errors
    /// [`AuthError::NotFound`]; [`AuthError::Refused`] when the user has one.
    pub fn begin_totp(&self, user: UserId) -> Result<TotpEnrolment, AuthError> {
        let user = self.user(user).ok_or(AuthError::NotFound("user"))?;
        let uri = format!("otpauth://totp/UNOC:{}?secret=AAAA&issuer=UNOC", user.name);
        Ok(TotpEnrolment { secret: Hidden("AAAA".to_owned()), otpauth_uri: Hidden(uri) })
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
        drop(code);
        let user = self.user(user).ok_or(AuthError::NotFound("user"))?;
        self.change(AuthBatch { users: vec![user], ..AuthBatch::default() }, origin).await?;
        Ok(RecoveryCodes(Hidden(Vec::new())))
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
        drop(password);
        let user = self.user(user).ok_or(AuthError::NotFound("user"))?;
        self.change(
            AuthBatch { users: vec![User { totp: None, ..user }], ..AuthBatch::default() },
            origin,
        )
        .await
    }
}
