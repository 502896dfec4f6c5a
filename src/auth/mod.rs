//! Who may use the appliance: users, their sessions, API tokens, and what each may do.
//!
//! [`AuthHandle`] is how all others use it. It answers who a request is from out of memory; every change is durable
//! before it is answered, and in force from then on.
//!
//! Invariant: `auth` knows neither HTTP nor redb.

mod caller;
mod error;
mod handle;
mod login;
mod password;
mod secret;
mod tokens;
mod totp;
mod users;

pub use caller::{Caller, Identity, Permission};
pub use error::{AuthError, LoginError};
pub use handle::{AuthHandle, AuthMode, AuthOptions, SessionLimits};
pub use login::{LoginClient, NewSession, OidcLogin, PasswordLogin, SetupCode, SetupLogin};
pub use password::Password;
pub use tokens::{IssuedToken, NewToken};
pub use totp::{RecoveryCodes, TotpEnrolment};
pub use users::{NewUser, UserChange};

// Those that ask here need not know where they are kept.
pub use crate::store::{
    ApiToken, LastLogin, LoginSession, Role, SessionId, TokenId, TokenScope, User, UserId,
};
