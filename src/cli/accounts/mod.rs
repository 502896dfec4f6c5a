//! `unoc user`, `unoc token`, `unoc sessions`: with the running server, or on a store that no server uses.

mod access;
mod password;
mod rows;
mod sessions;
mod tokens;
mod users;

pub(super) use sessions::run as run_sessions;
pub(super) use tokens::run as run_token;
pub(super) use users::run as run_user;
