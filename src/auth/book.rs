//! All users, sessions and tokens in memory, as the store has them.
//!
//! Invariants:
//! - B1 Once there is a user, there is an admin with a password who is not disabled: a provider that is away, or a
//!   slip, leaves nobody outside.
//! - B2 Folded names of users are unique, and so are their OIDC subjects.
//! - B3 Sessions and tokens belong to users that exist.
//! - B4 A user who is disabled has no session.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use rustc_hash::FxHashMap;

use super::error::AuthError;
use super::name::folded;
use crate::domain::Timestamp;
use crate::store::{
    ApiToken, AuthBatch, AuthCounters, AuthRows, LoginSession, Role, SessionId, TokenId,
    TokenScope, User, UserId,
};
use crate::util::Hidden;

/// More than the largest operator has in its operations centre; a user has less than 1 kB.
pub(super) const USERS_MAX: usize = 1000;
/// Browsers and desks of one person; the oldest session ends beyond it.
pub(super) const SESSIONS_PER_USER_MAX: usize = 20;
/// Programs of one owner.
pub(super) const TOKENS_PER_USER_MAX: usize = 50;
/// With the sessions of all users, a request's caller is found in less than 10 MB.
pub(super) const TOKENS_MAX: usize = 2000;

/// How long sessions last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLimits {
    /// A session that is not used for this long ends.
    pub idle: Duration,
    /// A session ends this long after the login, however it is used.
    pub absolute: Duration,
}

/// All users, sessions and tokens.
#[derive(Default)]
pub(super) struct AuthBook {
    users: BTreeMap<UserId, User>,
    /// By folded name.
    names: FxHashMap<String, UserId>,
    sessions: BTreeMap<SessionId, SessionEntry>,
    session_secrets: FxHashMap<[u8; 32], SessionId>,
    tokens: BTreeMap<TokenId, TokenEntry>,
    token_secrets: FxHashMap<[u8; 32], TokenId>,
    counters: AuthCounters,
    /// Drawn at the first login.
    device_key: Option<Hidden<[u8; 32]>>,
}

/// A session, and when it was used last, which requests note.
struct SessionEntry {
    session: LoginSession,
    used_us: AtomicI64,
}

/// A token, and when it was used last, which requests note; [`NEVER_US`] before.
struct TokenEntry {
    token: ApiToken,
    used_us: AtomicI64,
}

const NEVER_US: i64 = i64::MIN;

impl AuthBook {
    pub(super) fn new(rows: AuthRows) -> Self {
        let (counters, device_key) = (rows.counters, rows.device_key);
        let mut book = Self { counters, device_key, ..Self::default() };
        let (users, sessions, tokens) = (rows.users, rows.sessions, rows.tokens);
        book.apply(&AuthBatch { users, sessions, tokens, ..AuthBatch::default() });
        book
    }

    pub(super) fn is_empty(&self) -> bool {
        self.users.is_empty()
    }

    pub(super) fn user(&self, id: UserId) -> Option<&User> {
        self.users.get(&id)
    }

    pub(super) fn user_named(&self, name: &str) -> Option<&User> {
        self.user(*self.names.get(&folded(name))?)
    }

    pub(super) fn user_of_subject(&self, subject: &str) -> Option<&User> {
        self.users.values().find(|user| user.oidc_subject.as_deref() == Some(subject))
    }

    /// Returns the key of device cookies, once it is in the store.
    pub(super) fn device_key(&self) -> Option<&Hidden<[u8; 32]>> {
        self.device_key.as_ref()
    }

    pub(super) fn users(&self) -> impl Iterator<Item = &User> {
        self.users.values()
    }

    /// Returns a session as it is used.
    pub(super) fn session(&self, id: SessionId) -> Option<LoginSession> {
        self.sessions.get(&id).map(SessionEntry::read)
    }

    /// Returns the sessions of a user, or all, the newest first.
    pub(super) fn sessions(&self, of: Option<UserId>) -> impl Iterator<Item = LoginSession> {
        let entries = self.sessions.values().rev();
        entries.filter(move |it| of.is_none_or(|of| it.session.user == of)).map(SessionEntry::read)
    }

    /// Returns a token as it is used.
    pub(super) fn token(&self, id: TokenId) -> Option<ApiToken> {
        self.tokens.get(&id).map(TokenEntry::read)
    }

    /// Returns the tokens of a user, or all, the newest first.
    pub(super) fn tokens(&self, of: Option<UserId>) -> impl Iterator<Item = ApiToken> {
        let entries = self.tokens.values().rev();
        entries.filter(move |it| of.is_none_or(|of| it.token.owner == of)).map(TokenEntry::read)
    }

    /// Returns the live session with this secret and its user.
    pub(super) fn session_by_secret(
        &self,
        secret_hash: &[u8; 32],
        limits: SessionLimits,
        now: Timestamp,
    ) -> Option<(SessionId, &User)> {
        let id = *self.session_secrets.get(secret_hash)?;
        self.live_session(id, limits, now).map(|user| (id, user))
    }

