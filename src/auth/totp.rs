//! The second factor: codes by time (RFC 6238), and recovery codes.

use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use subtle::{Choice, ConditionallySelectable as _, ConstantTimeEq as _};

use super::secret::{digest, random};
use crate::domain::Timestamp;
use crate::store::TotpState;
use crate::util::Hidden;

/// RFC 6238 section 5.2 recommends 30 s; all authenticators have it.
const STEP_MICROS: i64 = 30 * 1_000_000;
/// Steps before and after the present one whose codes count: RFC 6238 section 6 asks for as few as possible.
const STEPS_OFF_MAX: u64 = 1;
const DIGITS: usize = 6;
const CODES: u32 = 1_000_000;
/// Enough to lose the authenticator several times before new ones are made.
const RECOVERY_CODES: usize = 10;
/// 80 random bits: nobody guesses them, so that a plain hash keeps them secret.
const RECOVERY_CODE_BYTES: usize = 10;
/// Recovery codes are shown in groups of this many characters.
const GROUP_CHARS: usize = 4;

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

/// What a code of the second factor turns the state into.
pub(super) enum CodeUse {
    /// The time step of the authenticator's code: neither it nor an earlier one counts again.
    Step(u64),
    /// The hash of a recovery code: it does not count again.
    Recovery([u8; 32]),
}

/// Returns a new key.
pub(super) fn new_secret() -> [u8; 20] {
    random()
}

/// Returns what the user's authenticator is given.
pub(super) fn enrolment(secret: &[u8; 20], user_name: &str) -> TotpEnrolment {
    let secret = BASE32_NOPAD.encode(secret);
    let name = percent_encoded(user_name);
    let uri = format!(
        "otpauth://totp/UNOC:{name}?secret={secret}&issuer=UNOC&algorithm=SHA1&digits={DIGITS}&period=30"
    );
    TotpEnrolment { secret: Hidden(secret), otpauth_uri: Hidden(uri) }
}

/// Returns what a code is, if it counts now: one of the authenticator, or a recovery code.
pub(super) fn check(state: &TotpState, code: &str, now: Timestamp) -> Option<CodeUse> {
    let typed: String = code.chars().filter(|c| !c.is_whitespace() && *c != '-').take(64).collect();
    if let Some(step) = step_of(&state.secret.0, &typed, state.last_step, now) {
        return Some(CodeUse::Step(step));
    }
    let hash = digest(&typed.to_ascii_uppercase());
    let is_left = state.recovery_code_hashes.iter().any(|left| bool::from(left.0.ct_eq(&hash)));
    is_left.then_some(CodeUse::Recovery(hash))
}

/// Returns the state after a code was used. `None` if it was used meanwhile.
pub(super) fn used(state: &TotpState, code: &CodeUse) -> Option<TotpState> {
    let mut after = state.clone();
    match code {
        CodeUse::Step(step) if *step <= state.last_step => return None,
        CodeUse::Step(step) => after.last_step = *step,
        CodeUse::Recovery(hash) => {
            after.recovery_code_hashes.retain(|left| left.0 != *hash);
            if after.recovery_code_hashes.len() == state.recovery_code_hashes.len() {
                return None;
            }
        }
    }
    Some(after)
}

/// Returns the time step of an authenticator's code, if it counts now and is later than `last_step`.
pub(super) fn step_of(
    secret: &[u8; 20],
    code: &str,
    last_step: u64,
    now: Timestamp,
) -> Option<u64> {
    if code.len() != DIGITS || !code.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let present = u64::try_from(now.0 / STEP_MICROS).ok()?;
    let mut found = 0;
    for step in present.saturating_sub(STEPS_OFF_MAX)..=present + STEPS_OFF_MAX {
        let is_equal = code.as_bytes().ct_eq(code_at(secret, step).as_bytes());
        let is_new = Choice::from(u8::from(step > last_step));
        found.conditional_assign(&step, is_equal & is_new);
    }
    (found > 0).then_some(found)
}

/// What an authenticator shows at a time.
#[cfg(test)]
pub(super) fn code_now(secret: &[u8; 20], now: Timestamp) -> String {
    code_at(secret, u64::try_from(now.0 / STEP_MICROS).expect("after 1970"))
}

