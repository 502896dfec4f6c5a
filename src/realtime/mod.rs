//! Socket.IO: v2's events on `/`, numbered batches on `/live`.
//!
//! One task listens to the engine's commits and serialises each event once. A client that does
//! not read has a bounded buffer; when that is full it misses events, is told to read everything
//! again as soon as it has room, and slows nobody else.

mod events;
mod fanout;
mod live;
mod sockets;
mod task;

pub use sockets::{RealtimeLayer, Sockets};
pub use task::run;
