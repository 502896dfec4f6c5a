//! Who may have a password hashed, and how many wait for it: nobody can keep the others out by asking often.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::FxHashMap;

/// Passwords that are hashed or wait for it. With two at a time the last one is answered within 3 s.
const PLACES: usize = 18;
/// Of these, places that strangers do not get.
const PLACES_OF_KNOWN: usize = 6;
/// Places of a stranger's site at a time: one runs, one waits.
const PLACES_OF_SITE: usize = 2;

/// For whom a password is hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asker {
    /// Somebody who is logged in, or comes from where the user has logged in before.
    Known,
    /// Anybody else.
    Stranger(SourceSite),
}

/// What one customer of a provider has: an address of IPv4, or a /48 of IPv6 (RFC 6177).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct SourceSite(Option<IpAddr>);

/// The places; clones share them.
#[derive(Clone, Default)]
pub(super) struct HashPlaces(Arc<Mutex<TakenPlaces>>);

#[derive(Default)]
struct TakenPlaces {
    known: usize,
    of_sites: FxHashMap<SourceSite, usize>,
}

/// A place, until it is dropped.
#[must_use = "it is free again once it is dropped"]
pub(super) struct HashPlace {
    asker: Asker,
    places: HashPlaces,
}

impl SourceSite {
    /// `None` is the Unix socket.
    pub(super) fn of(address: Option<IpAddr>) -> Self {
        Self(address.map(|address| match address.to_canonical() {
            IpAddr::V4(address) => IpAddr::V4(address),
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from(u128::from(address) >> 80 << 80)),
        }))
    }
}

impl HashPlaces {
    /// Takes a place; `None` when there is none for this one who asks.
    pub(super) fn take(&self, asker: Asker) -> Option<HashPlace> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let strangers = taken.of_sites.values().sum::<usize>();
        if taken.known + strangers >= PLACES {
            return None;
        }
        match asker {
            Asker::Known => taken.known += 1,
            Asker::Stranger(site) => {
                let of_site = taken.of_sites.get(&site).copied().unwrap_or(0);
                if of_site >= PLACES_OF_SITE || strangers >= PLACES - PLACES_OF_KNOWN {
                    return None;
                }
                taken.of_sites.insert(site, of_site + 1);
            }
        }
        Some(HashPlace { asker, places: self.clone() })
    }
}

impl Drop for HashPlace {
    fn drop(&mut self) {
        let mut taken = self.places.0.lock().unwrap_or_else(PoisonError::into_inner);
        match self.asker {
            Asker::Known => taken.known = taken.known.saturating_sub(1),
            Asker::Stranger(site) => {
                if let Some(of_site) = taken.of_sites.get_mut(&site) {
                    *of_site = of_site.saturating_sub(1);
                }
                taken.of_sites.retain(|_, of_site| *of_site > 0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stranger(address: &str) -> Asker {
        Asker::Stranger(SourceSite::of(Some(address.parse().unwrap())))
    }

    #[test]
    fn a_site_is_an_address_of_ipv4_and_48_bits_of_ipv6() {
        assert_eq!(stranger("192.0.2.7"), stranger("::ffff:192.0.2.7"));
        assert_ne!(stranger("192.0.2.7"), stranger("192.0.2.8"));
        assert_eq!(stranger("2001:db8:1:2::7"), stranger("2001:db8:1:ffff::1"));
        assert_ne!(stranger("2001:db8:1:2::7"), stranger("2001:db8:2:2::7"));
    }

    #[test]
    fn one_site_does_not_fill_the_places() {
        let places = HashPlaces::default();
        let taken: Vec<_> = (0..100)
            .filter_map(|i| places.take(stranger(&format!("2001:db8:1:{i:x}::1"))))
            .collect();
        assert_eq!(taken.len(), PLACES_OF_SITE);
        let other = places.take(stranger("192.0.2.7")).unwrap();
        drop(taken);
        assert!(places.take(stranger("2001:db8:1::1")).is_some());
        drop(other);
        assert_eq!(places.0.lock().unwrap().of_sites.len(), 0);
    }

    #[test]
    fn strangers_together_leave_places_to_those_who_are_known() {
        let places = HashPlaces::default();
        let strangers: Vec<_> =
            (0..100).filter_map(|i| places.take(stranger(&format!("192.0.2.{i}")))).collect();
        assert_eq!(strangers.len(), PLACES - PLACES_OF_KNOWN);
        let known: Vec<_> = (0..100).filter_map(|_| places.take(Asker::Known)).collect();
        assert_eq!(known.len(), PLACES_OF_KNOWN);
        drop(strangers);
        assert!(places.take(Asker::Known).is_some());
    }
}