    /// Returns the user of a session, if it has not ended.
    pub(super) fn live_session(
        &self,
        id: SessionId,
        limits: SessionLimits,
        now: Timestamp,
    ) -> Option<&User> {
        let entry = self.sessions.get(&id)?;
        if entry.end(limits) <= now {
            return None;
        }
        self.user(entry.session.user).filter(|user| !user.is_disabled)
    }

    /// Returns the token with this secret and its owner, if it counts.
    pub(super) fn token_by_secret(
        &self,
        secret_hash: &[u8; 32],
        now: Timestamp,
    ) -> Option<(&ApiToken, &User)> {
        self.live_token(*self.token_secrets.get(secret_hash)?, now)
    }

    /// Returns a token and its owner, if it counts.
    pub(super) fn live_token(&self, id: TokenId, now: Timestamp) -> Option<(&ApiToken, &User)> {
        let entry = self.tokens.get(&id).filter(|entry| entry.token.expires_at > now)?;
        let owner = self.user(entry.token.owner).filter(|user| !user.is_disabled)?;
        Some((&entry.token, owner))
    }

    pub(super) fn note_session_use(&self, id: SessionId, now: Timestamp) {
        if let Some(entry) = self.sessions.get(&id) {
            entry.used_us.fetch_max(now.0, Ordering::Relaxed);
        }
    }

    pub(super) fn note_token_use(&self, id: TokenId, now: Timestamp) {
        if let Some(entry) = self.tokens.get(&id) {
            entry.used_us.fetch_max(now.0, Ordering::Relaxed);
        }
    }

    /// Returns the sessions and tokens whose last use the store does not have yet.
    pub(super) fn unsaved_uses(&self) -> (Vec<LoginSession>, Vec<ApiToken>) {
        let sessions = self
            .sessions
            .values()
            .filter(|entry| entry.session.last_used_at.0 < entry.used_us.load(Ordering::Relaxed));
        let tokens = self.tokens.values().filter(|entry| {
            let saved_us = entry.token.last_used_at.map_or(NEVER_US, |at| at.0);
            saved_us < entry.used_us.load(Ordering::Relaxed)
        });
        (sessions.map(SessionEntry::read).collect(), tokens.map(TokenEntry::read).collect())
    }

    /// Returns the sessions that have ended by themselves.
    pub(super) fn expired_sessions(&self, limits: SessionLimits, now: Timestamp) -> Vec<SessionId> {
        let expired = self.sessions.iter().filter(|(_, entry)| entry.end(limits) <= now);
        expired.map(|(id, _)| *id).collect()
    }

    /// Returns the tokens that expired by then.
    pub(super) fn expired_tokens(&self, then: Timestamp) -> Vec<TokenId> {
        let expired = self.tokens.iter().filter(|(_, entry)| entry.token.expires_at <= then);
        expired.map(|(id, _)| *id).collect()
    }

    /// Returns the sessions of a user that end so that another one can begin.
    pub(super) fn surplus_sessions(&self, user: UserId) -> Vec<SessionId> {
        let own: Vec<SessionId> = self.sessions(Some(user)).map(|session| session.id).collect();
        own.into_iter().skip(SESSIONS_PER_USER_MAX - 1).collect()
    }

    pub(super) fn next_user(&self) -> UserId {
        UserId(self.counters.user + 1)
    }

    pub(super) fn next_session(&self) -> SessionId {
        SessionId(self.counters.session + 1)
    }

    pub(super) fn next_token(&self) -> TokenId {
        TokenId(self.counters.token + 1)
    }

    /// Checks whether a user may be written: B1 and B2, and how many there may be.
    ///
    /// # Errors
    /// [`AuthError::Refused`].
    pub(super) fn check_user(&self, user: &User) -> Result<(), AuthError> {
        let is_new = !self.users.contains_key(&user.id);
        if is_new && self.users.len() >= USERS_MAX {
            return Err(AuthError::Refused(format!(
                "there are {USERS_MAX} users, the most there may be"
            )));
        }
        if self.user_named(&user.name).is_some_and(|other| other.id != user.id) {
            return Err(AuthError::Refused(format!("there is a user {} already", user.name)));
        }
        if user
            .oidc_subject
            .as_deref()
            .and_then(|subject| self.user_of_subject(subject))
            .is_some_and(|other| other.id != user.id)
        {
            return Err(AuthError::Refused(
                "another user is linked to this account of the provider".to_owned(),
            ));
        }
        if self.users.is_empty() && !is_anchor(user) {
            return Err(AuthError::Refused(
                "the first user has to be an admin with a password: add --role admin".to_owned(),
            ));
        }
        self.check_anchor(user.id, Some(user))
    }

    /// Checks whether a user may be removed: B1.
    ///
    /// # Errors
    /// [`AuthError::Refused`].
    pub(super) fn check_removal(&self, id: UserId) -> Result<(), AuthError> {
        self.check_anchor(id, None)
    }

