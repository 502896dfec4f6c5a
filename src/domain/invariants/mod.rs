//! The invariants of a site, numbered, and the checks of them.
//!
//! - I1: a device's name is unique.
//! - I2: a parent exists and is a container, and its child is not a container.
//! - I3: an interface's device exists; its name is unique on that device.
//! - I4: both ends of a link exist, are ports that can carry a link, belong to different devices
//!   that are not containers, and carry no other link.
//! - I5: ids are unique, at least 1, and below the counters.
//! - I6: the indexes (names, types, ports, links at ports, children) agree with the entities.
//! - I7: the computed status of ports and links is what the rules say.
//! - I8: numbers are finite, lengths not negative; only an OLT has a `pon_class`.
//! - I9: cross-connects join two ports of one ODF, NVT or HOP, which name each other and the same
//!   loss, finite and not negative; only a splitter has a `split_ratio`; a serial is unique;
//!   coordinates are on Earth.

pub(super) mod error;
mod ids;
mod plant;
mod rules;
pub(super) mod site_checker;
mod world_check;
