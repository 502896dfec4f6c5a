//! The mirror in PostgreSQL, against real servers.

mod audit;
mod contract;
pub(crate) mod exact;
mod kills;
pub(crate) mod mirrored;
mod oracle;
mod races;
