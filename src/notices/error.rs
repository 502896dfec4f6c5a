//! Why a notice was not delivered.

use std::time::Duration;

use crate::util::error_chain;

#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// The address of a contact or of a mail server cannot be used.
    #[error("{0}")]
    Address(String),
    #[error("no mail server is set (smtp_url)")]
    NoMailServer,
    /// The receiver answered, but did not accept it.
    #[error("the receiver refused it: {0}")]
    Refused(String),
    /// The receiver could not be reached, or the connection broke.
    #[error("{0}")]
    Connection(String),
    #[error("no answer within {} s", .0.as_secs())]
    TimedOut(Duration),
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
    #[error("there is no contact of this name")]
    UnknownContact,
}

impl DeliveryError {
    /// The error of a client, without the address of the request, which may hold a secret.
    pub(super) fn http(error: reqwest::Error) -> Self {
        Self::Connection(error_chain(&error.without_url()))
    }
}