/// Returns new recovery codes, and what is kept of them.
pub(super) fn new_recovery_codes() -> (RecoveryCodes, Vec<Hidden<[u8; 32]>>) {
    let codes: Vec<String> = (0..RECOVERY_CODES)
        .map(|_| BASE32_NOPAD.encode(&random::<RECOVERY_CODE_BYTES>()))
        .collect();
    let hashes = codes.iter().map(|code| Hidden(digest(code))).collect();
    let shown = codes.iter().map(|code| grouped(code)).collect();
    (RecoveryCodes(Hidden(shown)), hashes)
}

/// Returns the code of a time step: HOTP (RFC 4226 section 5.3) of its number.
fn code_at(secret: &[u8; 20], step: u64) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret).expect("HMAC takes keys of any length");
    mac.update(&step.to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let offset = usize::from(hash[hash.len() - 1] & 0x0f);
    let word = [hash[offset] & 0x7f, hash[offset + 1], hash[offset + 2], hash[offset + 3]];
    format!("{:0DIGITS$}", u32::from_be_bytes(word) % CODES)
}

fn grouped(code: &str) -> String {
    let chars: Vec<char> = code.chars().collect();
    let groups = chars.chunks(GROUP_CHARS).map(|group| group.iter().collect::<String>());
    groups.collect::<Vec<_>>().join("-")
}

/// Everything but the unreserved characters of RFC 3986 section 2.3, in UTF-8.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key of RFC 6238, appendix B.
    const KEY: &[u8; 20] = b"12345678901234567890";

    fn at(seconds: i64) -> Timestamp {
        Timestamp(seconds * 1_000_000)
    }

    /// RFC 6238, appendix B: the last six of its eight digits.
    #[test]
    fn codes_of_the_standard() {
        let rows = [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ];
        for (seconds, code) in rows {
            let step = u64::try_from(seconds / 30).unwrap();
            assert_eq!(code_at(KEY, step), code);
            assert_eq!(step_of(KEY, code, 0, at(seconds)), Some(step));
        }
    }

    #[test]
    fn a_code_counts_a_step_before_and_after_and_once() {
        let (step, code) = (41_152_263, "005924");
        let begin = i64::try_from(step).unwrap() * 30;
        let found = |seconds, last_step| step_of(KEY, code, last_step, at(seconds));
        assert_eq!(found(begin - 31, 0), None);
        assert_eq!(found(begin - 30, 0), Some(step));
        assert_eq!(found(begin + 59, 0), Some(step));
        assert_eq!(found(begin + 60, 0), None);
        assert_eq!(found(begin, step - 1), Some(step));
        assert_eq!(found(begin, step), None);
        assert_eq!(found(begin, step + 1), None);
        for text in ["", "5924", "00592", "0059240", "00592a", "\u{664}05924"] {
            assert_eq!(step_of(KEY, text, 0, at(begin)), None, "{text}");
        }
        assert_eq!(step_of(KEY, code, 0, Timestamp(-1)), None);
    }

    #[test]
    fn recovery_codes_count_once_however_they_are_typed() {
        let (RecoveryCodes(Hidden(codes)), recovery_code_hashes) = new_recovery_codes();
        assert_eq!(codes.len(), 10);
        assert_eq!(codes[0].len(), 19, "{codes:?}");
        let state = TotpState { secret: Hidden(*KEY), last_step: 0, recovery_code_hashes };
        let typed = codes[3].to_lowercase().replace('-', " ");
        let code = check(&state, &typed, at(0)).unwrap();
        let after = used(&state, &code).unwrap();
        assert_eq!(after.recovery_code_hashes.len(), 9);
        assert!(check(&after, &typed, at(0)).is_none());
        assert!(used(&after, &code).is_none(), "two at the same time");
        assert!(check(&after, &codes[4], at(0)).is_some());
        assert!(check(&after, "", at(0)).is_none());
    }

    #[test]
    fn a_step_counts_once_also_at_the_same_time() {
        let state =
            TotpState { secret: Hidden(*KEY), last_step: 0, recovery_code_hashes: Vec::new() };
        let code = check(&state, "287 082", at(59)).unwrap();
        let after = used(&state, &code).unwrap();
        assert_eq!(after.last_step, 1);
        assert!(used(&after, &code).is_none());
    }

    #[test]
    fn an_authenticator_is_given_an_address() {
        let enrolment = enrolment(KEY, "j\u{fc}rgen@example.org");
        assert_eq!(enrolment.secret.0, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(
            enrolment.otpauth_uri.0,
            "otpauth://totp/UNOC:j%C3%BCrgen%40example.org?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=UNOC&algorithm=SHA1&digits=6&period=30"
        );
        assert!(!format!("{enrolment:?}").contains("GEZDG"));
    }
}
