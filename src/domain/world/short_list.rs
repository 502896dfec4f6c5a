//! Lists of a few items, of which a site has two for each device.

/// A list up to this length is given no spare room: `Vec` would give a leaf with one neighbour room for
/// four, which is a twentieth of the memory of a site.
const EXACT_LENGTH_MAX: usize = 4;

/// Inserts an item as `Vec::insert` does, without spare room in a short list.
pub(super) fn insert<T>(items: &mut Vec<T>, index: usize, item: T) {
    if items.len() == items.capacity() && items.len() < EXACT_LENGTH_MAX {
        items.reserve_exact(1);
    }
    items.insert(index, item);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_list_has_no_spare_room() {
        let mut items = Vec::new();
        for length in 1..=EXACT_LENGTH_MAX {
            insert(&mut items, 0, length);
            assert_eq!((items.len(), items.capacity()), (length, length));
        }
        insert(&mut items, 1, 9);
        assert_eq!(items, [4, 9, 3, 2, 1]);
    }
}
