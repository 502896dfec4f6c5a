//! What the tests share: the appliance under test, the servers around it, and the oracle.

pub(crate) mod answer;
pub(crate) mod any_command;
pub(crate) mod app;
pub(crate) mod backend;
pub(crate) mod cases;
pub(crate) mod certificates;
pub(crate) mod commands;
pub(crate) mod content;
mod documented;
pub(crate) mod http;
pub(crate) mod labels;
pub(crate) mod metrics;
pub(crate) mod notify_socket;
pub(crate) mod oidc_provider;
pub(crate) mod oracle;
pub(crate) mod pebble;
pub(crate) mod pgbouncer;
pub(crate) mod plan;
pub(crate) mod plant;
mod plant_commands;
pub(crate) mod postgres;
pub(crate) mod process;
pub(crate) mod proxy;
pub(crate) mod receiver;
pub(crate) mod s3;
pub(crate) mod shared_odf;
pub(crate) mod site;
pub(crate) mod skip;
pub(crate) mod smtp;
pub(crate) mod socket;
pub(crate) mod tls_client;
pub(crate) mod unix_http;
pub(crate) mod unprivileged;
pub(crate) mod wait;

pub(crate) use self::app::{TestApp, TestClock};
pub(crate) use self::skip::skip;