    /// Checks B1 after a user is as `after`, or removed.
    fn check_anchor(&self, id: UserId, after: Option<&User>) -> Result<(), AuthError> {
        let others = self.users.values().filter(|other| other.id != id);
        if others.chain(after).any(is_anchor) {
            return Ok(());
        }
        Err(AuthError::Refused(
            "this is the last admin who can log in with a password; make another one first"
                .to_owned(),
        ))
    }

    /// Puts what was written into force. Returns whether something ended, or somebody may do something else.
    pub(super) fn apply(&mut self, batch: &AuthBatch) -> bool {
        self.counters.raise(batch);
        self.device_key = batch.device_key.or(self.device_key);
        let mut has_ended = false;
        for id in &batch.removed_sessions {
            if let Some(entry) = self.sessions.remove(id) {
                self.session_secrets.remove(&entry.session.secret_hash.0);
                has_ended = true;
            }
        }
        for id in &batch.removed_tokens {
            if let Some(entry) = self.tokens.remove(id) {
                self.token_secrets.remove(&entry.token.secret_hash.0);
                has_ended = true;
            }
        }
        for id in &batch.removed_users {
            if let Some(user) = self.users.remove(id) {
                self.names.remove(&folded(&user.name));
                has_ended = true;
            }
        }
        for user in &batch.users {
            let rights = |user: &User| (user.role, user.is_disabled);
            // The first user ends what everybody on this host may.
            let is_first = self.users.is_empty();
            self.names.insert(folded(&user.name), user.id);
            let before = self.users.insert(user.id, user.clone());
            has_ended |= is_first || before.is_some_and(|before| rights(&before) != rights(user));
        }
        for session in &batch.sessions {
            self.put_session(session.clone());
        }
        for token in &batch.tokens {
            self.put_token(token.clone());
        }
        has_ended
    }

    fn put_session(&mut self, session: LoginSession) {
        self.session_secrets.insert(session.secret_hash.0, session.id);
        let before = self.sessions.get(&session.id);
        let used_us = before.map_or(NEVER_US, |entry| entry.used_us.load(Ordering::Relaxed));
        let used_us = AtomicI64::new(used_us.max(session.last_used_at.0));
        self.sessions.insert(session.id, SessionEntry { session, used_us });
    }

    fn put_token(&mut self, token: ApiToken) {
        self.token_secrets.insert(token.secret_hash.0, token.id);
        let used_us = token.last_used_at.map_or(NEVER_US, |at| at.0);
        let before = self.tokens.get(&token.id);
        let used_us = used_us.max(before.map_or(NEVER_US, |it| it.used_us.load(Ordering::Relaxed)));
        self.tokens.insert(token.id, TokenEntry { token, used_us: AtomicI64::new(used_us) });
    }

    /// Asserts the invariants.
    #[cfg(test)]
    pub(super) fn check_invariants(&self) {
        assert!(self.users.is_empty() || self.users.values().any(is_anchor), "B1");
        assert_eq!(self.names.len(), self.users.len(), "B2");
        let mut subjects: Vec<&str> =
            self.users.values().filter_map(|user| user.oidc_subject.as_deref()).collect();
        let count = subjects.len();
        subjects.sort_unstable();
        subjects.dedup();
        assert_eq!(subjects.len(), count, "B2");
        for entry in self.sessions.values() {
            let user = self.users.get(&entry.session.user).expect("B3");
            assert!(!user.is_disabled, "B4");
        }
        assert!(self.tokens.values().all(|it| self.users.contains_key(&it.token.owner)), "B3");
        assert_eq!(self.session_secrets.len(), self.sessions.len());
        assert_eq!(self.token_secrets.len(), self.tokens.len());
    }
}

impl SessionEntry {
    fn read(&self) -> LoginSession {
        let last_used_at = Timestamp(self.used_us.load(Ordering::Relaxed));
        LoginSession { last_used_at, ..self.session.clone() }
    }

    fn end(&self, limits: SessionLimits) -> Timestamp {
        let idle = after(Timestamp(self.used_us.load(Ordering::Relaxed)), limits.idle);
        idle.min(after(self.session.created_at, limits.absolute))
    }
}

impl TokenEntry {
    fn read(&self) -> ApiToken {
        let used_us = self.used_us.load(Ordering::Relaxed);
        let last_used_at = (used_us != NEVER_US).then_some(Timestamp(used_us));
        ApiToken { last_used_at, ..self.token.clone() }
    }
}

/// Returns what a token may, which is never more than what its owner may.
pub(super) fn role_of(scope: TokenScope, owner: Role) -> Option<Role> {
    match scope {
        TokenScope::Read => Some(Role::Viewer.min(owner)),
        TokenScope::Operate => Some(Role::Operator.min(owner)),
        TokenScope::Metrics => None,
    }
}

/// Whether this is an admin who can log in with nothing but this appliance (B1).
fn is_anchor(user: &User) -> bool {
    user.role == Role::Admin && !user.is_disabled && user.password_hash.is_some()
}

pub(super) fn after(time: Timestamp, span: Duration) -> Timestamp {
    Timestamp(time.0.saturating_add(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)))
}
