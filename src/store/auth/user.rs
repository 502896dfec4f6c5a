//! Users.

use std::fmt;
use std::net::IpAddr;

use bincode::{BorrowDecode, Encode};

use super::address;
use crate::domain::Timestamp;
use crate::store::codec::{RecordSource, VersionedRecord, decode, encode};
use crate::store::error::StoreError;
use crate::util::Hidden;

/// The id of a user. It grows by one with each and is never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(pub u64);

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a user may do; each role includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Looks at everything, changes nothing.
    Viewer,
    /// Runs the network: changes devices and links, handles incidents.
    Operator,
    /// Also runs the appliance: users, settings, restores.
    Admin,
}

impl Role {
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Operator, Self::Admin];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// Returns the role with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }

    const fn code(self) -> u8 {
        match self {
            Self::Viewer => 1,
            Self::Operator => 2,
            Self::Admin => 3,
        }
    }
}

/// A person who may log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    /// As it is shown; no two users' names differ only by case.
    pub name: String,
    pub role: Role,
    /// A PHC string (<https://github.com/P-H-C/phc-string-format>), with the parameters of the hash. `None` for one
    /// who logs in only through an OIDC provider, or not yet.
    pub password_hash: Option<Hidden<String>>,
    /// The second factor, once it is confirmed.
    pub totp: Option<TotpState>,
    pub is_disabled: bool,
    pub created_at: Timestamp,
    /// `None` without a password.
    pub password_changed_at: Option<Timestamp>,
    pub last_login: Option<LastLogin>,
    /// Who this is at the OIDC provider: its issuer and its subject.
    pub oidc_subject: Option<String>,
}

/// When and from where a user logged in last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastLogin {
    pub at: Timestamp,
    /// `None` over the Unix socket.
    pub address: Option<IpAddr>,
}

/// A second factor by RFC 6238.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TotpState {
    /// The key that the user's authenticator has as well; 160 bits, as RFC 4226 section 4 recommends.
    pub secret: Hidden<[u8; 20]>,
    /// The last time step whose code was used: neither it nor an earlier one is accepted again.
    pub last_step: u64,
    /// SHA-256 of the recovery codes that are left.
    pub recovery_code_hashes: Vec<Hidden<[u8; 32]>>,
}

#[derive(Encode, BorrowDecode)]
struct UserV1<'a> {
    name: &'a str,
    role: u8,
    password_hash: Option<&'a str>,
    totp: Option<TotpStateV1>,
    is_disabled: bool,
    created_us: i64,
    password_changed_us: Option<i64>,
    last_login: Option<LastLoginV1<'a>>,
    oidc_subject: Option<&'a str>,
}

#[derive(Encode, BorrowDecode)]
struct TotpStateV1 {
    secret: [u8; 20],
    last_step: u64,
    recovery_code_hashes: Vec<[u8; 32]>,
}

#[derive(Encode, BorrowDecode)]
struct LastLoginV1<'a> {
    at_us: i64,
    address: Option<&'a str>,
}

impl VersionedRecord for UserV1<'_> {
    const VERSION: u8 = 1;
}

pub(super) fn encode_user(user: &User) -> Vec<u8> {
    let address = user.last_login.and_then(|login| login.address).map(|it| it.to_string());
    encode(&UserV1 {
        name: &user.name,
        role: user.role.code(),
        password_hash: user.password_hash.as_ref().map(|hash| hash.0.as_str()),
        totp: user.totp.as_ref().map(|totp| TotpStateV1 {
            secret: totp.secret.0,
            last_step: totp.last_step,
            recovery_code_hashes: totp.recovery_code_hashes.iter().map(|hash| hash.0).collect(),
        }),
        is_disabled: user.is_disabled,
        created_us: user.created_at.0,
        password_changed_us: user.password_changed_at.map(|at| at.0),
        last_login: user
            .last_login
            .map(|login| LastLoginV1 { at_us: login.at.0, address: address.as_deref() }),
        oidc_subject: user.oidc_subject.as_deref(),
    })
}

