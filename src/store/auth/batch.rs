//! What one change of users, sessions and tokens writes.

use super::api_token::{ApiToken, TokenId};
use super::login_session::{LoginSession, SessionId};
use super::user::{User, UserId};
use crate::util::Hidden;

/// Rows to write and rows to remove, all or none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthBatch {
    /// As they are from now on.
    pub users: Vec<User>,
    pub removed_users: Vec<UserId>,
    pub sessions: Vec<LoginSession>,
    pub removed_sessions: Vec<SessionId>,
    pub tokens: Vec<ApiToken>,
    pub removed_tokens: Vec<TokenId>,
    /// Replaces the key of device cookies.
    pub device_key: Option<Hidden<[u8; 32]>>,
}

impl AuthBatch {
    /// Returns how many rows it writes or removes.
    pub fn len(&self) -> usize {
        self.users.len()
            + self.removed_users.len()
            + self.sessions.len()
            + self.removed_sessions.len()
            + self.tokens.len()
            + self.removed_tokens.len()
            + usize::from(self.device_key.is_some())
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
