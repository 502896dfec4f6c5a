//! Cookies of browsers in which a user has logged in: what strangers try with the account does not slow these down
//! (OWASP, "Slow Down Online Guessing Attacks with Device Cookies").
//!
//! Such a cookie is no credential. It is signed with a key of the store, bound to the user and to the password, and
//! nothing is kept of it.

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::book::after;
use super::name::folded;
use super::secret::random;
use crate::domain::Timestamp;
use crate::store::{User, UserId};
use crate::util::Hidden;

/// How long a cookie counts: longer than a leave, shorter than the life of a computer. Each login gives a new one.
pub const DEVICE_AGE_MAX: Duration = Duration::from_secs(180 * 24 * 60 * 60);
/// What the key signs begins with this, so that it signs nothing else.
const PURPOSE: &[u8] = b"unoc device cookie 1";

const RANDOM_BYTES: usize = 16;
const TAG_BYTES: usize = 32;
/// The user, the time and the random bytes.
const CONTENT_BYTES: usize = 8 + 8 + RANDOM_BYTES;
/// How many characters a cookie has in base64url; another length is not looked at.
const COOKIE_CHARS: usize = ((CONTENT_BYTES + TAG_BYTES) * 8).div_ceil(6);

/// A browser in which a user has logged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct DeviceId {
    user: UserId,
    random: [u8; RANDOM_BYTES],
}

/// Signs cookies of devices.
pub(super) struct DeviceSigner<'a>(pub(super) &'a Hidden<[u8; 32]>);

impl DeviceSigner<'_> {
    /// Returns a new cookie of a user; it has letters, digits and `-_` only.
    pub(super) fn cookie(&self, user: &User, now: Timestamp) -> Hidden<String> {
        let mut bytes = Vec::with_capacity(CONTENT_BYTES + TAG_BYTES);
        bytes.extend(user.id.0.to_be_bytes());
        bytes.extend(now.0.to_be_bytes());
        bytes.extend(random::<RANDOM_BYTES>());
        let tag = self.mac(user, &bytes).finalize().into_bytes();
        bytes.extend(tag);
        Hidden(BASE64URL_NOPAD.encode(&bytes))
    }

    /// Returns the device of a cookie, if it was given to this user since the last change of the password, and is not
    /// too old.
    pub(super) fn device(&self, cookie: &str, user: &User, now: Timestamp) -> Option<DeviceId> {
        let bytes = Some(cookie).filter(|cookie| cookie.len() == COOKIE_CHARS)?;
        let bytes = BASE64URL_NOPAD.decode(bytes.as_bytes()).ok()?;
        let (content, tag) = bytes.split_at_checked(CONTENT_BYTES)?;
        self.mac(user, content).verify_slice(tag).ok()?;
        let (_, content) = content.split_first_chunk::<8>()?;
        let (given_at, random) = content.split_first_chunk::<8>()?;
        let given_at = Timestamp(i64::from_be_bytes(*given_at));
        let is_valid = given_at <= now && now < after(given_at, DEVICE_AGE_MAX);
        is_valid.then_some(DeviceId { user: user.id, random: random.try_into().ok()? })
    }

    /// Everything that it is bound to; only the name, at the end, has no fixed length.
    fn mac(&self, user: &User, content: &[u8]) -> Hmac<Sha256> {
        let key = &self.0.0;
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
        let changed_us = user.password_changed_at.map_or(i64::MIN, |at| at.0);
        for part in [PURPOSE, content, &user.id.0.to_be_bytes(), &changed_us.to_be_bytes()] {
            mac.update(part);
        }
        mac.update(folded(&user.name).as_bytes());
        mac
    }
}