pub(super) fn decode_user(id: UserId, bytes: &[u8]) -> Result<User, StoreError> {
    let source = RecordSource { table: "users", key: &id };
    let record: UserV1<'_> = decode(bytes, source)?;
    let role = Role::ALL.into_iter().find(|role| role.code() == record.role);
    let last_login = record.last_login.map(|login| {
        let address = address::parse(login.address, source)?;
        Ok::<_, StoreError>(LastLogin { at: Timestamp(login.at_us), address })
    });
    Ok(User {
        id,
        name: record.name.to_owned(),
        role: role.ok_or_else(|| source.damaged("unknown role"))?,
        password_hash: record.password_hash.map(|hash| Hidden(hash.to_owned())),
        totp: record.totp.map(|totp| TotpState {
            secret: Hidden(totp.secret),
            last_step: totp.last_step,
            recovery_code_hashes: totp.recovery_code_hashes.into_iter().map(Hidden).collect(),
        }),
        is_disabled: record.is_disabled,
        created_at: Timestamp(record.created_us),
        password_changed_at: record.password_changed_us.map(Timestamp),
        last_login: last_login.transpose()?,
        oidc_subject: record.oidc_subject.map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::util::hex;

    /// Version 1 as it was first shipped. These bytes never change.
    const FULL_V1: &str = "0103416461020112246172676f6e32696424763d313924e280a601ababababababababababababab\
        abababababababfcf5fb900301cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd\
        cd01fd0060be0216c10c0001fd0260be0216c10c0001fd0460be0216c10c0001093139322e302e322e370119\
        68747470733a2f2f69642e6578616d706c652e6f7267203432";
    const PLAIN_V1: &str = "0102626f010000000a00010c0000";

    fn full() -> User {
        User {
            id: UserId(7),
            name: "Ada".to_owned(),
            role: Role::Operator,
            password_hash: Some(Hidden("$argon2id$v=19$…".to_owned())),
            totp: Some(TotpState {
                secret: Hidden([0xab; 20]),
                last_step: 59_833_333,
                recovery_code_hashes: vec![Hidden([0xcd; 32])],
            }),
            is_disabled: true,
            created_at: Timestamp(1_795_000_000_000_000),
            password_changed_at: Some(Timestamp(1_795_000_000_000_001)),
            last_login: Some(LastLogin {
                at: Timestamp(1_795_000_000_000_002),
                address: Some([192, 0, 2, 7].into()),
            }),
            oidc_subject: Some("https://id.example.org 42".to_owned()),
        }
    }

    fn plain() -> User {
        User {
            id: UserId(7),
            name: "bo".to_owned(),
            role: Role::Viewer,
            password_hash: None,
            totp: None,
            is_disabled: false,
            created_at: Timestamp(5),
            password_changed_at: None,
            last_login: Some(LastLogin { at: Timestamp(6), address: None }),
            oidc_subject: None,
        }
    }

    #[test]
    fn round_trips_and_golden_bytes() {
        for (user, golden) in [(full(), FULL_V1), (plain(), PLAIN_V1)] {
            let bytes = encode_user(&user);
            assert_eq!(hex(&bytes), golden);
            assert_eq!(decode_user(user.id, &bytes).unwrap(), user);
        }
    }

    #[test]
    fn an_unknown_role_is_damage() {
        let mut bytes = encode_user(&plain());
        // The version, the name with its length.
        bytes[1 + 1 + "bo".len()] = 9;
        let error = decode_user(UserId(7), &bytes).unwrap_err().to_string();
        assert!(error.contains("table users, key 7: unknown role"), "{error}");
    }

    #[test]
    fn no_secret_is_printed() {
        let shown = format!("{:?}", full());
        for secret in ["argon2id", "171", "205"] {
            assert!(!shown.contains(secret), "{secret} in {shown}");
        }
    }
}
