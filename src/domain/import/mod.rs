//! Tables of devices, of links and of cross-connects, imported as one command.

pub(super) mod connections;
pub(super) mod counts;
pub(super) mod cross_connects;
pub(super) mod device_row;
pub(super) mod devices;
pub(super) mod links;
mod lookup;
pub(super) mod table;
