//! What several layers need and no crate does: calls that may never return, kept from those who serve,
//! lines that the journal can sort, whom TLS trusts, the host's time zone, and counts with their nouns.
//!
//! Invariant: `util` does not know UNOC.

mod blocking;
mod blocking_pool;
mod bom;
mod journal;
mod shared_probe;
mod thread;
pub mod trust;
mod words;
mod zone;

pub use blocking::{Threads, Unanswered};
pub use blocking_pool::Pool;
pub use bom::without_bom;
pub use journal::{Priority, is_journal, marked};
pub use shared_probe::{Observed, Observer};
pub use thread::{apart, giving_way};
pub use words::counted;
pub use zone::Zone;
