//! How much of something limited is in use.

/// What is in use, and how much of it there may be, in the same unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    pub used: u64,
    pub max: u64,
}

impl Usage {
    /// The same of counts in memory.
    pub fn of(used: usize, max: usize) -> Self {
        Self { used: used as u64, max: max as u64 }
    }
}
