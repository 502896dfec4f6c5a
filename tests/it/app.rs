//! The service and its host: limits, proxies, signals, the journal, terminals.

mod limits;
mod log;
mod log_shipping;
mod personal_data;
mod proxies;
mod signals;
mod watchdog;
