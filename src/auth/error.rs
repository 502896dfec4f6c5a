//! Why something about users, sessions and tokens was not done.

use std::time::Duration;

use crate::engine::EngineError;

/// Why a change was not made. Nothing of it was kept.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// A rule refuses it; the text says which, and what to do.
    #[error("{0}")]
    Refused(String),
    /// There is no such user, session or token, or it is somebody else's.
    #[error("{0} not found")]
    NotFound(&'static str),
    /// The present password, or the code, is wrong.
    #[error("{0}")]
    Wrong(&'static str),
    /// Too many wrong passwords or codes.
    #[error("too many attempts failed; try again in {} s", retry_after.as_secs().max(1))]
    Throttled { retry_after: Duration },
    /// Too many passwords are being checked.
    #[error("too many passwords are being checked; try again in a moment")]
    Busy,
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Why nobody was logged in.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// The same for an unknown name, a wrong password, a wrong code and a disabled user.
    #[error("Name or password is wrong")]
    Wrong,
    /// The password is right, and the second factor is missing.
    #[error("A code from the authenticator app, or a recovery code, is needed")]
    NeedsCode,
    /// A set-up code that is wrong, used or expired, or a rule for names and passwords; the text says which.
    #[error("{0}")]
    Refused(String),
    /// Too many attempts of this account and address failed.
    #[error("Too many attempts failed; try again in {} s", retry_after.as_secs().max(1))]
    Throttled { retry_after: Duration },
    /// Too many passwords are being checked.
    #[error("Too many passwords are being checked; try again in a moment")]
    Busy,
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl From<AuthError> for LoginError {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Refused(why) => Self::Refused(why),
            AuthError::NotFound(_) | AuthError::Wrong(_) => Self::Wrong,
            AuthError::Throttled { retry_after } => Self::Throttled { retry_after },
            AuthError::Busy => Self::Busy,
            AuthError::Engine(error) => Self::Engine(error),
        }
    }
}
