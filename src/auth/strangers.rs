//! Live connections that callers open who may not look at the site, at least not yet: a token comes after the
//! connection. Each costs memory until then, so only some may be open.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::book::after;
use super::throttle::SourceNetwork;
use crate::domain::Timestamp;

/// How long a live connection may be open without joining a namespace: clients join with their first message.
pub const JOIN_WAIT: Duration = Duration::from_secs(10);
/// Connections that may be waiting to join at a time: all programs that send their token when they join, after a
/// restart. People with a session are not counted.
const WAITING_MAX: usize = 512;
/// The same of one address: an office of programs.
const WAITING_OF_NETWORK_MAX: usize = 32;

/// The connections that may still be waiting, the oldest first.
#[derive(Default)]
pub(super) struct StrangerLog {
    /// Held only while it is read or changed.
    opened: Mutex<VecDeque<(Timestamp, SourceNetwork)>>,
}

impl StrangerLog {
    /// Counts a connection.
    ///
    /// # Errors
    /// There are too many, from there or in all; how long to wait.
    pub(super) fn admit(&self, network: SourceNetwork, now: Timestamp) -> Result<(), Duration> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        // Also those that a clock which was set back leaves in the future.
        opened.retain(|(at, _)| *at <= now && now < after(*at, JOIN_WAIT));
        let of_network = opened.iter().filter(|(_, other)| *other == network).count();
        if opened.len() >= WAITING_MAX || of_network >= WAITING_OF_NETWORK_MAX {
            return Err(JOIN_WAIT);
        }
        opened.push_back((now, network));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn network(index: usize) -> SourceNetwork {
        let index = u32::try_from(index).unwrap();
        SourceNetwork::of(Some(IpAddr::from(index.to_be_bytes())))
    }

    #[test]
    fn each_network_has_its_share_until_the_wait_is_over() {
        let log = StrangerLog::default();
        for _ in 0..WAITING_OF_NETWORK_MAX {
            log.admit(network(1), Timestamp(0)).unwrap();
        }
        assert_eq!(log.admit(network(1), Timestamp(0)), Err(JOIN_WAIT));
        log.admit(network(2), Timestamp(0)).unwrap();
        let over = after(Timestamp(0), JOIN_WAIT);
        assert_eq!(log.admit(network(1), Timestamp(over.0 - 1)), Err(JOIN_WAIT));
        log.admit(network(1), over).unwrap();
        // A clock that was set back keeps nobody out.
        log.admit(network(1), Timestamp(-1)).unwrap();
    }

    #[test]
    fn many_networks_together_are_bounded() {
        let log = StrangerLog::default();
        let admitted = (0..10 * WAITING_MAX)
            .filter(|index| log.admit(network(*index), Timestamp(0)).is_ok())
            .count();
        assert_eq!(admitted, WAITING_MAX);
    }
}
