//! The integration tests: one binary, a module per theme.

mod app;
mod cli;
mod contract;
mod crash_images;
mod io_errors;
mod live;
mod model;
mod open_store;
mod support;
mod tidy;
mod ui_assets;
