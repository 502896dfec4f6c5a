//! Who may use the appliance: users, their sessions, API tokens.
//!
//! They are no part of the site: they are in no backup, export or mirror, and a restore leaves them as they are.

mod address;
mod api_token;
mod batch;
mod login_session;
mod table;
mod user;

pub use api_token::{ApiToken, TokenId, TokenScope};
pub use batch::AuthBatch;
pub use login_session::{LoginSession, SessionId};
pub use table::{AuthCounters, AuthRows};
pub use user::{LastLogin, Role, TotpState, User, UserId};
