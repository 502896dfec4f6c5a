//! Socket.IO: v2's events on `/`, numbered batches on `/live`.
//!
//! One task listens to the engine's commits and serialises each event once. Each client has a bounded
//! buffer; one whose buffer is full misses events, is asked to read everything again as soon as there is
//! room, and does not slow the others; the more often that happens, the less often it is asked. A second task sends the log to the clients of `/live` that ask for it.

mod callers;
mod events;
mod fanout;
mod incidents;
mod joined_caller;
mod live;
mod log_followers;
mod metrics;
mod pace;
mod presence;
mod sid_owners;
mod sockets;
mod task;

pub use sockets::{RealtimeLayer, Sockets};
pub use task::run;
