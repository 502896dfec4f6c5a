//! Sign-in with an OpenID Connect provider: discovery, the authorization code flow with PKCE, and the role
//! that claims give.
//!
//! Invariant: `oidc` does not know how users and sessions are kept, nor the server that people talk to.

mod attempt;
mod claims;
mod error;
mod http;
mod limits;
mod options;
mod provider;
mod return_path;
mod sign_in;

pub use attempt::ATTEMPT_MAX_S;
pub use error::OidcError;
pub use options::{OidcOptions, RoleValues};
pub use return_path::return_path;
pub use sign_in::{AuthorizationAnswer, OidcIdentity, OidcSignIn, SignInStart};
