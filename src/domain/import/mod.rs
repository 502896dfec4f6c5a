//! Tables of devices, of links and of cross-connects, imported as one command.

pub(super) mod counts;
pub(super) mod cross_connects;
pub(super) mod devices;
pub(super) mod links;
pub(super) mod table;
