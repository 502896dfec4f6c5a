//! Sessions of users who logged in.

use std::fmt;
use std::net::IpAddr;

use bincode::{BorrowDecode, Encode};

use super::address;
use super::user::UserId;
use crate::domain::Timestamp;
use crate::store::codec::{RecordSource, VersionedRecord, decode, encode};
use crate::store::error::StoreError;
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

#[derive(Encode, BorrowDecode)]
struct LoginSessionV1<'a> {
    secret_hash: [u8; 32],
    user: u64,
    created_us: i64,
    last_used_us: i64,
    address: Option<&'a str>,
    user_agent: &'a str,
}

impl VersionedRecord for LoginSessionV1<'_> {
    const VERSION: u8 = 1;
}

pub(super) fn encode_session(session: &LoginSession) -> Vec<u8> {
    let address = session.address.map(|address| address.to_string());
    encode(&LoginSessionV1 {
        secret_hash: session.secret_hash.0,
        user: session.user.0,
        created_us: session.created_at.0,
        last_used_us: session.last_used_at.0,
        address: address.as_deref(),
        user_agent: &session.user_agent,
    })
}

pub(super) fn decode_session(id: SessionId, bytes: &[u8]) -> Result<LoginSession, StoreError> {
    let source = RecordSource { table: "login_sessions", key: &id };
    let record: LoginSessionV1<'_> = decode(bytes, source)?;
    Ok(LoginSession {
        id,
        secret_hash: Hidden(record.secret_hash),
        user: UserId(record.user),
        created_at: Timestamp(record.created_us),
        last_used_at: Timestamp(record.last_used_us),
        address: address::parse(record.address, source)?,
        user_agent: record.user_agent.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::util::hex;

    /// Version 1 as it was first shipped. These bytes never change.
    const V1: &str = "01ababababababababababababababababababababababababababababababababfb2c01fd0060be\
        0216c10c00fd0260be0216c10c00010b323030313a6462383a3a370b4d6f7a696c6c612f352e30";

    #[test]
    fn round_trips_and_golden_bytes() {
        let session = LoginSession {
            id: SessionId(9),
            secret_hash: Hidden([0xab; 32]),
            user: UserId(300),
            created_at: Timestamp(1_795_000_000_000_000),
            last_used_at: Timestamp(1_795_000_000_000_001),
            address: Some("2001:db8::7".parse().unwrap()),
            user_agent: "Mozilla/5.0".to_owned(),
        };
        let bytes = encode_session(&session);
        assert_eq!(hex(&bytes), V1);
        assert_eq!(decode_session(session.id, &bytes).unwrap(), session);
        let local = LoginSession { address: None, user_agent: String::new(), ..session };
        assert_eq!(decode_session(local.id, &encode_session(&local)).unwrap(), local);
        assert!(!format!("{local:?}").contains("171"), "{local:?}");
    }

    #[test]
    fn an_address_that_is_none_is_damage() {
        let record = LoginSessionV1 {
            secret_hash: [0; 32],
            user: 1,
            created_us: 0,
            last_used_us: 0,
            address: Some("nowhere"),
            user_agent: "",
        };
        let error = decode_session(SessionId(9), &encode(&record)).unwrap_err().to_string();
        assert!(error.contains("table login_sessions, key 9: nowhere is no address"), "{error}");
    }
}
