//! Slows down guesses, and nobody else.
//!
//! Who fails is counted by account and address, and by address. After some failures each further attempt has to wait,
//! ever longer. A browser that shows a cookie of an earlier login with the account is counted alone. An account is not
//! slowed as a whole: what others try from elsewhere locks nobody out. An address from which the account has logged in
//! is not slowed by what others at that address try with other accounts, such as behind one proxy.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rustc_hash::FxHashMap;

use super::device::DeviceId;
use crate::domain::Timestamp;
use crate::store::UserId;

/// Failures of an account at an address without a pause: people mistype.
const FREE_FAILURES: u32 = 4;
/// The same of an address with any account: an office may be behind it.
const FREE_FAILURES_OF_ADDRESS: u32 = 20;
/// Doubles with each failure.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// 96 guesses a day.
const PAUSE_MAX: Duration = Duration::from_secs(15 * 60);
/// When a failure is forgotten: one who waits for it guesses less often than one who waits for the pauses.
const FORGET_AFTER: Duration = Duration::from_secs(6 * 60 * 60);
/// Counters in memory, of about 150 bytes. When more are needed, the oldest are forgotten: to push one out takes as
/// many failed attempts, and each costs the hash of a password.
const COUNTERS_MAX: usize = 10_000;
/// Counters that are forgotten together, so that seldom all are looked at.
const FORGOTTEN_TOGETHER: usize = COUNTERS_MAX / 10;

/// The network of an address whose attempts are counted together: an IPv6 host has all of its /64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceNetwork(Option<IpAddr>);

impl SourceNetwork {
    /// Returns the network of an address; `None` is the Unix socket.
    pub fn of(address: Option<IpAddr>) -> Self {
        Self(address.map(|address| match address.to_canonical() {
            IpAddr::V4(address) => IpAddr::V4(address),
            IpAddr::V6(address) => {
                let prefix = u128::from(address) >> 64 << 64;
                IpAddr::V6(Ipv6Addr::from(prefix))
            }
        }))
    }
}

/// What failures are counted by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum ThrottleKey {
    /// A folded name, which need not be a user's, and where it was tried.
    Account(String, SourceNetwork),
    Address(SourceNetwork),
    /// A browser in which the user has logged in before, instead of both.
    Device(DeviceId),
    /// Codes of a user whose password was right, from any address and browser but the user's own ones.
    Code(UserId),
    /// What a user confirms within a session.
    Confirmation(UserId),
}

