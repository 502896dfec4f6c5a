//! Who asks, and what they may do.

use std::sync::Arc;

use crate::store::{Role, SessionId, TokenId, TokenScope, UserId};

/// What is needed to do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Nothing: nobody has to be known.
    Public,
    /// To read the metrics of the appliance.
    Metrics,
    /// To look at the site.
    Read,
    /// To run the network.
    Operate,
    /// To run the appliance.
    Admin,
    /// To be a person with a session: it is about this person's own account.
    Account,
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// Nobody who is known.
    Anonymous,
    /// Somebody on this host, while there are no users.
    Host,
    /// A user of this host's system, over the Unix socket.
    HostUser {
        uid: u32,
        name: Arc<str>,
    },
    User {
        id: UserId,
        name: Arc<str>,
        session: SessionId,
    },
    Token {
        id: TokenId,
        name: Arc<str>,
        scope: TokenScope,
        owner: UserId,
        owner_name: Arc<str>,
    },
    /// The service, which checks that it answers.
    ServiceCheck,
}

/// Who asks, and what they may do at the time of the question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    pub identity: Identity,
    /// `None`: only what is public, or the one thing that the identity is for.
    pub role: Option<Role>,
}

impl Caller {
    /// Somebody who is not known, with what such a person may do.
    pub const fn anonymous(role: Option<Role>) -> Self {
        Self { identity: Identity::Anonymous, role }
    }

    /// Somebody on this host, while there are no users.
    pub const fn host() -> Self {
        Self { identity: Identity::Host, role: Some(Role::Admin) }
    }

    /// A user of this host's system, over the Unix socket, whose permissions say who may use it.
    pub fn host_user(uid: u32, name: &str) -> Self {
        Self { identity: Identity::HostUser { uid, name: name.into() }, role: Some(Role::Admin) }
    }

    /// The service itself, which looks whether it answers.
    pub const fn service_check() -> Self {
        Self { identity: Identity::ServiceCheck, role: Some(Role::Viewer) }
    }

    /// Returns whether the caller may do what needs `permission`.
    pub fn may(&self, permission: Permission) -> bool {
        let has = |role| self.role >= Some(role);
        match permission {
            Permission::Public => true,
            Permission::Metrics => has(Role::Viewer) || self.is_metrics_token(),
            Permission::Read => has(Role::Viewer),
            Permission::Operate => has(Role::Operator),
            Permission::Admin => has(Role::Admin),
            Permission::Account => matches!(self.identity, Identity::User { .. }),
        }
    }

    /// Returns the user whose session it is.
    pub fn user(&self) -> Option<UserId> {
        match self.identity {
            Identity::User { id, .. } => Some(id),
            Identity::Anonymous
            | Identity::Host
            | Identity::HostUser { .. }
            | Identity::Token { .. }
            | Identity::ServiceCheck => None,
        }
    }

    /// Returns the session.
    pub fn session(&self) -> Option<SessionId> {
        match self.identity {
            Identity::User { session, .. } => Some(session),
            Identity::Anonymous
            | Identity::Host
            | Identity::HostUser { .. }
            | Identity::Token { .. }
            | Identity::ServiceCheck => None,
        }
    }

    /// Returns who it is, for the audit trail: `user ada`, `token ci-import (of ada)`, `host user root`. Somebody
    /// who is not known, or who is only known to be on this host, is `api`, as in versions without users.
    pub fn actor(&self) -> String {
        match &self.identity {
            Identity::Anonymous | Identity::Host => "api".to_owned(),
            Identity::HostUser { name, .. } => format!("host user {name}"),
            Identity::User { name, .. } => format!("user {name}"),
            Identity::Token { name, owner_name, .. } => format!("token {name} (of {owner_name})"),
            Identity::ServiceCheck => "service check".to_owned(),
        }
    }

    fn is_metrics_token(&self) -> bool {
        matches!(self.identity, Identity::Token { scope: TokenScope::Metrics, .. })
    }
}
