//! A map by id that keeps consecutive ids close to each other in memory.
//!
//! Ids are consecutive, and devices that are linked with each other are mostly created together. In
//! a hash map each look-up in a large site misses the processor's caches; here the next device of a
//! path is mostly close to the previous one.

use std::marker::PhantomData;

use rustc_hash::FxHashMap;

use crate::domain::{DeviceId, InterfaceId, LinkId};

/// Values in one page: few enough that a site with scattered ids needs little more memory.
const PAGE_SLOTS: usize = 32;

type Page<V> = Box<[Option<V>; PAGE_SLOTS]>;

/// A map from ids to values.
#[derive(Debug)]
pub(in crate::domain) struct IdMap<K, V> {
    pages: FxHashMap<u64, Page<V>>,
    len: usize,
    keys: PhantomData<K>,
}

/// An id that counts up from 1.
pub(in crate::domain) trait Id {
    fn number(self) -> u64;
    fn of(number: u64) -> Self;
}

macro_rules! id {
    ($($name:ident)*) => {
        $(impl Id for $name {
            fn number(self) -> u64 {
                self.0
            }

            fn of(number: u64) -> Self {
                Self(number)
            }
        })*
    };
}

id!(DeviceId InterfaceId LinkId);

/// The page of an id, and its slot there.
fn position(id: impl Id) -> (u64, usize) {
    let number = id.number();
    let slots = PAGE_SLOTS as u64;
    let slot = usize::try_from(number % slots).expect("a page has few slots");
    (number / slots, slot)
}

impl<K: Id, V> IdMap<K, V> {
    pub(in crate::domain) fn get(&self, id: K) -> Option<&V> {
        let (page, slot) = position(id);
        self.pages.get(&page)?[slot].as_ref()
    }

    pub(super) fn get_mut(&mut self, id: K) -> Option<&mut V> {
        let (page, slot) = position(id);
        self.pages.get_mut(&page)?[slot].as_mut()
    }

    /// Sets the value of an id; returns the previous one.
    pub(in crate::domain) fn insert(&mut self, id: K, value: V) -> Option<V> {
        let before = self.slot(id).replace(value);
        self.len += usize::from(before.is_none());
        before
    }

    /// The value of an id; the default value is inserted if there is none.
    pub(in crate::domain) fn or_default(&mut self, id: K) -> &mut V
    where
        V: Default,
    {
        let (page, slot) = position(id);
        let slot = &mut self.pages.entry(page).or_insert_with(empty)[slot];
        self.len += usize::from(slot.is_none());
        slot.get_or_insert_default()
    }

    /// Removes the value of an id, and its page if that becomes empty.
    pub(super) fn remove(&mut self, id: K) -> Option<V> {
        let (number, slot) = position(id);
        let page = self.pages.get_mut(&number)?;
        let value = page[slot].take()?;
        self.len -= 1;
        if page.iter().all(Option::is_none) {
            self.pages.remove(&number);
        }
        Some(value)
    }

    /// All values, in no particular order.
    pub(super) fn values(&self) -> impl Iterator<Item = &V> {
        self.pages.values().flat_map(|page| page.iter().flatten())
    }

    /// All values, ascending by id.
    pub(super) fn values_by_id(&self) -> impl Iterator<Item = &V> {
        let mut pages: Vec<_> = self.pages.iter().collect();
        pages.sort_unstable_by_key(|(number, _)| **number);
        pages.into_iter().flat_map(|(_, page)| page.iter().flatten())
    }

    /// All ids that have a value, in no particular order. Does not look at the values.
    pub(super) fn ids(&self) -> impl Iterator<Item = K> {
        self.pages.iter().flat_map(|(number, page)| {
            let first = number * PAGE_SLOTS as u64;
            let taken = page.iter().enumerate().filter(|(_, slot)| slot.is_some());
            taken.map(move |(slot, _)| K::of(first + slot as u64))
        })
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    fn slot(&mut self, id: K) -> &mut Option<V> {
        let (page, slot) = position(id);
        &mut self.pages.entry(page).or_insert_with(empty)[slot]
    }
}

impl<K, V> Default for IdMap<K, V> {
    fn default() -> Self {
        Self { pages: FxHashMap::default(), len: 0, keys: PhantomData }
    }
}

fn empty<V>() -> Page<V> {
    Box::new([const { None }; PAGE_SLOTS])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_and_removed_by_id() {
        let mut map: IdMap<DeviceId, u64> = IdMap::default();
        let ids = [1, 2, 31, 32, 33, 1 << 40, u64::MAX].map(DeviceId);
        for id in ids {
            assert_eq!(map.insert(id, id.0), None);
            assert_eq!(map.insert(id, id.0), Some(id.0));
        }
        assert_eq!(map.len(), ids.len());
        assert_eq!(map.values().count(), ids.len());
        let mut listed: Vec<DeviceId> = map.ids().collect();
        listed.sort_unstable();
        assert_eq!(listed, ids);
        let sorted: Vec<u64> = map.values_by_id().copied().collect();
        assert_eq!(sorted, ids.map(|id| id.0));
        assert_eq!(map.get(DeviceId(3)), None);
        *map.or_default(DeviceId(3)) += 3;
        assert_eq!(map.get(DeviceId(3)), Some(&3));
        assert_eq!(map.remove(DeviceId(3)), Some(3));
        assert_eq!(map.remove(DeviceId(3)), None);
        for id in ids {
            assert_eq!(map.get_mut(id), Some(&mut { id.0 }));
            assert_eq!(map.remove(id), Some(id.0));
        }
        assert_eq!(map.len(), 0);
        assert!(map.pages.is_empty(), "empty pages are removed");
    }
}
