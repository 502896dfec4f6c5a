//! `/api/devices`.

pub(super) mod bulk;
mod create;
mod cross_connects;
mod delete;
mod erase;
mod identity;
mod names;
mod overrides;
mod paths;
mod ports;
mod provision;
mod read;
mod served_by;
mod update;
