//! Generated networks: the demo site, and FTTH networks of any size for tests and benchmarks.

mod builder;
mod demo;
mod ftth;

use super::transaction::Transaction;

/// Which network to build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blueprint {
    /// A small town with a few problems to look at; about 60 leaves.
    Demo,
    /// A network with this many leaves, the same for the same number.
    Ftth { leaves: u32 },
}

impl Blueprint {
    /// One million leaves is far above any edge site and still fits in memory.
    pub const LEAVES_MAX: u32 = 1_000_000;
}

/// Builds the network into an empty world.
pub(super) fn build(transaction: &mut Transaction<'_>, blueprint: Blueprint) {
    let network = builder::NetworkBuilder::new(transaction);
    match blueprint {
        Blueprint::Demo => demo::build(network),
        Blueprint::Ftth { leaves } => ftth::build(network, leaves.min(Blueprint::LEAVES_MAX)),
    }
}
