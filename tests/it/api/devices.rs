//! `/api/devices`, by what a client does.

pub(super) mod bulk;
mod create;
mod delete;
mod names;
mod overrides;
mod paths;
mod read;
mod update;
