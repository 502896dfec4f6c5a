//! Why nobody was signed in.

/// Every text may be shown to the person who signs in; none has a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OidcError {
    /// The settings cannot be used.
    #[error("{0}")]
    Options(String),
    /// The provider cannot be reached, or its answer cannot be used.
    #[error("the sign-in provider is not available: {0}")]
    Unavailable(String),
    /// The limit of sign-ins at a time is reached.
    #[error("too many people are signing in at the moment; try again in a few seconds")]
    Busy,
    /// Too many sign-ins were begun from this network.
    #[error("too many sign-ins were begun from your network; try again in a minute")]
    Throttled,
    /// The attempt is not of this browser, has come back before, is older than ten minutes, or was begun before a
    /// restart.
    #[error("this sign-in has expired; begin it again")]
    Expired,
    /// The person cancelled, or the provider let nobody in.
    #[error("the sign-in provider refused: {0}")]
    Denied(String),
    /// What the provider sent does not prove who signed in.
    #[error("the answer of the sign-in provider is not valid: {0}")]
    Invalid(String),
    /// The person is known to the provider, but no value of a claim gives a role.
    #[error(
        "{name} has no role here: an administrator assigns one with the groups of the sign-in provider"
    )]
    NoRole { name: String },
}
