//! Second factors that are not confirmed yet.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rustc_hash::FxHashMap;

use super::book::after;
use crate::domain::Timestamp;
use crate::store::UserId;

/// How long a person may take from the QR code to the first code.
const CONFIRM_WITHIN: Duration = Duration::from_secs(10 * 60);

/// Keys that were shown and wait for their first code: at most one of each user.
#[derive(Default)]
pub(super) struct Enrolments {
    /// Held only while it is read or changed.
    begun: Mutex<FxHashMap<UserId, Enrolment>>,
}

#[derive(Clone, Copy)]
struct Enrolment {
    secret: [u8; 20],
    ends_at: Timestamp,
}

impl Enrolments {
    /// Remembers a user's new key; one that was begun before no longer counts.
    pub(super) fn begin(&self, user: UserId, secret: [u8; 20], now: Timestamp) {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        begun.retain(|_, enrolment| enrolment.ends_at > now);
        begun.insert(user, Enrolment { secret, ends_at: after(now, CONFIRM_WITHIN) });
    }

    /// Returns the key that a user has to confirm.
    pub(super) fn get(&self, user: UserId, now: Timestamp) -> Option<[u8; 20]> {
        let begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        begun.get(&user).filter(|it| it.ends_at > now).map(|it| it.secret)
    }

    pub(super) fn end(&self, user: UserId) {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner).remove(&user);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_waits_ten_minutes_and_is_replaced_by_the_next() {
        let enrolments = Enrolments::default();
        let minute = |minutes: i64| Timestamp(minutes * 60_000_000);
        enrolments.begin(UserId(1), [1; 20], minute(0));
        enrolments.begin(UserId(1), [2; 20], minute(1));
        assert_eq!(enrolments.get(UserId(1), minute(10)), Some([2; 20]));
        assert_eq!(enrolments.get(UserId(1), minute(11)), None);
        assert_eq!(enrolments.get(UserId(2), minute(1)), None);
        enrolments.begin(UserId(2), [3; 20], minute(12));
        assert_eq!(enrolments.begun.lock().unwrap().len(), 1, "what is over is forgotten");
        enrolments.end(UserId(2));
        assert_eq!(enrolments.get(UserId(2), minute(12)), None);
    }
}
