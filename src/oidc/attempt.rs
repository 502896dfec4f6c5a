//! What a browser keeps of a sign-in between leaving for the provider and coming back.

use openidconnect::{CsrfToken, Nonce, PkceCodeVerifier};
use ring::hmac;
use ring::rand::SystemRandom;

use super::error::OidcError;
use crate::domain::Timestamp;
use crate::util::hex;

/// How long a sign-in may take, in seconds: enough for a second factor at the provider.
pub const ATTEMPT_MAX_S: u32 = 600;
pub(super) const ATTEMPT_MAX_US: i64 = ATTEMPT_MAX_S as i64 * 1_000_000;

/// Random bytes of `state` and `nonce`.
pub(super) const RANDOM_BYTES: u32 = 32;

/// One attempt to sign in. It is kept by the browser that makes it, so no number of attempts needs memory here
/// or pushes out those of others.
pub(super) struct SignInAttempt {
    /// Binds the answer to the browser (RFC 6749, section 10.12).
    pub(super) state: CsrfToken,
    /// Binds the ID token to the attempt (OpenID Connect Core 1.0, section 15.5.2).
    pub(super) nonce: Nonce,
    /// Binds the code to the attempt (RFC 7636).
    pub(super) verifier: PkceCodeVerifier,
    pub(super) return_to: String,
    pub(super) begun_at: Timestamp,
}

/// Signs attempts, and recognises those it signed. A restart ends all attempts.
pub(super) struct AttemptSigner(hmac::Key);

impl AttemptSigner {
    /// # Errors
    /// The system has no random numbers.
    pub(super) fn new() -> Result<Self, OidcError> {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new());
        let key =
            key.map_err(|_| OidcError::Options("the system has no random numbers".to_owned()))?;
        Ok(Self(key))
    }

    /// Returns an attempt as the value of a cookie.
    pub(super) fn sign(&self, attempt: &SignInAttempt) -> String {
        let SignInAttempt { state, nonce, verifier, return_to, begun_at } = attempt;
        let content = format!(
            "{}.{}.{}.{}.{}",
            state.secret(),
            nonce.secret(),
            verifier.secret(),
            begun_at.0,
            hex(return_to)
        );
        let tag = hmac::sign(&self.0, content.as_bytes());
        format!("{content}.{}", hex(tag))
    }

    /// Returns the attempt that `cookie` holds, if it was signed here and is not too old.
    pub(super) fn read(&self, cookie: &str, now: Timestamp) -> Option<SignInAttempt> {
        let (content, tag) = cookie.rsplit_once('.')?;
        hmac::verify(&self.0, content.as_bytes(), &bytes_of_hex(tag)?).ok()?;
        let mut parts = content.split('.');
        let mut next = || parts.next();
        let (state, nonce, verifier) = (next()?, next()?, next()?);
        let begun_at = Timestamp(next()?.parse().ok()?);
        let return_to = String::from_utf8(bytes_of_hex(next()?)?).ok()?;
        let age_us = now.0.saturating_sub(begun_at.0);
        (0..=ATTEMPT_MAX_US).contains(&age_us).then(|| SignInAttempt {
            state: CsrfToken::new(state.to_owned()),
            nonce: Nonce::new(nonce.to_owned()),
            verifier: PkceCodeVerifier::new(verifier.to_owned()),
            return_to,
            begun_at,
        })
    }
}

fn bytes_of_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks(2).map(|pair| {
        let pair = str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?;
        u8::from_str_radix(pair, 16).ok()
    });
    digits.collect()
}

#[cfg(test)]
mod tests {
    use openidconnect::PkceCodeChallenge;

    use super::*;

    fn attempt() -> SignInAttempt {
        SignInAttempt {
            state: CsrfToken::new_random_len(RANDOM_BYTES),
            nonce: Nonce::new_random_len(RANDOM_BYTES),
            verifier: PkceCodeChallenge::new_random_sha256().1,
            return_to: "/devices?q=a.b%20c".to_owned(),
            begun_at: Timestamp(1_000_000),
        }
    }

    #[test]
    fn an_attempt_comes_back_until_it_is_too_old() {
        let (signer, attempt) = (AttemptSigner::new().unwrap(), attempt());
        let cookie = signer.sign(&attempt);
        assert!(cookie.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)));
        let read = |now| signer.read(&cookie, Timestamp(now));
        let back = read(1_000_000 + ATTEMPT_MAX_US).unwrap();
        assert_eq!(back.state.secret(), attempt.state.secret());
        assert_eq!(back.nonce.secret(), attempt.nonce.secret());
        assert_eq!(back.verifier.secret(), attempt.verifier.secret());
        assert_eq!(back.return_to, attempt.return_to);
        assert!(read(1_000_001 + ATTEMPT_MAX_US).is_none(), "too old");
        assert!(read(999_999).is_none(), "from the future");
    }

    #[test]
    fn what_was_not_signed_here_is_no_attempt() {
        let (signer, other) = (AttemptSigner::new().unwrap(), AttemptSigner::new().unwrap());
        let now = Timestamp(1_000_000);
        let cookie = signer.sign(&attempt());
        assert!(other.read(&cookie, now).is_none(), "another run's");
        for at in 0..cookie.len() {
            let mut bytes = cookie.clone().into_bytes();
            bytes[at] ^= 1;
            let changed = String::from_utf8(bytes).unwrap();
            assert!(signer.read(&changed, now).is_none(), "byte {at}");
        }
        for text in ["", ".", "......", "a.b.c.0.2f.", "a.b.c.0.2f.zz", "ä.ä"] {
            assert!(signer.read(text, now).is_none(), "{text}");
        }
    }
}
