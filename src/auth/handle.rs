//! The handle through which all others use this layer.

use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::watch;

use super::book::{AuthBook, SessionLimits, after, role_of};
use super::caller::{Caller, Identity};
use super::enrolments::Enrolments;
use super::error::AuthError;
use super::failures::FailureLog;
use super::hasher::{PasswordCost, PasswordHasher};
use super::mode::AuthMode;
use super::secret::{digest, is_session_secret, is_token};
use super::setup_codes::SetupCodes;
use super::strangers::StrangerLog;
use super::throttle::{LoginThrottle, SourceNetwork};
use crate::domain::Timestamp;
use crate::engine::{AuthWrite, EngineHandle};
use crate::store::{LoginSession, Role, StoreError};

/// What the configuration says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuthOptions {
    pub sessions: SessionLimits,
    /// While there are no users, everybody may do everything, from the network too.
    pub is_insecure: bool,
}

/// Answers who a request is from; clones share what they know.
#[derive(Clone)]
pub struct AuthHandle(pub(super) Arc<SharedAuth>);

pub(super) struct SharedAuth {
    pub(super) engine: EngineHandle,
    pub(super) hasher: PasswordHasher,
    /// Written by the engine's thread alone, after the store. Held only while it is read or changed.
    state: RwLock<AuthState>,
    pub(super) throttle: LoginThrottle,
    pub(super) failures: FailureLog,
    pub(super) strangers: StrangerLog,
    pub(super) enrolments: Enrolments,
    pub(super) setup: SetupCodes,
    /// Grows when a session or token ended, or somebody may do something else.
    ends: watch::Sender<u64>,
}

struct AuthState {
    book: AuthBook,
    options: AuthOptions,
}

