//! The mirror in PostgreSQL, against real servers.

mod contract;
pub(crate) mod exact;
mod kills;
pub(crate) mod mirrored;
mod oracle;
mod races;
