//! The handle through which all others use this layer.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::watch;

use super::caller::{Caller, Identity};
use super::error::AuthError;
use super::secret::{digest, is_session_secret, is_token};
use crate::domain::Timestamp;
use crate::engine::EngineHandle;
use crate::store::{
    ApiToken, AuditOrigin, AuthBatch, LoginSession, Role, SessionId, StoreError, TokenId,
    TokenScope, User, UserId,
};

/// How long sessions last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLimits {
    /// A session that is not used for this long ends.
    pub idle: Duration,
    /// A session ends this long after the login, however it is used.
    pub absolute: Duration,
}

/// What the configuration says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuthOptions {
    pub sessions: SessionLimits,
    /// While there are no users, everybody may do everything, from the network too.
    pub is_insecure: bool,
}

/// Who has to be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthMode {
    /// There are no users: those on this host may do everything, others nothing.
    Open,
    /// There are no users, and everybody may do everything.
    Insecure,
    /// There are users: nobody may do anything without being known.
    Login,
}

impl AuthMode {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Insecure => "insecure",
            Self::Login => "login",
        }
    }
}

/// Answers who a request is from; clones share what they know.
#[derive(Clone)]
pub struct AuthHandle(Arc<SharedAuth>);

struct SharedAuth {
    engine: EngineHandle,
    options: RwLock<AuthOptions>,
    /// Held only while it is read or changed.
    book: RwLock<AuthBook>,
    ends: watch::Sender<u64>,
}

/// All users, sessions and tokens.
#[derive(Default)]
pub(super) struct AuthBook {
    pub(super) users: BTreeMap<UserId, User>,
    pub(super) sessions: BTreeMap<SessionId, LoginSession>,
    pub(super) tokens: BTreeMap<TokenId, ApiToken>,
}

impl AuthHandle {
    /// Reads users, sessions and tokens from the store.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn load(engine: EngineHandle, options: AuthOptions) -> Result<Self, StoreError> {
        Ok(Self(Arc::new(SharedAuth {
            engine,
            options: RwLock::new(options),
            book: RwLock::default(),
            ends: watch::channel(0).0,
        })))
    }

    /// Puts another configuration into force.
    pub fn set_options(&self, options: AuthOptions) {
        *self.0.options.write().unwrap_or_else(PoisonError::into_inner) = options;
    }

    /// Returns who has to be known at present.
    pub fn mode(&self) -> AuthMode {
        let options = self.options();
        match self.read(|book| book.users.is_empty()) {
            false => AuthMode::Login,
            true if options.is_insecure => AuthMode::Insecure,
            true => AuthMode::Open,
        }
    }

    /// Returns a request's caller without credentials, who is not on this host in mode open.
    pub fn anonymous(&self) -> Caller {
        Caller::anonymous((self.mode() == AuthMode::Insecure).then_some(Role::Admin))
    }

    /// Returns the caller with this secret of a session, and notes its use. `None` if there is no such session, or it
    /// has ended.
    pub fn session_caller(&self, secret: &str) -> Option<Caller> {
        if !is_session_secret(secret) {
            return None;
        }
        let hash = digest(secret);
        self.read(|book| {
            let session = book.sessions.values().find(|session| session.secret_hash.0 == hash)?;
            let user = book.users.get(&session.user)?;
            let name = user.name.as_str().into();
            let identity = Identity::User { id: user.id, name, session: session.id };
            Some(Caller { identity, role: Some(user.role) })
        })
    }

    /// Returns the caller with this API token, and notes its use. `None` if there is no such token, it has expired, or
    /// its owner is disabled.
    pub fn token_caller(&self, token: &str) -> Option<Caller> {
        if !is_token(token) {
            return None;
        }
        let hash = digest(token);
        self.read(|book| {
            let token = book.tokens.values().find(|token| token.secret_hash.0 == hash)?;
            let owner = book.users.get(&token.owner)?;
            let role = match token.scope {
                TokenScope::Read => Some(Role::Viewer),
                TokenScope::Operate => Some(Role::Operator.min(owner.role)),
                TokenScope::Metrics => None,
            };
            let (name, owner_name) = (token.name.as_str().into(), owner.name.as_str().into());
            let identity = Identity::Token {
                id: token.id,
                name,
                scope: token.scope,
                owner: token.owner,
                owner_name,
            };
            Some(Caller { identity, role })
        })
    }

    /// Returns whether a caller who was admitted earlier, such as that of a socket, still is who it was and may what
    /// it might. Counts as no use of a session.
    pub fn is_current(&self, caller: &Caller) -> bool {
        match &caller.identity {
            Identity::Anonymous => self.anonymous() == *caller,
            Identity::Host => self.mode() == AuthMode::Open,
            Identity::HostUser { .. } | Identity::ServiceCheck => true,
            Identity::User { session, id, .. } => self.read(|book| {
                book.sessions.contains_key(session)
                    && book.users.get(id).is_some_and(|user| Some(user.role) == caller.role)
            }),
            Identity::Token { id, .. } => self.read(|book| book.tokens.contains_key(id)),
        }
    }

    /// Notes that a session or token is in use without a request, such as by a socket.
    pub fn note_use(&self, _caller: &Caller) {}

    /// Tells whenever a session or token ended, or a user may do something else: sockets then ask
    /// [`AuthHandle::is_current`] again. The number only grows.
    pub fn ends(&self) -> watch::Receiver<u64> {
        self.0.ends.subscribe()
    }

    /// Returns when a session that began then ends at the latest.
    pub fn session_end(&self, session: &LoginSession) -> Timestamp {
        let micros =
            i64::try_from(self.options().sessions.absolute.as_micros()).unwrap_or(i64::MAX);
        Timestamp(session.created_at.0.saturating_add(micros))
    }

    /// Remembers last uses, and ends what has expired. Never returns: the composition root runs it beside the server.
    pub async fn keep(self) {
        std::future::pending::<()>().await;
    }

    pub(super) fn now(&self) -> Timestamp {
        self.0.engine.now()
    }

    fn options(&self) -> AuthOptions {
        *self.0.options.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn read<T>(&self, read: impl FnOnce(&AuthBook) -> T) -> T {
        read(&self.0.book.read().unwrap_or_else(PoisonError::into_inner))
    }

    #[expect(clippy::unused_async, reason = "it waits for the engine")]
    pub(super) async fn change(
        &self,
        batch: AuthBatch,
        _origin: AuditOrigin,
    ) -> Result<(), AuthError> {
        let mut book = self.0.book.write().unwrap_or_else(PoisonError::into_inner);
        book.users.extend(batch.users.into_iter().map(|it| (it.id, it)));
        book.sessions.extend(batch.sessions.into_iter().map(|it| (it.id, it)));
        book.tokens.extend(batch.tokens.into_iter().map(|it| (it.id, it)));
        for id in &batch.removed_users {
            book.users.remove(id);
            book.sessions.retain(|_, session| session.user != *id);
            book.tokens.retain(|_, token| token.owner != *id);
        }
        for id in &batch.removed_sessions {
            book.sessions.remove(id);
        }
        for id in &batch.removed_tokens {
            book.tokens.remove(id);
        }
        drop(book);
        self.0.ends.send_modify(|count| *count += 1);
        Ok(())
    }
}
