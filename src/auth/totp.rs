//! The second factor.

use crate::util::Hidden;

/// A second factor that is not in force until a code confirms it.
#[derive(Clone, Debug)]
pub struct TotpEnrolment {
    /// In base32, to type.
    pub secret: Hidden<String>,
    /// `otpauth://totp/…`, for a QR code.
    pub otpauth_uri: Hidden<String>,
}

/// Codes that replace the authenticator, each once. They are shown once.
#[derive(Clone, Debug)]
pub struct RecoveryCodes(pub Hidden<Vec<String>>);
