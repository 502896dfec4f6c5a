//! The service and its host: limits, proxies, signals, the journal, terminals.

mod limits;
mod log;
mod proxies;
mod signals;
mod watchdog;
