//! Why PostgreSQL could not be reached, or refused what it was asked.

use super::explanation::{self, Explanation};
use crate::sql::RowError;
use crate::sql::schema::MigrationError;
use crate::store::StoreError;
use crate::util::{error_chain, find_cause, trust};

/// Why a step with PostgreSQL failed.
#[derive(Debug, thiserror::Error)]
pub enum PgError {
    /// The database address cannot be used: the part and what is wrong with it.
    #[error("the database address cannot be used: {0}")]
    Address(String),
    /// A certificate or a key cannot be used: the file and what is wrong with it.
    #[error("TLS to PostgreSQL cannot be set up: {0}")]
    Tls(String),
    /// None of several hosts can be used, each for its own reason.
    #[error("no host of the database address can be used: {}", describe_hosts(.0))]
    Hosts(Vec<(String, postgres::Error)>),
    /// The host cannot be reached, ended the connection, or refused a statement.
    #[error("{}", describe(.0))]
    Postgres(#[from] postgres::Error),
    /// The connection broke during a bulk transfer.
    #[error("the transfer was interrupted: {0}")]
    Transfer(#[source] std::io::Error),
    /// The tables could not be brought to this program's version.
    #[error(transparent)]
    Migration(#[from] MigrationError),
    /// A row in PostgreSQL holds what this program does not write.
    #[error("PostgreSQL holds a row that cannot be read: {0}")]
    Row(#[from] RowError),
    /// The server asks for a password and there is none. Holds why the password file was not used.
    #[error("the server asks for a password, and none is known{}", password_file_reason(.0.as_deref()))]
    NoPassword(Option<String>),
    /// The local store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A server that refuses a row during a bulk transfer reports it in the driver's own error.
impl From<std::io::Error> for PgError {
    fn from(error: std::io::Error) -> Self {
        match error.downcast::<postgres::Error>() {
            Ok(error) => Self::Postgres(error),
            Err(error) => Self::Transfer(error),
        }
    }
}

impl PgError {
    /// What an operator needs to know: what is wrong, and what to do about it.
    #[must_use]
    pub fn explanation(&self) -> Explanation {
        if let Some(answer) = self.answer() {
            let text = match self {
                Self::Hosts(_) => self.to_string(),
                _ => explanation::describe(answer),
            };
            return Explanation::of_sqlstate(answer.code().code(), answer.message(), &text);
        }
        match self {
            Self::Postgres(_) | Self::Hosts(_) if self.is_untrusted_certificate() => {
                Explanation::untrusted_certificate(self)
            }
            Self::Postgres(_) | Self::Hosts(_) | Self::Transfer(_) => {
                Explanation::unreachable(self, self.is_silent())
            }
            Self::NoPassword(_) => Explanation::no_password(self),
            other => Explanation { message: other.to_string(), remedy: None },
        }
    }

    /// Whether the server answered with an error, rather than not at all.
    #[must_use]
    pub fn is_answer(&self) -> bool {
        self.answer().is_some()
    }

    /// Whether the server refused a statement by an error of its own.
    #[must_use]
    pub fn is_statement_refused(&self) -> bool {
        matches!(self, Self::Postgres(error) if error.as_db_error().is_some())
    }

    /// Whether no host could be reached: the same may succeed later.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Postgres(_) | Self::Hosts(_)) && !self.is_answer()
    }

    /// Whether the server is starting up or recovering (`cannot_connect_now`).
    #[must_use]
    pub fn is_starting_up(&self) -> bool {
        self.sqlstate() == Some("57P03")
    }

    /// Whether a lock was not available within `lock_timeout` (`lock_not_available`).
    #[must_use]
    pub fn is_lock_timeout(&self) -> bool {
        self.sqlstate() == Some("55P03")
    }

    /// Whether a row broke an integrity constraint (SQLSTATE class 23).
    #[must_use]
    pub fn is_constraint_violation(&self) -> bool {
        self.sqlstate().is_some_and(|code| code.starts_with("23"))
    }

    /// Whether the server refused the data or the SQL text itself (SQLSTATE classes 22, 23 and 42,
    /// missing rights excepted). A full disk or a restart is neither.
    #[must_use]
    pub fn is_invalid_sql(&self) -> bool {
        const INSUFFICIENT_PRIVILEGE: &str = "42501";
        self.sqlstate().is_some_and(|code| {
            ["22", "23", "42"].iter().any(|class| code.starts_with(class))
                && code != INSUFFICIENT_PRIVILEGE
        })
    }

    /// Whether an established connection ended, rather than that the server refused something.
    #[must_use]
    pub fn is_connection_lost(&self) -> bool {
        match (self, self.sqlstate()) {
            // The server or a pooler ended the session.
            (_, Some(code)) => {
                ["57P01", "57P02", "57P05", "25P03"].contains(&code) || code.starts_with("08")
            }
            (Self::Transfer(_), None) => true,
            (Self::Postgres(error), None) => {
                error.is_closed() || find_cause::<std::io::Error>(error).is_some()
            }
            _ => false,
        }
    }

    /// Whether a connection ended without an error from the server.
    fn is_silent(&self) -> bool {
        matches!(self, Self::Postgres(error) if error.is_closed())
    }

    fn is_untrusted_certificate(&self) -> bool {
        match self {
            Self::Postgres(error) => trust::is_untrusted(error),
            Self::Hosts(errors) => errors.iter().any(|(_, error)| trust::is_untrusted(error)),
            _ => false,
        }
    }

    fn sqlstate(&self) -> Option<&str> {
        self.answer().map(|answer| answer.code().code())
    }

    /// The server's own error; of several hosts, the last one that sent any.
    fn answer(&self) -> Option<&postgres::error::DbError> {
        match self {
            Self::Postgres(error) => error.as_db_error(),
            Self::Hosts(errors) => errors.iter().rev().find_map(|(_, error)| error.as_db_error()),
            Self::Migration(error) => find_cause::<postgres::Error>(error)?.as_db_error(),
            _ => None,
        }
    }
}

fn password_file_reason(reason: Option<&str>) -> String {
    reason.map(|reason| format!("; {reason}")).unwrap_or_default()
}

fn describe_hosts(errors: &[(String, postgres::Error)]) -> String {
    let described = errors.iter().map(|(host, error)| format!("{host}: {}", describe(error)));
    described.collect::<Vec<_>>().join("; ")
}

/// The whole chain in one line: `postgres::Error` alone says only "db error".
fn describe(error: &postgres::Error) -> String {
    match error.as_db_error() {
        Some(answer) => format!("PostgreSQL says: {}", explanation::describe(answer)),
        None => error_chain(error),
    }
}
