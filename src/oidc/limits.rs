//! How much people may ask of the provider, by network, and which attempts have come back already.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustc_hash::FxHashMap;

use super::attempt::ATTEMPT_MAX_US;
use super::error::OidcError;
use crate::auth::SourceNetwork;
use crate::domain::Timestamp;

/// Calls to the provider at a time. Anybody can cause one, so more are refused rather than queued.
const CALLS_MAX: usize = 16;
/// The same of one network: an office at the change of shifts. Others keep the rest.
const CALLS_OF_NETWORK_MAX: usize = 8;
/// Sign-ins that a network may begin within [`BEGUN_SPAN_US`]: each may become one call with a code.
const BEGUN_OF_NETWORK_MAX: usize = 60;
const BEGUN_SPAN_US: i64 = 60_000_000;
/// Beginnings that are remembered, of about 40 bytes; beyond it the oldest are forgotten, which delays nobody.
const BEGUN_MAX: usize = 10_000;
/// States that are remembered until their attempts are too old, of about 100 bytes. Each took a call, so that only
/// a flood from many networks reaches this; then nobody signs in, rather than twice with one state.
const USED_MAX: usize = 20_000;

/// Counts sign-ins.
#[derive(Default)]
pub(super) struct SignInLimits {
    /// Held for moments.
    counted: Mutex<Counted>,
}

#[derive(Default)]
struct Counted {
    /// The oldest first.
    begun: VecDeque<(Timestamp, SourceNetwork)>,
    /// For whom the provider is being asked.
    calling: Vec<SourceNetwork>,
    /// States that have come back, and when their attempts began.
    used: FxHashMap<String, Timestamp>,
}

/// A call to the provider, until it is dropped.
pub(super) struct CallPermit<'a> {
    limits: &'a SignInLimits,
    network: SourceNetwork,
}

impl SignInLimits {
    /// Counts a sign-in that is begun.
    ///
    /// # Errors
    /// [`OidcError::Throttled`]
    pub(super) fn begin(&self, network: SourceNetwork, now: Timestamp) -> Result<(), OidcError> {
        let begun = &mut self.counted().begun;
        // Also those that a clock which was set back leaves in the future.
        begun.retain(|(at, _)| (0..BEGUN_SPAN_US).contains(&now.0.saturating_sub(at.0)));
        if begun.iter().filter(|(_, other)| *other == network).count() >= BEGUN_OF_NETWORK_MAX {
            return Err(OidcError::Throttled);
        }
        if begun.len() >= BEGUN_MAX {
            begun.pop_front();
        }
        begun.push_back((now, network));
        Ok(())
    }

    /// Admits a call to the provider.
    ///
    /// # Errors
    /// [`OidcError::Busy`]
    pub(super) fn call(&self, network: SourceNetwork) -> Result<CallPermit<'_>, OidcError> {
        let calling = &mut self.counted().calling;
        let of_network = calling.iter().filter(|other| **other == network).count();
        if calling.len() >= CALLS_MAX || of_network >= CALLS_OF_NETWORK_MAX {
            return Err(OidcError::Busy);
        }
        calling.push(network);
        Ok(CallPermit { limits: self, network })
    }

    /// Notes that the state of an attempt has come back.
    ///
    /// # Errors
    /// [`OidcError::Expired`]: it has before. [`OidcError::Busy`]: too many have.
    pub(super) fn use_state(
        &self,
        state: &str,
        begun_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), OidcError> {
        let used = &mut self.counted().used;
        if used.contains_key(state) {
            return Err(OidcError::Expired);
        }
        if used.len() >= USED_MAX {
            // One that a clock which was set back leaves in the future may become valid again.
            used.retain(|_, begun_at| now.0.saturating_sub(begun_at.0) <= ATTEMPT_MAX_US);
        }
        if used.len() >= USED_MAX {
            return Err(OidcError::Busy);
        }
        used.insert(state.to_owned(), begun_at);
        Ok(())
    }

    fn counted(&self) -> MutexGuard<'_, Counted> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for CallPermit<'_> {
    fn drop(&mut self) {
        let calling = &mut self.limits.counted().calling;
        if let Some(at) = calling.iter().position(|other| *other == self.network) {
            calling.swap_remove(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(last: u8) -> SourceNetwork {
        SourceNetwork::of(Some([192, 0, 2, last].into()))
    }

    #[test]
    fn a_network_has_its_share_of_calls_at_a_time() {
        let limits = SignInLimits::default();
        let mut calls: Vec<_> =
            (0..CALLS_OF_NETWORK_MAX).map(|_| limits.call(network(1)).unwrap()).collect();
        assert_eq!(limits.call(network(1)).err(), Some(OidcError::Busy));
        let others = (2..100).filter_map(|other| limits.call(network(other)).ok());
        calls.extend(others);
        assert_eq!(calls.len(), CALLS_MAX);
        calls.remove(0);
        assert!(limits.call(network(1)).is_ok(), "one has ended");
        calls.clear();
        assert!(limits.counted().calling.is_empty());
    }

    #[test]
    fn a_network_begins_so_many_sign_ins_in_a_minute() {
        let limits = SignInLimits::default();
        for _ in 0..BEGUN_OF_NETWORK_MAX {
            limits.begin(network(1), Timestamp(0)).unwrap();
        }
        let again = |network, now| limits.begin(network, Timestamp(now));
        assert_eq!(again(network(1), BEGUN_SPAN_US - 1), Err(OidcError::Throttled));
        assert_eq!(again(network(2), BEGUN_SPAN_US - 1), Ok(()));
        assert_eq!(again(network(1), BEGUN_SPAN_US), Ok(()));
        assert_eq!(again(network(1), -1), Ok(()), "a clock that was set back");
        for index in 0..2 * BEGUN_MAX {
            let address = u32::try_from(index).unwrap().to_be_bytes();
            limits.begin(SourceNetwork::of(Some(address.into())), Timestamp(0)).unwrap();
        }
        assert_eq!(limits.counted().begun.len(), BEGUN_MAX);
    }

    #[test]
    fn a_state_is_used_once_and_forgotten_when_it_is_too_old() {
        let limits = SignInLimits::default();
        let used = |state: &str, now| limits.use_state(state, Timestamp(0), Timestamp(now));
        assert_eq!(used("a", 0), Ok(()));
        assert_eq!(used("a", 1), Err(OidcError::Expired));
        for index in 1..USED_MAX {
            used(&index.to_string(), 1).unwrap();
        }
        assert_eq!(used("b", ATTEMPT_MAX_US), Err(OidcError::Busy));
        assert_eq!(used("a", ATTEMPT_MAX_US), Err(OidcError::Expired), "none is forgotten early");
        assert_eq!(used("b", ATTEMPT_MAX_US + 1), Ok(()));
        assert_eq!(limits.counted().used.len(), 1);
    }
}
