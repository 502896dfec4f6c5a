//! Secrets that the service draws: of sessions and tokens, and what is kept of them.

use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest as _, Sha256};

/// 256 random bits: nobody guesses them, so that a plain hash keeps them secret.
const SECRET_BYTES: usize = 32;
/// How many characters these have in base64url.
const SECRET_CHARS: usize = 43;
/// What every token begins with, so that scanners of leaked secrets find it.
const TOKEN_PREFIX: &str = "unoc_";
/// The characters of a token that are kept to recognise it by: 42 of its 256 random bits.
const TOKEN_PREFIX_CHARS: usize = 12;

/// Draws random bytes from the operating system.
pub(super) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // getrandom(2) of the kernels that UNOC runs on (5.6 and later) fails only before the system is up.
    getrandom::fill(&mut bytes)
        .expect("the kernel's random numbers are ready once it runs services");
    bytes
}

/// Returns a new secret, and what is kept of it.
pub(super) fn new_session_secret() -> (String, [u8; 32]) {
    let secret = BASE64URL_NOPAD.encode(&random::<SECRET_BYTES>());
    let hash = digest(&secret);
    (secret, hash)
}

/// Returns a new token, and what is kept of it.
pub(super) fn new_token() -> (String, [u8; 32]) {
    let token = format!("{TOKEN_PREFIX}{}", BASE64URL_NOPAD.encode(&random::<SECRET_BYTES>()));
    let hash = digest(&token);
    (token, hash)
}

/// Returns the first characters of a token.
pub(super) fn prefix_of(token: &str) -> &str {
    token.get(..TOKEN_PREFIX_CHARS).unwrap_or(token)
}

/// Returns whether a text can be the secret of a session; others need not be hashed.
pub(super) fn is_session_secret(text: &str) -> bool {
    text.len() == SECRET_CHARS
}

/// Returns whether a text can be a token; others need not be hashed.
pub(super) fn is_token(text: &str) -> bool {
    text.len() == TOKEN_PREFIX.len() + SECRET_CHARS && text.starts_with(TOKEN_PREFIX)
}

/// Returns what is kept of a secret.
pub(super) fn digest(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}
