//! Who may use the appliance: users, their sessions, API tokens, and what each may do.
//!
//! [`AuthHandle`] is how all others use it. It answers who a request is from out of memory; every change is durable
//! before it is answered, with its row in the audit trail, and in force from then on. Changes are decided one after the
//! other on the engine's thread.
//!
//! Invariant: `auth` knows neither HTTP nor redb.

mod account;
mod book;
mod caller;
mod device;
mod enrolments;
mod error;
mod failures;
mod handle;
mod hash_places;
mod hasher;
mod keep;
mod login;
mod mode;
mod name;
mod oidc;
mod password;
mod secret;
mod sessions;
mod setup;
mod setup_codes;
mod shutdown;
mod strangers;
#[cfg(test)]
mod tests;
mod throttle;
mod tokens;
mod totp;
mod users;

pub use book::SessionLimits;
pub use caller::{Caller, Identity, Permission};
pub use device::DEVICE_AGE_MAX;
pub use error::{AuthError, LoginError};
pub use handle::{AuthHandle, AuthOptions};
pub use login::{LoginClient, NewSession, PasswordLogin};
pub use mode::AuthMode;
pub use oidc::OidcLogin;
pub use password::{Password, generated_password};
pub use setup::SetupLogin;
pub use setup_codes::SetupCode;
pub use strangers::JOIN_WAIT;
pub use throttle::SourceNetwork;
pub use tokens::{IssuedToken, NewToken};
pub use totp::{RecoveryCodes, TotpEnrolment};
pub use users::{NewUser, UserChange};

// Those that ask here need not know where they are kept.
pub use crate::store::{
    ApiToken, LastLogin, LoginSession, Role, SessionId, TokenId, TokenScope, User, UserId,
};
