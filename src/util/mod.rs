//! What several layers need and no crate does: calls that may never return, kept from those who serve,
//! lines that the journal can sort, whom TLS trusts, the host's time zone, and counts with their nouns.
//!
//! Invariant: `util` does not know UNOC.

mod journal;
mod observer;
mod pool;
mod threads;
pub mod trust;
mod words;
mod zone;

pub use journal::{Priority, is_journal, marked};
pub use observer::{Observed, Observer};
pub use pool::Pool;
pub use threads::{Threads, Unanswered};
pub use words::counted;
pub use zone::Zone;
