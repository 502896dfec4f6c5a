//! How many connections are open, of as many as there may be: in all, and from one address.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::util::Usage;

/// The limit of connections; clones share it.
#[derive(Clone)]
pub(crate) struct ConnectionLimit {
    permits: Arc<Semaphore>,
    /// Fewer than the permits that are taken: the server has one for the client that it waits for.
    open_count: Arc<AtomicUsize>,
    connections_max: usize,
}

/// Counts as a connection until it is dropped.
pub(super) struct OpenConnection {
    _permit: OwnedSemaphorePermit,
    open_count: Arc<AtomicUsize>,
    address: Option<AddressPermit>,
}

impl ConnectionLimit {
    pub(super) fn new(connections_max: usize) -> Self {
        let permits = Arc::new(Semaphore::new(connections_max));
        Self { permits, open_count: Arc::default(), connections_max }
    }

    /// Waits until one more connection may be open.
    ///
    /// # Errors
    /// The limit is never closed, which would be the only error.
    pub(super) async fn permit(&self) -> io::Result<OwnedSemaphorePermit> {
        Arc::clone(&self.permits).acquire_owned().await.map_err(io::Error::other)
    }

    /// Counts a connection that has a permit.
    pub(super) fn count(&self, permit: OwnedSemaphorePermit) -> OpenConnection {
        self.open_count.fetch_add(1, Ordering::Relaxed);
        OpenConnection { _permit: permit, open_count: Arc::clone(&self.open_count), address: None }
    }

    /// Returns whether so many connections are open that slow clients have to hurry.
    pub(super) fn is_crowded(&self) -> bool {
        self.open_count.load(Ordering::Relaxed) > self.connections_max / 4 * 3
    }

    /// The connections that are open.
    pub(super) fn usage(&self) -> Usage {
        Usage::of(self.open_count.load(Ordering::Relaxed), self.connections_max)
    }
}

impl OpenConnection {
    /// Counts it as one from an address, too.
    pub(super) fn set_address(&mut self, address: AddressPermit) {
        self.address = Some(address);
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.open_count.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The limit of connections from one address. Clones share it.
#[derive(Clone)]
pub(super) struct AddressLimit(Arc<AddressCounts>);

struct AddressCounts {
    /// Those that are open; an address without one is not there, so the table is no longer than all connections.
    open: Mutex<HashMap<IpAddr, usize>>,
    per_address_max: usize,
    /// Addresses behind which there are many clients.
    is_uncounted: Box<dyn Fn(IpAddr) -> bool + Send + Sync>,
}

/// Counts as a connection from its address until it is dropped.
pub(super) struct AddressPermit {
    /// `None` if its address is not counted.
    counted: Option<(IpAddr, Arc<AddressCounts>)>,
}

impl AddressLimit {
    /// A limit for all addresses but those of this host, and those that are `uncounted`, such as reverse proxies.
    pub(super) fn new(
        per_address_max: usize,
        uncounted: impl Fn(IpAddr) -> bool + Send + Sync + 'static,
    ) -> Self {
        let is_uncounted = move |address: IpAddr| address.is_loopback() || uncounted(address);
        let (open, is_uncounted) = (Mutex::default(), Box::new(is_uncounted));
        Self(Arc::new(AddressCounts { open, per_address_max, is_uncounted }))
    }

    /// Returns nothing if as many connections from the address are open as may be.
    pub(super) fn enter(&self, address: IpAddr) -> Option<AddressPermit> {
        let address = address.to_canonical();
        if (self.0.is_uncounted)(address) {
            return Some(AddressPermit { counted: None });
        }
        let place = place_of(address);
        let mut open = self.0.lock();
        let count = open.entry(place).or_default();
        if *count >= self.0.per_address_max {
            return None;
        }
        *count += 1;
        Some(AddressPermit { counted: Some((place, Arc::clone(&self.0))) })
    }
}

impl AddressCounts {
    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for AddressPermit {
    fn drop(&mut self) {
        let Some((place, counts)) = self.counted.take() else { return };
        let mut open = counts.lock();
        if let Some(count) = open.get_mut(&place) {
            *count -= 1;
            if *count == 0 {
                open.remove(&place);
            }
        }
    }
}

/// Bits of an IPv6 address that a provider gives to one customer at least (RFC 6177).
const CUSTOMER_BITS: u32 = 64;

/// What is counted as one: an IPv4 address, or a network of IPv6, all of whose addresses one client may use.
fn place_of(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let network = address.to_bits() & (u128::MAX << (128 - CUSTOMER_BITS));
            Ipv6Addr::from_bits(network).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_connection_counts_until_it_is_closed() {
        let limit = ConnectionLimit::new(2);
        let awaited = limit.permit().await.unwrap();
        assert_eq!(limit.usage(), Usage::of(0, 2), "the permit of a client that may come");
        let open = limit.count(awaited);
        let second = limit.clone().count(limit.permit().await.unwrap());
        assert_eq!(limit.usage(), Usage::of(2, 2));
        drop(open);
        assert_eq!(limit.usage(), Usage::of(1, 2));
        drop((second, limit.permit().await.unwrap()));
        assert_eq!(limit.usage(), Usage::of(0, 2));
    }
    #[test]
    fn an_address_has_a_limit_of_its_own() {
        let proxy: IpAddr = "192.0.2.9".parse().unwrap();
        let limit = AddressLimit::new(2, move |address| address == proxy);
        let enter = |address: &str| limit.enter(address.parse().unwrap());
        let first = enter("192.0.2.7");
        let second = enter("::ffff:192.0.2.7");
        assert!(first.is_some() && second.is_some());
        assert!(enter("192.0.2.7").is_none(), "the same address in two forms");
        assert!(enter("192.0.2.8").is_some());
        let (one, two) = (enter("2001:db8::1"), enter("2001:db8::ffff:2"));
        assert!(one.is_some() && two.is_some());
        assert!(enter("2001:db8::3").is_none(), "one network");
        assert!(enter("2001:db8:0:1::3").is_some(), "another network");
        for uncounted in ["127.0.0.1", "127.9.9.9", "::1", "192.0.2.9"] {
            let open: Vec<_> = (0..5).map(|_| enter(uncounted)).collect();
            assert!(open.iter().all(Option::is_some), "{uncounted}");
        }
        drop((first, one, two));
        assert!(enter("192.0.2.7").is_some());
        drop(second);
        assert!(limit.0.lock().is_empty());
    }

    #[tokio::test]
    async fn a_crowd_is_three_quarters() {
        let limit = ConnectionLimit::new(4);
        let mut open = Vec::new();
        for expected in [false, false, false, true] {
            open.push(limit.count(limit.permit().await.unwrap()));
            assert_eq!(limit.is_crowded(), expected, "{}", open.len());
        }
    }
}