impl ThrottleKey {
    const fn free_failures(&self) -> u32 {
        match self {
            Self::Address(_) => FREE_FAILURES_OF_ADDRESS,
            Self::Account(..) | Self::Device(_) | Self::Code(_) | Self::Confirmation(_) => {
                FREE_FAILURES
            }
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Failures {
    count: u32,
    last_at: Timestamp,
    /// No attempt before this.
    paused_until: Timestamp,
}

/// Counts failures.
#[derive(Default)]
pub(super) struct LoginThrottle {
    /// Held only while it is read or changed.
    counters: Mutex<FxHashMap<ThrottleKey, Failures>>,
}

/// An attempt that may be made. It counts as failed unless it is taken back, so that many at the same time are no
/// way around a pause.
#[must_use = "an attempt that did not fail has to be taken back"]
pub(super) struct Attempt {
    /// With what was counted before it, and what since.
    counted: Vec<(ThrottleKey, Failures, Failures)>,
}

impl Attempt {
    /// Makes another attempt a part of this one.
    pub(super) fn include(&mut self, other: Self) {
        self.counted.extend(other.counted);
    }
}

impl LoginThrottle {
    /// Counts an attempt, unless one of the keys has to wait.
    ///
    /// # Errors
    /// How long to wait.
    pub(super) fn begin(
        &self,
        keys: Vec<ThrottleKey>,
        now: Timestamp,
    ) -> Result<Attempt, Duration> {
        let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        let waits = keys.iter().filter_map(|key| counters.get(key)?.wait(now));
        if let Some(wait) = waits.max() {
            return Err(wait);
        }
        if counters.len() + keys.len() > COUNTERS_MAX {
            forget_oldest(&mut counters, now);
        }
        let counted = keys.into_iter().map(|key| {
            let failures = counters.entry(key.clone()).or_default();
            let before = *failures;
            *failures = before.after_one_more(key.free_failures(), now);
            (key, before, *failures)
        });
        Ok(Attempt { counted: counted.collect() })
    }

    /// Takes an attempt back: it was never checked, or only a part of it is missing.
    pub(super) fn take_back(&self, attempt: Attempt) {
        let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, before, counted) in attempt.counted {
            let Some(failures) = counters.get_mut(&key) else { continue };
            if *failures == counted {
                *failures = before;
            } else {
                failures.count = failures.count.saturating_sub(1);
            }
            if failures.count == 0 {
                counters.remove(&key);
            }
        }
    }

    /// Takes an attempt back that succeeded, and forgets the failures of its account at this address.
    pub(super) fn succeed(&self, attempt: Attempt) {
        let forgotten: Vec<ThrottleKey> = attempt
            .counted
            .iter()
            .map(|(key, ..)| key)
            .filter(|key| !matches!(key, ThrottleKey::Address(_)))
            .cloned()
            .collect();
        self.take_back(attempt);
        let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        for key in forgotten {
            counters.remove(&key);
        }
    }
}

impl Failures {
    /// Returns how long the next attempt has to wait.
    fn wait(&self, now: Timestamp) -> Option<Duration> {
        let micros = self.paused_until.0.saturating_sub(now.0);
        // A clock that was set back makes no pause longer.
        let wait = Duration::from_micros(u64::try_from(micros).unwrap_or(0)).min(PAUSE_MAX);
        (!wait.is_zero()).then_some(wait)
    }

    fn is_over(&self, now: Timestamp) -> bool {
        now.0.saturating_sub(self.last_at.0) > micros(FORGET_AFTER)
    }

    fn after_one_more(self, free: u32, now: Timestamp) -> Self {
        let count = if self.is_over(now) { 1 } else { self.count.saturating_add(1) };
        let doublings = count.checked_sub(free + 1);
        let pause = doublings.map_or(Duration::ZERO, |doublings| {
            FIRST_PAUSE
                .saturating_mul(1_u32.checked_shl(doublings).unwrap_or(u32::MAX))
                .min(PAUSE_MAX)
        });
        Self { count, last_at: now, paused_until: Timestamp(now.0.saturating_add(micros(pause))) }
    }
}

/// Forgets those that are over, and as many of the oldest as make room for many more.
fn forget_oldest(counters: &mut FxHashMap<ThrottleKey, Failures>, now: Timestamp) {
    counters.retain(|_, failures| !failures.is_over(now));
    let kept = COUNTERS_MAX - FORGOTTEN_TOGETHER;
    let surplus = counters.len().saturating_sub(kept);
    if surplus == 0 {
        return;
    }
    let mut times: Vec<Timestamp> = counters.values().map(|failures| failures.last_at).collect();
    let (_, last, _) = times.select_nth_unstable(surplus - 1);
    let last = *last;
    let mut left = surplus;
    counters.retain(|_, failures| {
        let is_kept = failures.last_at > last || left == 0;
        left -= usize::from(!is_kept);
        is_kept
    });
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: i64 = 1_000_000;

    fn network(text: &str) -> SourceNetwork {
        SourceNetwork::of(Some(text.parse().unwrap()))
    }

    fn account(name: &str, address: &str) -> ThrottleKey {
        ThrottleKey::Account(name.to_owned(), network(address))
    }

    #[test]
    fn networks_are_hosts_of_ipv4_and_64_bits_of_ipv6() {
        assert_eq!(network("192.0.2.7"), network("::ffff:192.0.2.7"));
        assert_ne!(network("192.0.2.7"), network("192.0.2.8"));
        assert_eq!(network("2001:db8:1:2::7"), network("2001:db8:1:2:ffff::1"));
        assert_ne!(network("2001:db8:1:2::7"), network("2001:db8:1:3::7"));
        assert_ne!(SourceNetwork::of(None), network("127.0.0.1"));
    }

    #[test]
    fn the_fifth_failure_makes_a_pause_that_doubles_up_to_a_quarter_of_an_hour() {
        let throttle = LoginThrottle::default();
        let mut now = 0;
        let mut waits = Vec::new();
        for _ in 0..17 {
            let key = vec![account("ada", "192.0.2.7")];
            drop(throttle.begin(key.clone(), Timestamp(now)).unwrap());
            let wait = match throttle.begin(key, Timestamp(now)) {
                Err(wait) => wait.as_secs(),
                Ok(attempt) => {
                    throttle.take_back(attempt);
                    0
                }
            };
            waits.push(wait);
            now += i64::try_from(wait).unwrap() * SECOND;
        }
        assert_eq!(waits, [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]);
    }

    #[test]
    fn many_at_the_same_time_are_no_way_around() {
        let throttle = LoginThrottle::default();
        let key = || vec![account("ada", "192.0.2.7")];
        let attempts: Vec<_> = (0..100).map(|_| throttle.begin(key(), Timestamp(0))).collect();
        assert_eq!(attempts.iter().filter(|attempt| attempt.is_ok()).count(), 5);
        // One of them was right: the failures of this account here are forgotten.
        throttle.succeed(attempts.into_iter().flatten().next().unwrap());
        assert!(throttle.begin(key(), Timestamp(0)).is_ok());
    }

    #[test]
    fn success_forgets_the_account_but_not_the_address() {
        let throttle = LoginThrottle::default();
        let keys = |name: &str| {
            vec![account(name, "192.0.2.7"), ThrottleKey::Address(network("192.0.2.7"))]
        };
        for index in 0..21 {
            drop(throttle.begin(keys(&format!("user{index}")), Timestamp(0)).unwrap());
        }
        let wait = throttle.begin(keys("other"), Timestamp(0)).err().unwrap();
        assert_eq!(wait, Duration::from_secs(1));
        let later = Timestamp(SECOND);
        let own = throttle.begin(keys("mallory"), later).unwrap();
        throttle.succeed(own);
        // A login with an account of one's own does not make guesses at others' cheaper.
        drop(throttle.begin(keys("other"), later).unwrap());
        let wait = throttle.begin(keys("other"), later).err().unwrap();
        assert_eq!(wait, Duration::from_secs(2));
    }

    #[test]
    fn failures_are_forgotten_after_six_hours() {
        let throttle = LoginThrottle::default();
        let key = || vec![account("ada", "192.0.2.7")];
        for _ in 0..5 {
            drop(throttle.begin(key(), Timestamp(0)).unwrap());
        }
        throttle.begin(key(), Timestamp(0)).err().unwrap();
        let later = Timestamp(micros(FORGET_AFTER) + 1);
        for _ in 0..5 {
            drop(throttle.begin(key(), later).unwrap());
        }
        // A clock that was set back by a day does not pause for a day.
        let wait = throttle.begin(key(), Timestamp(-86_400 * SECOND)).err().unwrap();
        assert_eq!(wait, PAUSE_MAX);
    }

    #[test]
    fn counters_are_bounded_and_the_oldest_are_forgotten() {
        let throttle = LoginThrottle::default();
        for index in 0..2 * COUNTERS_MAX {
            let name = format!("user{index}");
            let now = Timestamp(i64::try_from(index).unwrap());
            drop(throttle.begin(vec![account(&name, "192.0.2.7")], now).unwrap());
            assert!(throttle.counters.lock().unwrap().len() <= COUNTERS_MAX);
        }
        let counters = throttle.counters.lock().unwrap();
        assert!(counters.contains_key(&account("user19999", "192.0.2.7")));
        assert!(!counters.contains_key(&account("user0", "192.0.2.7")));
    }

    #[derive(Clone, Debug)]
    struct Step {
        after_s: i64,
        name: u8,
        address: u8,
        is_right: bool,
    }

    fn step() -> impl Strategy<Value = Step> {
        let parts = (prop_oneof![3 => Just(0), 1 => 0..2000_i64], 0..3_u8, 0..3_u8, any::<bool>());
        parts.prop_map(|(after_s, name, address, is_right)| Step {
            after_s,
            name,
            address,
            // Most are wrong.
            is_right: is_right && after_s % 7 == 0,
        })
    }

    proptest! {
        /// Whatever the others do: one who knows the password and was here before never waits for them, and no pair
        /// of account and address gets more than its share of guesses.
        #[test]
        fn nobody_is_locked_out_by_others(steps in prop::collection::vec(step(), 0..300)) {
            let throttle = LoginThrottle::default();
            let mut now = 0;
            let mut guesses = [0_u32; 9];
            for Step { after_s, name, address, is_right } in steps {
                now += after_s * SECOND;
                let place = format!("192.0.2.{address}");
                let keys = vec![
                    account(&name.to_string(), &place),
                    ThrottleKey::Address(network(&place)),
                ];
                if let Ok(attempt) = throttle.begin(keys, Timestamp(now)) {
                    match is_right {
                        true => throttle.succeed(attempt),
                        false => drop(attempt),
                    }
                    let guess = &mut guesses[usize::from(name * 3 + address)];
                    *guess = if is_right { 0 } else { *guess + 1 };
                }
                // At home, where only the user logs in: the address is known, so it is not counted.
                let home = throttle.begin(vec![account("0", "198.51.100.1")], Timestamp(now));
                prop_assert!(home.is_ok());
                throttle.succeed(home.ok().unwrap());
            }
            let span_s = u64::try_from(now / SECOND).unwrap();
            for guess in guesses {
                // Ten pauses up to 512 s, then one in 900 s, or those that are free again after six hours.
                let share = 16 + span_s / 900 + 5 * (span_s / FORGET_AFTER.as_secs());
                prop_assert!(u64::from(guess) <= share, "{guess} of {share}");
            }
        }
    }
}
