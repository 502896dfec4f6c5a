//! The HTTP API.

mod access;
mod audit;
mod base_path;
mod conditional;
mod devices;
mod export;
mod framework;
mod health;
mod hostile;
mod interfaces;
mod jobs;
mod links;
mod listing;
mod memory;
mod openapi;
mod optics;
mod precondition;
mod problems;
mod seed;
mod shutdown;
mod simulate;
mod tables;
mod topology;
mod ui;
mod validation;
