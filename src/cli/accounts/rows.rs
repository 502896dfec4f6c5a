//! Users, tokens and sessions as JSON: what the server answers, and the same of a store that no server uses.

use serde::{Deserialize, Serialize};

use crate::auth::{ApiToken, AuthHandle, LastLogin, LoginSession, User};
use crate::wire::Time;

/// A user, as `GET /api/users` has it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct UserRow {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) role: String,
    pub(super) is_disabled: bool,
    pub(super) has_password: bool,
    pub(super) has_totp: bool,
    pub(super) is_oidc: bool,
    pub(super) created_at: String,
    pub(super) last_login: Option<LastLoginRow>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct LastLoginRow {
    pub(super) at: String,
    pub(super) address: Option<String>,
}

/// A token, as `GET /api/tokens` has it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct TokenRow {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) scope: String,
    pub(super) owner: String,
    pub(super) prefix: String,
    pub(super) created_at: String,
    pub(super) expires_at: String,
    pub(super) last_used_at: Option<String>,
}

/// A token that was made, with its secret.
#[derive(Serialize, Deserialize)]
pub(super) struct IssuedTokenRow {
    #[serde(flatten)]
    pub(super) row: TokenRow,
    pub(super) token: String,
}

/// A session, as `GET /api/sessions` has it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct SessionRow {
    pub(super) id: u64,
    pub(super) user: String,
    pub(super) created_at: String,
    pub(super) last_used_at: String,
    pub(super) address: Option<String>,
    pub(super) user_agent: String,
}

/// What `POST /api/setup/code` answers.
#[derive(Deserialize)]
pub(super) struct SetupCodeRow {
    pub(super) code: String,
    pub(super) expires_at: String,
}

/// The link that makes the first user in a browser.
#[derive(Serialize)]
pub(super) struct SetupLinkRow {
    pub(super) url: String,
    pub(super) expires_at: String,
}

impl UserRow {
    pub(super) fn new(user: User) -> Self {
        Self {
            id: user.id.0,
            name: user.name,
            role: user.role.as_str().to_owned(),
            is_disabled: user.is_disabled,
            has_password: user.password_hash.is_some(),
            has_totp: user.totp.is_some(),
            is_oidc: user.oidc_subject.is_some(),
            created_at: Time(user.created_at).to_string(),
            last_login: user.last_login.map(LastLoginRow::new),
        }
    }
}

impl LastLoginRow {
    fn new(login: LastLogin) -> Self {
        let address = login.address.map(|address| address.to_string());
        Self { at: Time(login.at).to_string(), address }
    }
}

impl TokenRow {
    pub(super) fn new(auth: &AuthHandle, token: ApiToken) -> Self {
        Self {
            id: token.id.0,
            name: token.name,
            scope: token.scope.as_str().to_owned(),
            owner: auth.user(token.owner).map(|owner| owner.name).unwrap_or_default(),
            prefix: token.prefix,
            created_at: Time(token.created_at).to_string(),
            expires_at: Time(token.expires_at).to_string(),
            last_used_at: token.last_used_at.map(|at| Time(at).to_string()),
        }
    }
}

impl SessionRow {
    pub(super) fn new(auth: &AuthHandle, session: LoginSession) -> Self {
        Self {
            id: session.id.0,
            user: auth.user(session.user).map(|user| user.name).unwrap_or_default(),
            created_at: Time(session.created_at).to_string(),
            last_used_at: Time(session.last_used_at).to_string(),
            address: session.address.map(|address| address.to_string()),
            user_agent: session.user_agent,
        }
    }
}

/// A time to the second, for people.
pub(super) fn short_time(time: &str) -> String {
    match time.get(.."2026-11-29T02:15:00".len()) {
        Some(seconds) => format!("{seconds}Z"),
        None => time.to_owned(),
    }
}
