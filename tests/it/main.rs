//! The integration tests: one binary, a module per theme.

mod abandoned;
mod app;
mod backup;
mod cli;
mod contract;
mod crash_images;
mod denied_store;
mod disk_full;
mod hostile;
mod io_errors;
mod jobs;
mod kill9;
mod legacy;
mod live;
mod memory;
mod model;
mod open_store;
mod service;
mod skip;
mod support;
mod sync;
mod targets;
mod tidy;
mod ui_assets;
mod watchdog;
