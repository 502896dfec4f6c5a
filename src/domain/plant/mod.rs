//! Where light and traffic go inside passive parts, port by port.
//!
//! - A splitter passes from each input to all outputs and back, never from output to output.
//! - An ODF, NVT or HOP passes along its cross-connects. Without any recorded, it passes from every
//!   port to every other if that is unambiguous: it has two links, or at most one of its links leads
//!   to a feeder.
//!
//! What names no cross-connect is joined by one rule, which is never silent: see [`assumed_joins`].

pub(super) mod assumed_joins;
#[cfg(test)]
mod cables;
#[cfg(test)]
mod cuts;
pub(super) mod far_end;
pub(super) mod joins;
pub(super) mod part_entries;
pub(super) mod passage;
pub(super) mod ports;
pub(super) mod splitter;
pub(super) mod stop;
#[cfg(test)]
mod tests;
