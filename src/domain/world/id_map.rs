//! A map by id that keeps neighbouring ids together.
//!
//! Ids are handed out one after the other, and what belongs together is mostly made together. In
//! a hash map every look-up of a large site misses the processor's caches; here a walk over the
//! network finds the next device beside the last one.

use std::marker::PhantomData;

use rustc_hash::FxHashMap;

use crate::domain::{DeviceId, InterfaceId, LinkId};

/// Values in one page: few enough that an imported site with scattered ids stays affordable.
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

/// The page of an id, and its place there.
fn place(id: impl Id) -> (u64, usize) {
    let number = id.number();
    let slots = PAGE_SLOTS as u64;
    let slot = usize::try_from(number % slots).expect("a page has few slots");
    (number / slots, slot)
}

impl<K: Id, V> IdMap<K, V> {
    pub(in crate::domain) fn get(&self, id: K) -> Option<&V> {
        let (page, slot) = place(id);
        self.pages.get(&page)?[slot].as_ref()
    }

    pub(super) fn get_mut(&mut self, id: K) -> Option<&mut V> {
        let (page, slot) = place(id);
        self.pages.get_mut(&page)?[slot].as_mut()
    }

    /// Puts a value in; returns the one that was there.
    pub(in crate::domain) fn insert(&mut self, id: K, value: V) -> Option<V> {
        let before = self.slot(id).replace(value);
        self.len += usize::from(before.is_none());
        before
    }

    /// The value of an id, put in empty if there is none.
    pub(in crate::domain) fn or_default(&mut self, id: K) -> &mut V
    where
        V: Default,
    {
        let (page, slot) = place(id);
        let slot = &mut self.pages.entry(page).or_insert_with(empty)[slot];
        self.len += usize::from(slot.is_none());
        slot.get_or_insert_default()
    }

    /// Takes a value out. The last one of a page takes the page with it.
    pub(super) fn remove(&mut self, id: K) -> Option<V> {
        let (number, slot) = place(id);
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
        let (page, slot) = place(id);
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
    fn it_is_a_map() {
        let mut slots: IdMap<DeviceId, u64> = IdMap::default();
        let ids = [1, 2, 31, 32, 33, 1 << 40, u64::MAX].map(DeviceId);
        for id in ids {
            assert_eq!(slots.insert(id, id.0), None);
            assert_eq!(slots.insert(id, id.0), Some(id.0));
        }
        assert_eq!(slots.len(), ids.len());
        assert_eq!(slots.values().count(), ids.len());
        let mut listed: Vec<DeviceId> = slots.ids().collect();
        listed.sort_unstable();
        assert_eq!(listed, ids);
        let sorted: Vec<u64> = slots.values_by_id().copied().collect();
        assert_eq!(sorted, ids.map(|id| id.0));
        assert_eq!(slots.get(DeviceId(3)), None);
        *slots.or_default(DeviceId(3)) += 3;
        assert_eq!(slots.get(DeviceId(3)), Some(&3));
        assert_eq!(slots.remove(DeviceId(3)), Some(3));
        assert_eq!(slots.remove(DeviceId(3)), None);
        for id in ids {
            assert_eq!(slots.get_mut(id), Some(&mut { id.0 }));
            assert_eq!(slots.remove(id), Some(id.0));
        }
        assert_eq!(slots.len(), 0);
        assert!(slots.pages.is_empty(), "empty pages go");
    }
}
