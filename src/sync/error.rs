//! Why the mirror could not do what was asked.

use crate::engine::EngineError;
use crate::store::StoreError;

use crate::sql::RowFault;
use crate::sql::schema::MigrationError;

/// Why a step of the mirror failed.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The address or one of its parameters cannot be used.
    #[error("the database address cannot be used: {0}")]
    Address(String),
    /// A certificate or a key cannot be used: the file and its fault.
    #[error("TLS to PostgreSQL cannot be set up: {0}")]
    Tls(String),
    /// None of several hosts can be used, each for its own reason.
    #[error("no host of the database address can be used: {}", each(.0))]
    Hosts(Vec<(String, postgres::Error)>),
    /// PostgreSQL cannot be reached, ended the connection, or refused a statement.
    #[error("{}", explain(.0))]
    Postgres(#[from] postgres::Error),
    /// The connection broke in the middle of a bulk transfer.
    #[error("the transfer broke off: {0}")]
    Transfer(#[source] std::io::Error),
    /// The tables could not be brought to this program's version.
    #[error(transparent)]
    Migration(#[from] MigrationError),
    /// A row in PostgreSQL holds what this program does not write.
    #[error("PostgreSQL holds a row that cannot be read: {0}")]
    Row(#[from] RowFault),
    /// Nothing will change by trying again: an operator has to act.
    #[error("{0}")]
    Stopped(Obstacle),
    /// PostgreSQL is no longer as this run had left it: the connection begins anew.
    #[error("PostgreSQL's state changed underneath: {0}")]
    Changed(&'static str),
    /// What was asked needs a connection, and there is none.
    #[error("PostgreSQL is away: {0}")]
    Away(String),
    /// A fault of this program; the log has the place.
    #[error("the mirror met a fault of its own; the log names the place")]
    Panicked,
    /// PostgreSQL does not know the site: there is no other state of it.
    #[error(
        "PostgreSQL did not hold this site: there was nothing to adopt, and the local state was sent"
    )]
    NothingToAdopt,
    /// There is no mirror.
    #[error("sync is off: DATABASE_URL is not set")]
    Off,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// A server that refuses a row in the middle of a bulk transfer says so in the driver's own error.
impl From<std::io::Error> for SyncError {
    fn from(error: std::io::Error) -> Self {
        match error.downcast::<postgres::Error>() {
            Ok(error) => Self::Postgres(error),
            Err(error) => Self::Transfer(error),
        }
    }
}

impl SyncError {
    /// Whether PostgreSQL is there, but still recovers (`cannot_connect_now`).
    pub(super) fn is_starting_up(&self) -> bool {
        self.answer().is_some_and(|answer| answer.code().code() == "57P03")
    }

    /// Whether rows that this program did not write are in the way: an integrity constraint
    /// (SQLSTATE class 23) fails only then, since the local site keeps them all.
    pub(super) fn is_foreign_row(&self) -> bool {
        match self {
            Self::Postgres(error) => error.code().is_some_and(|code| code.code().starts_with("23")),
            _ => false,
        }
    }
}

/// What keeps the mirror from going on, and the way out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Obstacle {
    /// A sentence or two for people.
    pub message: String,
    /// What an operator can do, with the command.
    pub remedy: String,
    /// Whether the site can be taken over or adopted to get past it.
    pub is_conflict: bool,
}

impl From<Obstacle> for SyncError {
    fn from(obstacle: Obstacle) -> Self {
        Self::Stopped(obstacle)
    }
}

impl SyncError {
    /// What the server itself said; of several hosts, the last one that said anything.
    #[must_use]
    pub fn answer(&self) -> Option<&postgres::error::DbError> {
        match self {
            Self::Postgres(error) => error.as_db_error(),
            Self::Hosts(errors) => errors.iter().rev().find_map(|(_, error)| error.as_db_error()),
            _ => None,
        }
    }
}

fn each(errors: &[(String, postgres::Error)]) -> String {
    let each = errors.iter().map(|(host, error)| format!("{host}: {}", explain(error)));
    each.collect::<Vec<_>>().join("; ")
}

/// The whole chain in one line: `postgres::Error` alone says only "db error".
fn explain(error: &postgres::Error) -> String {
    let Some(answer) = error.as_db_error() else { return causes(error) };
    let mut text = format!("PostgreSQL says: {} ({})", answer.message(), answer.code().code());
    for more in [answer.detail(), answer.hint()].into_iter().flatten() {
        text = format!("{text}; {more}");
    }
    text
}

/// An error and its causes in one line; a cause that the line already tells is left out.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    text
}
