//! Tokens of programs that use the API.

use std::fmt;

use super::user::UserId;
use crate::domain::Timestamp;
use crate::util::Hidden;

/// The id of a token, which is no secret. It grows by one with each and is never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenId(pub u64);

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a token may do, as far as its owner may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenScope {
    /// What a viewer may.
    Read,
    /// What an operator may.
    Operate,
    /// Read `/metrics`, and nothing else.
    Metrics,
}

impl TokenScope {
    pub const ALL: [Self; 3] = [Self::Read, Self::Operate, Self::Metrics];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Operate => "operate",
            Self::Metrics => "metrics",
        }
    }

    /// Returns the scope with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == name)
    }
}

/// A token that has not been revoked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiToken {
    pub id: TokenId,
    /// SHA-256 of the token.
    pub secret_hash: Hidden<[u8; 32]>,
    /// The first characters of the token, to recognise it by.
    pub prefix: String,
    pub name: String,
    pub scope: TokenScope,
    pub owner: UserId,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    /// At most a minute ago when it is read from the store; `None` for one that was never used.
    pub last_used_at: Option<Timestamp>,
}
