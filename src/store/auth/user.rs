//! Users.

use std::fmt;
use std::net::IpAddr;

use crate::domain::Timestamp;
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
