//! Tokens of programs that use the API.

use std::fmt;

use bincode::{BorrowDecode, Encode};

use super::user::UserId;
use crate::domain::Timestamp;
use crate::store::codec::{RecordSource, VersionedRecord, decode, encode};
use crate::store::error::StoreError;
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

    const fn code(self) -> u8 {
        match self {
            Self::Read => 1,
            Self::Operate => 2,
            Self::Metrics => 3,
        }
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

#[derive(Encode, BorrowDecode)]
struct ApiTokenV1<'a> {
    secret_hash: [u8; 32],
    prefix: &'a str,
    name: &'a str,
    scope: u8,
    owner: u64,
    created_us: i64,
    expires_us: i64,
    last_used_us: Option<i64>,
}

impl VersionedRecord for ApiTokenV1<'_> {
    const VERSION: u8 = 1;
}

pub(super) fn encode_token(token: &ApiToken) -> Vec<u8> {
    encode(&ApiTokenV1 {
        secret_hash: token.secret_hash.0,
        prefix: &token.prefix,
        name: &token.name,
        scope: token.scope.code(),
        owner: token.owner.0,
        created_us: token.created_at.0,
        expires_us: token.expires_at.0,
        last_used_us: token.last_used_at.map(|at| at.0),
    })
}

pub(super) fn decode_token(id: TokenId, bytes: &[u8]) -> Result<ApiToken, StoreError> {
    let source = RecordSource { table: "api_tokens", key: &id };
    let record: ApiTokenV1<'_> = decode(bytes, source)?;
    let scope = TokenScope::ALL.into_iter().find(|scope| scope.code() == record.scope);
    Ok(ApiToken {
        id,
        secret_hash: Hidden(record.secret_hash),
        prefix: record.prefix.to_owned(),
        name: record.name.to_owned(),
        scope: scope.ok_or_else(|| source.damaged("unknown scope"))?,
        owner: UserId(record.owner),
        created_at: Timestamp(record.created_us),
        expires_at: Timestamp(record.expires_us),
        last_used_at: record.last_used_us.map(Timestamp),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::util::hex;

    /// Version 1 as it was first shipped. These bytes never change.
    const V1: &str = "01abababababababababababababababababababababababababababababababab0c756e6f635f5a\
        6d3976596d460263690207fd0060be0216c10c00fd0260be0216c10c0001fd0460be0216c10c00";

    fn token() -> ApiToken {
        ApiToken {
            id: TokenId(9),
            secret_hash: Hidden([0xab; 32]),
            prefix: "unoc_Zm9vYmF".to_owned(),
            name: "ci".to_owned(),
            scope: TokenScope::Operate,
            owner: UserId(7),
            created_at: Timestamp(1_795_000_000_000_000),
            expires_at: Timestamp(1_795_000_000_000_001),
            last_used_at: Some(Timestamp(1_795_000_000_000_002)),
        }
    }

    #[test]
    fn round_trips_and_golden_bytes() {
        let bytes = encode_token(&token());
        assert_eq!(hex(&bytes), V1);
        assert_eq!(decode_token(TokenId(9), &bytes).unwrap(), token());
        let unused = ApiToken { last_used_at: None, scope: TokenScope::Metrics, ..token() };
        assert_eq!(decode_token(TokenId(9), &encode_token(&unused)).unwrap(), unused);
        assert!(!format!("{unused:?}").contains("171"), "{unused:?}");
    }

    #[test]
    fn an_unknown_scope_is_damage() {
        let mut bytes = encode_token(&token());
        // The version, the hash, the prefix and the name with their lengths.
        bytes[1 + 32 + 1 + 12 + 1 + 2] = 9;
        let error = decode_token(TokenId(9), &bytes).unwrap_err().to_string();
        assert!(error.contains("table api_tokens, key 9: unknown scope"), "{error}");
    }
}
