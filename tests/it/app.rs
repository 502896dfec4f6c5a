//! The service and its host: limits, proxies, signals, the journal, terminals, the Unix socket.

mod auth;
mod crashes;
mod incidents;
mod limits;
mod log;
mod log_shipping;
mod personal_data;
mod proxies;
mod reload;
mod reports;
mod signals;
mod socket_activation;
mod unix_socket;
mod watchdog;
