//! What several layers need and no crate does: calls that may never return, kept from those who serve.
//!
//! Invariant: `util` does not know UNOC.

mod observer;
mod threads;

pub use observer::{Observed, Observer};
pub use threads::{Threads, Unanswered};
