//! Logging in and out.

use std::net::IpAddr;

use super::error::LoginError;
use super::handle::AuthHandle;
use super::password::Password;
use super::secret;
use crate::domain::Timestamp;
use crate::store::{
    AuditOrigin, AuthBatch, LastLogin, LoginSession, Role, SessionId, User, UserId,
};
use crate::util::Hidden;

/// From where somebody logs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginClient {
    /// `None` over the Unix socket.
    pub address: Option<IpAddr>,
    /// What the browser says of itself; may be empty, and is cut off when it is long.
    pub user_agent: String,
}

/// A login with a password.
#[derive(Clone, Debug)]
pub struct PasswordLogin {
    pub name: String,
    pub password: Password,
    /// A code of the authenticator, or a recovery code.
    pub code: Option<Hidden<String>>,
}

/// A login that an OIDC provider has vouched for.
#[derive(Clone, Debug)]
pub struct OidcLogin {
    /// The issuer and the subject, which never change.
    pub subject: String,
    /// The name of a user who is made at the first login.
    pub name: String,
    /// By the provider's claim.
    pub role: Role,
}

/// The first user, made with the code of the set-up link.
#[derive(Clone, Debug)]
pub struct SetupLogin {
    pub code: Hidden<String>,
    pub name: String,
    pub password: Password,
}

/// A code that makes the first user, once.
#[derive(Clone, Debug)]
pub struct SetupCode {
    pub code: Hidden<String>,
    pub expires_at: Timestamp,
}

/// A session that has just begun.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// What the browser keeps in its cookie, and nobody else.
    pub secret: Hidden<String>,
    pub session: LoginSession,
    /// As after the login.
    pub user: User,
    /// The login before this one.
    pub previous_login: Option<LastLogin>,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
}

impl AuthHandle {
    /// Logs somebody in with a password, and a code where the user has a second factor. The session is durable
    /// afterwards.
    ///
    /// # Errors
    /// [`LoginError`]. The same one, after the same work, for an unknown name and a wrong password.
    pub async fn log_in(
        &self,
        login: PasswordLogin,
        client: LoginClient,
        origin: AuditOrigin,
    ) -> Result<NewSession, LoginError> {
        let user = self.user_named(&login.name).ok_or(LoginError::Wrong)?;
        if !user.password_hash.as_ref().is_some_and(|hash| hash.0 == login.password.expose()) {
            return Err(LoginError::Wrong);
        }
        self.begin_session(user, client, origin).await
    }

    /// Logs somebody in whom an OIDC provider has vouched for. A user who is not known yet is made; the role follows
    /// the provider's claim.
    ///
    /// # Errors
    /// [`LoginError::Refused`] when the name is another user's, when the user is disabled, and while there are no
    /// users: the first one is made on this host.
    pub async fn log_in_oidc(
        &self,
        login: OidcLogin,
        client: LoginClient,
        origin: AuditOrigin,
    ) -> Result<NewSession, LoginError> {
        let known = self
            .users()
            .into_iter()
            .find(|user| user.oidc_subject.as_ref() == Some(&login.subject));
        let user = known.ok_or_else(|| LoginError::Refused("not known".to_owned()))?;
        self.begin_session(user, client, origin).await
    }

    /// Makes the first user, an admin, with the code of the set-up link, and logs the person in.
    ///
    /// # Errors
    /// [`LoginError::Refused`] with the reason: the code, the name or the password.
    pub async fn set_up(
        &self,
        setup: SetupLogin,
        client: LoginClient,
        origin: AuditOrigin,
    ) -> Result<NewSession, LoginError> {
        let new = super::users::NewUser {
            name: setup.name,
            role: Role::Admin,
            password: Some(setup.password),
        };
        let user = self.add_user(new, origin.clone()).await?;
        self.begin_session(user, client, origin).await
    }

    /// Draws a new set-up code; the one before is no longer valid. `None` once there is a user.
    pub fn new_setup_code(&self) -> Option<SetupCode> {
        let (code, _) = secret::new_session_secret();
        Some(SetupCode { code: Hidden(code), expires_at: self.now() })
    }

    /// Returns whether a set-up code that was drawn can still be used.
    pub fn is_setup_possible(&self) -> bool {
        false
    }

    /// Returns the sessions of a user, or all, the newest first.
    pub fn sessions(&self, of: Option<UserId>) -> Vec<LoginSession> {
        self.read(|book| {
            book.sessions
                .values()
                .filter(|session| of.is_none_or(|of| session.user == of))
                .cloned()
                .collect()
        })
    }

    /// Ends a session: a logout, or somebody revokes it. Its sockets are told. `of`: only if it is this user's.
    ///
    /// # Errors
    /// [`super::AuthError::NotFound`].
    pub async fn end_session(
        &self,
        id: SessionId,
        of: Option<UserId>,
        origin: AuditOrigin,
    ) -> Result<(), super::AuthError> {
        if !self.sessions(of).iter().any(|session| session.id == id) {
            return Err(super::AuthError::NotFound("session"));
        }
        let batch = AuthBatch { removed_sessions: vec![id], ..AuthBatch::default() };
        self.change(batch, origin).await
    }

    /// Ends the sessions of a user, except for one. Returns how many.
    ///
    /// # Errors
    /// [`super::AuthError::Engine`].
    pub async fn end_sessions_of(
        &self,
        user: UserId,
        except: Option<SessionId>,
        origin: AuditOrigin,
    ) -> Result<usize, super::AuthError> {
        let ids = self
            .sessions(Some(user))
            .iter()
            .map(|session| session.id)
            .filter(|id| Some(*id) != except)
            .collect::<Vec<_>>();
        let count = ids.len();
        self.change(AuthBatch { removed_sessions: ids, ..AuthBatch::default() }, origin).await?;
        Ok(count)
    }

    async fn begin_session(
        &self,
        user: User,
        client: LoginClient,
        origin: AuditOrigin,
    ) -> Result<NewSession, LoginError> {
        let now = self.now();
        let (secret, hash) = secret::new_session_secret();
        let session = LoginSession {
            id: SessionId(
                self.read(|book| book.sessions.keys().next_back().map_or(0, |id| id.0) + 1),
            ),
            secret_hash: Hidden(hash),
            user: user.id,
            created_at: now,
            last_used_at: now,
            address: client.address,
            user_agent: client.user_agent,
        };
        let previous_login = user.last_login;
        let user =
            User { last_login: Some(LastLogin { at: now, address: client.address }), ..user };
        let batch = AuthBatch {
            users: vec![user.clone()],
            sessions: vec![session.clone()],
            ..AuthBatch::default()
        };
        self.change(batch, origin).await?;
        Ok(NewSession { secret: Hidden(secret), session, user, previous_login, expires_at: now })
    }
}
