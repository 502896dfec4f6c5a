//! Why the mirror could not do what was asked.

use crate::engine::EngineError;
use crate::store::StoreError;

use crate::sql::RowFault;
use crate::sql::schema::MigrationError;
use crate::util::{error_chain, find_cause};

use super::remedy::{Explanation, said};

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
    #[error("PostgreSQL's state changed meanwhile: {0}")]
    Changed(&'static str),
    /// The server asks for a password, and there is none: why its file was not used, if there is one.
    #[error("the server asks for a password, and none is known{}", because(.0.as_deref()))]
    NoPassword(Option<String>),
    /// What was asked could not be done now; another attempt follows.
    #[error("{0}")]
    Waiting(Explanation),
    /// The mirror's thread has ended.
    #[error("the mirror has ended")]
    Ended,
    /// A fault of this program; the log has the place.
    #[error("the mirror had an internal error; the log has the cause")]
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

    /// Whether a server said it, rather than that none was heard.
    pub(super) fn is_an_answer(&self) -> bool {
        self.answer().is_some()
    }

    /// What it means, and what an operator can do about it.
    #[must_use]
    pub fn explained(&self) -> Explanation {
        Explanation::of(self)
    }

    /// Whether a connection that was good ended, rather than that a server refused something.
    pub(super) fn is_lost(&self) -> bool {
        match (self, self.answer()) {
            (_, Some(answer)) => {
                // A session or a server ended, or a pooler gave it up.
                let code = answer.code().code();
                ["57P01", "57P02", "57P05", "25P03"].contains(&code) || code.starts_with("08")
            }
            (Self::Transfer(_), None) => true,
            (Self::Postgres(error), None) => {
                error.is_closed() || find_cause::<std::io::Error>(error).is_some()
            }
            _ => false,
        }
    }

    /// Whether a connection ended without a word.
    pub(super) fn is_silent(&self) -> bool {
        matches!(self, Self::Postgres(error) if error.is_closed())
    }

    /// The driver's errors.
    pub(super) fn connections(&self) -> impl Iterator<Item = &postgres::Error> {
        let (one, several) = match self {
            Self::Postgres(error) => (Some(error), &[][..]),
            Self::Hosts(errors) => (None, errors.as_slice()),
            _ => (None, &[][..]),
        };
        one.into_iter().chain(several.iter().map(|(_, error)| error))
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
            Self::Migration(error) => find_cause::<postgres::Error>(error)?.as_db_error(),
            _ => None,
        }
    }
}

fn because(why: Option<&str>) -> String {
    why.map(|why| format!("; {why}")).unwrap_or_default()
}

fn each(errors: &[(String, postgres::Error)]) -> String {
    let each = errors.iter().map(|(host, error)| format!("{host}: {}", explain(error)));
    each.collect::<Vec<_>>().join("; ")
}

/// The whole chain in one line: `postgres::Error` alone says only "db error".
fn explain(error: &postgres::Error) -> String {
    let answer = error.as_db_error().map(|answer| format!("PostgreSQL says: {}", said(answer)));
    answer.unwrap_or_else(|| error_chain(error))
}
