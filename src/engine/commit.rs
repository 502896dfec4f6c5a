//! What the engine publishes after each commit.

use tokio::time::Instant;

use crate::domain::{Change, CommandKind, Timestamp};

/// One durable commit.
#[derive(Clone, Debug)]
pub struct Commit {
    pub seq: u64,
    pub at: Timestamp,
    /// When it was published, by a clock that nobody sets.
    pub published: Instant,
    /// In the order in which the commands were carried out.
    pub applied: Vec<AppliedCommand>,
}

/// One command's changes.
#[derive(Clone, Debug)]
pub struct AppliedCommand {
    pub cause: CommitCause,
    pub changes: Vec<Change>,
}

/// What changed the entities, as far as listeners distinguish it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitCause {
    Provision,
    /// The whole site was replaced.
    Reset,
    Other,
}

impl CommitCause {
    pub(super) fn of(kind: CommandKind) -> Self {
        match kind {
            CommandKind::ProvisionDevice | CommandKind::ProvisionDevices => Self::Provision,
            kind if kind.replaces_site() => Self::Reset,
            _ => Self::Other,
        }
    }
}
