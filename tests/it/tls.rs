//! The certificate of the server and what it serves with it.

mod acme;
mod command;
mod files;
mod http2;
mod plain_port;
mod serving;
pub(crate) mod site;
