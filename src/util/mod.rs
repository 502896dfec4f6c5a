//! What several layers need and no crate does: calls that may hang, files that survive a power cut,
//! error chains, what is measured, and small things of text and time.
//!
//! Invariant: `util` does not know UNOC.

mod blocking;
mod blocking_pool;
mod bom;
mod duration;
mod errors;
pub mod files;
mod hex;
mod hidden;
mod host_users;
mod journal;
pub mod metrics;
mod near_host;
mod private_file;
mod shared_probe;
mod thread;
pub mod trust;
mod usage;
mod words;
mod zone;

pub use blocking::{BlockingError, BlockingLimit, run_blocking};
pub use blocking_pool::BlockingPool;
pub use bom::without_bom;
pub use duration::{jitter, milliseconds};
pub use errors::{error_chain, find_cause};
pub use hex::hex;
pub use hidden::Hidden;
pub use host_users::host_user_name;
pub use journal::{Priority, is_journal, with_priority};
pub use near_host::is_near_host;
pub use private_file::exposure;
pub use shared_probe::{Observation, SharedProbe};
pub use thread::{run_at_low_priority, run_on_thread};
pub use usage::Usage;
pub use words::{counted, format_bytes, format_span};
pub use zone::Zone;
