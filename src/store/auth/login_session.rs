//! Sessions of users who logged in.

use std::fmt;
use std::net::IpAddr;

use super::user::UserId;
use crate::domain::Timestamp;
use crate::util::Hidden;

/// The id of a session, which is no secret. It grows by one with each login and is never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u64);

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A login that has not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginSession {
    pub id: SessionId,
    /// SHA-256 of the secret in the browser's cookie.
    pub secret_hash: Hidden<[u8; 32]>,
    pub user: UserId,
    pub created_at: Timestamp,
    /// When it was used last, at most a minute ago when it is read from the store.
    pub last_used_at: Timestamp,
    /// From where the user logged in; `None` over the Unix socket.
    pub address: Option<IpAddr>,
    /// What the browser says of itself; may be empty.
    pub user_agent: String,
}
