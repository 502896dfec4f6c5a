//! What several modules of tests share.

pub(crate) mod backend;
pub(crate) mod commands;
pub(crate) mod content;
pub(crate) mod oracle;

pub(crate) mod plan;
