//! Walking through parts that pass from every port to every other.

/// By which ports a walk has entered such a part. The first entry leads to all other ports, the second
/// to that of the first, and any further one to nothing new: a part with thousands of fibres is crossed
/// once, not once for each fibre.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::domain) enum PartEntries<T> {
    #[default]
    None,
    First(T),
    More,
}

/// Where a walk goes on from a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::domain) enum WaysOn<T> {
    AllBut(T),
    Only(T),
    Nothing,
}

impl<T: Copy + PartialEq> PartEntries<T> {
    /// Notes an entry, and returns the ways on that it adds.
    pub(in crate::domain) fn enter(&mut self, by: T) -> WaysOn<T> {
        match *self {
            Self::None => {
                *self = Self::First(by);
                WaysOn::AllBut(by)
            }
            Self::First(first) if first != by => {
                *self = Self::More;
                WaysOn::Only(first)
            }
            Self::First(_) | Self::More => WaysOn::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_on_is_taken_once() {
        let mut entries = PartEntries::default();
        assert_eq!(entries.enter('a'), WaysOn::AllBut('a'));
        assert_eq!(entries.enter('a'), WaysOn::Nothing);
        assert_eq!(entries.enter('b'), WaysOn::Only('a'));
        for again in ['a', 'b', 'c'] {
            assert_eq!(entries.enter(again), WaysOn::Nothing);
        }
    }
}
