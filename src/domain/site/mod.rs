//! A whole site as plain data, as exported and imported, and the commands that concern it.

pub(super) mod assume_joins;
pub(super) mod refresh;
pub(super) mod replace;
pub(super) mod reseed;

use crate::domain::{Device, IdCounters, Interface, Link};

/// Everything of a site, in no particular order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Site {
    pub counters: IdCounters,
    pub devices: Vec<Device>,
    pub interfaces: Vec<Interface>,
    pub links: Vec<Link>,
}
