//! When a certificate is renewed, and how long it is waited after a failure.

use std::time::Duration;

use super::super::error::{AuthorityFault, TlsError};
use super::super::validity::Validity;
use crate::domain::Timestamp;

/// A certificate is renewed when this part of its life is left, as authorities advise (letsencrypt.org,
/// *Integration Guide*): of 90 days, 30 are left for attempts.
const REMAINING_DIVISOR: u32 = 3;
/// And up to this part of its life earlier, so that hosts that were set up together do not renew together.
const JITTER_DIVISOR: u32 = 50;

/// The first pause after a failure, which doubles with each further one. Let's Encrypt allows five failed validations
/// in an hour for each name.
const FIRST_PAUSE: Duration = Duration::from_secs(10 * 60);
const LAST_PAUSE: Duration = Duration::from_secs(12 * 60 * 60);
/// The least pause when an authority was asked too often: its limits are those of hours.
const RATE_LIMIT_PAUSE: Duration = Duration::from_secs(3 * 60 * 60);

/// No pause is longer, with its jitter.
pub(super) const PAUSE_MAX: Duration = Duration::from_secs(15 * 60 * 60);

/// Returns from when on a certificate is renewed. `jitter` is from 0 to 1.
pub(super) fn renewal_at(validity: Validity, jitter: f64) -> Timestamp {
    let lifetime = validity.lifetime();
    let left = lifetime / REMAINING_DIVISOR + (lifetime / JITTER_DIVISOR).mul_f64(jitter);
    before(validity.not_after, left)
}

/// Returns how long it is waited after so many failures in a row, the last of them this one. `jitter` is from 0 to 1.
pub(super) fn pause_after(failures: u32, error: &TlsError, jitter: f64) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    let pause = FIRST_PAUSE.saturating_mul(1 << doublings).min(LAST_PAUSE);
    let is_rate_limited =
        matches!(error, TlsError::Authority { kind: AuthorityFault::RateLimited, .. });
    let pause = if is_rate_limited { pause.max(RATE_LIMIT_PAUSE) } else { pause };
    // Up to a quarter longer.
    pause.mul_f64(1.0 + jitter / 4.0)
}

/// Returns a time so much before another.
fn before(time: Timestamp, span: Duration) -> Timestamp {
    Timestamp(time.0.saturating_sub(micros(span)))
}

/// Returns a time so much after another.
pub(super) fn after(time: Timestamp, span: Duration) -> Timestamp {
    Timestamp(time.0.saturating_add(micros(span)))
}

fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_US: i64 = 86_400_000_000;
    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn a_third_of_the_life_is_left_for_attempts() {
        let check = |days: i64, jitter: f64, expected_hours_left: i64| {
            let validity =
                Validity { not_before: Timestamp(0), not_after: Timestamp(days * DAY_US) };
            let left_us = days * DAY_US - renewal_at(validity, jitter).0;
            assert_eq!(left_us / (DAY_US / 24), expected_hours_left, "{days} days, {jitter}");
        };
        check(90, 0.0, 30 * 24);
        check(90, 1.0, 30 * 24 + 43);
        check(45, 0.0, 15 * 24);
        check(6, 0.0, 48);
        check(0, 0.0, 0);
    }

    #[test]
    fn pauses_double_up_to_half_a_day() {
        let error = |kind| TlsError::Authority { during: String::new(), what: String::new(), kind };
        let other = error(AuthorityFault::Other);
        let minutes = |failures, jitter| pause_after(failures, &other, jitter).as_secs() / 60;
        let pauses: Vec<u64> = (1..=8).map(|failures| minutes(failures, 0.0)).collect();
        assert_eq!(pauses, [10, 20, 40, 80, 160, 320, 640, 720]);
        assert_eq!(minutes(u32::MAX, 0.0), 720);
        assert_eq!(minutes(1, 1.0), 12);
        // Five in the first hour would use up what an authority allows.
        assert!(pauses[..4].iter().sum::<u64>() > 60);
        let limited = error(AuthorityFault::RateLimited);
        assert_eq!(pause_after(1, &limited, 0.0), 3 * HOUR);
        assert_eq!(pause_after(8, &limited, 0.0), 12 * HOUR);
    }

    #[test]
    fn times_do_not_overflow() {
        assert_eq!(after(Timestamp(i64::MAX), HOUR), Timestamp(i64::MAX));
        assert_eq!(before(Timestamp(i64::MIN), HOUR), Timestamp(i64::MIN));
    }
}
