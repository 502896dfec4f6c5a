//! The rules of the network, as data and small pure functions.

pub mod link_rules;
pub(super) mod status;