impl AuthHandle {
    /// Reads users, sessions and tokens from the store.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn load(engine: EngineHandle, options: AuthOptions) -> Result<Self, StoreError> {
        Self::load_with(engine, options, PasswordCost::STANDARD)
    }

    pub(super) fn load_with(
        engine: EngineHandle,
        options: AuthOptions,
        cost: PasswordCost,
    ) -> Result<Self, StoreError> {
        let book = AuthBook::new(engine.read().auth()?);
        Ok(Self(Arc::new(SharedAuth {
            engine,
            hasher: PasswordHasher::new(cost),
            state: RwLock::new(AuthState { book, options }),
            throttle: LoginThrottle::default(),
            failures: FailureLog::default(),
            strangers: StrangerLog::default(),
            enrolments: Enrolments::default(),
            setup: SetupCodes::default(),
            ends: watch::channel(0).0,
        })))
    }

    /// Puts another configuration into force.
    pub fn set_options(&self, options: AuthOptions) {
        self.0.state.write().unwrap_or_else(PoisonError::into_inner).options = options;
        self.tell_ends();
    }

    /// Returns who has to be known at present.
    pub fn mode(&self) -> AuthMode {
        self.read_state(|state| match state.book.is_empty() {
            false => AuthMode::Login,
            true if state.options.is_insecure => AuthMode::Insecure,
            true => AuthMode::Open,
        })
    }

    /// Returns the caller of a request without credentials that does not come from this host, or comes while there are
    /// users.
    pub fn anonymous(&self) -> Caller {
        Caller::anonymous((self.mode() == AuthMode::Insecure).then_some(Role::Admin))
    }

    /// Returns the caller with this secret of a session, and notes its use. `None` if there is no such session, or it
    /// has ended.
    pub fn session_caller(&self, secret: &str) -> Option<Caller> {
        if !is_session_secret(secret) {
            return None;
        }
        let (hash, now) = (digest(secret), self.now());
        self.read_state(|AuthState { book, options }| {
            let (session, user) = book.session_by_secret(&hash, options.sessions, now)?;
            book.note_session_use(session, now);
            let identity = Identity::User { id: user.id, name: user.name.as_str().into(), session };
            Some(Caller { identity, role: Some(user.role) })
        })
    }

    /// Returns the caller with this API token, and notes its use. `None` if there is no such token, it has expired, or
    /// its owner is disabled.
    pub fn token_caller(&self, token: &str) -> Option<Caller> {
        if !is_token(token) {
            return None;
        }
        let (hash, now) = (digest(token), self.now());
        self.read(|book| {
            let (token, owner) = book.token_by_secret(&hash, now)?;
            book.note_token_use(token.id, now);
            let identity = Identity::Token {
                id: token.id,
                name: token.name.as_str().into(),
                scope: token.scope,
                owner: owner.id,
                owner_name: owner.name.as_str().into(),
            };
            Some(Caller { identity, role: role_of(token.scope, owner.role) })
        })
    }

    /// Returns whether a caller who was admitted earlier, such as that of a socket, still is who it was and may what
    /// it might. Counts as no use of a session.
    pub fn is_current(&self, caller: &Caller) -> bool {
        let now = self.now();
        match &caller.identity {
            Identity::Anonymous => self.anonymous() == *caller,
            Identity::Host => self.mode() == AuthMode::Open,
            Identity::HostUser { .. } | Identity::ServiceCheck => true,
            Identity::User { session, .. } => self.read_state(|AuthState { book, options }| {
                let user = book.live_session(*session, options.sessions, now);
                user.is_some_and(|user| Some(user.role) == caller.role)
            }),
            Identity::Token { id, .. } => self.read(|book| {
                let token = book.live_token(*id, now);
                token.is_some_and(|(token, owner)| role_of(token.scope, owner.role) == caller.role)
            }),
        }
    }

    /// Notes that a session or token is in use without a request, such as by a socket.
    pub fn note_use(&self, caller: &Caller) {
        let now = self.now();
        match &caller.identity {
            Identity::User { session, .. } => {
                self.read(|book| book.note_session_use(*session, now))
            }
            Identity::Token { id, .. } => self.read(|book| book.note_token_use(*id, now)),
            Identity::Anonymous
            | Identity::Host
            | Identity::HostUser { .. }
            | Identity::ServiceCheck => {}
        }
    }

    /// Tells whenever a session or token ended, or somebody may do something else: sockets then ask
    /// [`AuthHandle::is_current`] again. The number only grows.
    pub fn ends(&self) -> watch::Receiver<u64> {
        self.0.ends.subscribe()
    }

    /// Returns when a session ends at the latest.
    pub fn session_end(&self, session: &LoginSession) -> Timestamp {
        after(session.created_at, self.session_limits().absolute)
    }

    /// Counts a live connection that somebody opens who may not look at the site.
    ///
    /// # Errors
    /// There are too many, from there or in all; how long to wait.
    pub fn admit_stranger(&self, address: Option<IpAddr>) -> Result<(), Duration> {
        self.0.strangers.admit(SourceNetwork::of(address), self.now())
    }

    /// Returns how many passwords were hashed since the start.
    pub fn password_hash_count(&self) -> u64 {
        self.0.hasher.count()
    }

    pub(super) fn now(&self) -> Timestamp {
        self.0.engine.now()
    }

    pub(super) fn session_limits(&self) -> SessionLimits {
        self.read_state(|state| state.options.sessions)
    }

    pub(super) fn read<T>(&self, read: impl FnOnce(&AuthBook) -> T) -> T {
        self.read_state(|state| read(&state.book))
    }

    fn read_state<T>(&self, read: impl FnOnce(&AuthState) -> T) -> T {
        // No code panics while the lock is held.
        read(&self.0.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Asks `decide` what to write, makes it durable with its row in the audit trail, and puts it into force. Changes
    /// come one after the other, and `decide` sees all before it.
    ///
    /// # Errors
    /// What `decide` refuses, and [`AuthError::Engine`].
    pub(super) async fn change<T: Send + 'static>(
        &self,
        decide: impl FnOnce(&AuthBook, Timestamp) -> Result<(AuthWrite, T), AuthError> + Send + 'static,
    ) -> Result<T, AuthError> {
        let (deciding, applying) = (self.clone(), self.clone());
        let decide = move |now| deciding.read(|book| decide(book, now));
        let applied = move |batch| {
            let mut state = applying.0.state.write().unwrap_or_else(PoisonError::into_inner);
            let has_ended = state.book.apply(&batch);
            drop(state);
            if has_ended {
                applying.tell_ends();
            }
        };
        self.0.engine.save_auth(decide, applied).await?
    }

    pub(super) fn tell_ends(&self) {
        self.0.ends.send_modify(|count| *count += 1);
    }
}
