//! Tables of devices and of links, imported as one command.

pub(super) mod counts;
pub(super) mod devices;
pub(super) mod links;
pub(super) mod table;
