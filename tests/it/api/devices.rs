//! `/api/devices`.

pub(super) mod bulk;
mod create;
mod delete;
mod erase;
mod identity;
mod names;
mod overrides;
mod paths;
mod read;
mod update;
