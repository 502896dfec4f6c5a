//! The appliance among what surrounds a service: proxies, signals, the journal, terminals.

mod limits;
mod log;
mod proxies;
mod signals;
