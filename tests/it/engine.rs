//! The one writer: what it acknowledged is on disk, whatever ends the process or the caller.

mod abandoned;
mod incidents;
pub(crate) mod kill9;
mod model;
mod past;
