//! The split ratio of a splitter.

/// The number N of outputs of a 1:N or 2:N splitter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SplitRatio(u8);

impl SplitRatio {
    /// The ratios that are sold.
    pub const ALL: [Self; 7] = [Self(2), Self(4), Self(8), Self(16), Self(32), Self(64), Self(128)];

    /// The ratio with this number of outputs; `None` when none is sold.
    pub fn new(outputs: u64) -> Option<Self> {
        Self::ALL.into_iter().find(|ratio| u64::from(ratio.0) == outputs)
    }

    /// The smallest ratio that has at least as many outputs, or the greatest one.
    pub fn at_least(outputs: usize) -> Self {
        const { &Self::ALL }
            .iter()
            .copied()
            .find(|ratio| usize::from(ratio.0) >= outputs)
            .unwrap_or(Self(128))
    }

    /// The number of outputs.
    pub const fn outputs(self) -> u8 {
        self.0
    }
}
