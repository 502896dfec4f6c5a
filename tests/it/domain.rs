//! The network's rules, against a second implementation of them.

pub(crate) mod model;
mod seed;
mod undo;
