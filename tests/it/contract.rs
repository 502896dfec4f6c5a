//! The wire contract, call by call.

mod audit;
mod base_path;
mod bulk;
mod conditional;
mod create;
mod delete;
mod export;
mod framework;
mod health;
mod interfaces;
mod link_override;
mod link_rules;
mod links;
mod listing;
mod openapi;
mod optics;
mod overrides;
mod paths;
mod problems;
mod read;
mod seed;
mod shutdown;
mod simulate;
mod topology;
mod update;
mod validation;
