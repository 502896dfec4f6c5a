//! What became of a backup since it was made: evidence, kept beside the file so that it stays
//! with it wherever the directory goes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::Timestamp;

/// How thoroughly a backup was verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Depth {
    /// Restored into a scratch store and compared.
    Quick,
    /// And loaded into a scratch database of PostgreSQL, where one can be made.
    Full,
    /// As `Full`, from a copy off the host.
    Offhost,
}

impl Depth {
    pub const ALL: [Self; 3] = [Self::Quick, Self::Full, Self::Offhost];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Quick => "quick",
            Self::Full => "full",
            Self::Offhost => "offhost",
        }
    }
}

/// How loading a backup into a scratch database of PostgreSQL ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PostgresResult {
    /// Every row was the same.
    Passed,
    /// No database may be made there.
    NotPossible,
    /// It was begun or due, and PostgreSQL kept it from its end.
    Failed,
}

impl PostgresResult {
    pub const ALL: [Self; 3] = [Self::Passed, Self::NotPossible, Self::Failed];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::NotPossible => "not_possible",
            Self::Failed => "failed",
        }
    }
}

/// One rehearsal of a restore.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// Microseconds since 1970.
    pub at_us: i64,
    pub depth: Depth,
    pub is_ok: bool,
    /// What it took to have the site ready to run: the recovery time.
    pub duration_ms: u64,
    /// What was found, in a sentence.
    pub message: String,
    /// The version of the PostgreSQL that it was loaded into, if it was.
    pub postgres: Option<String>,
    /// How that ended; absent where there is no PostgreSQL or it was not asked for, and in notes of
    /// versions before this was told apart.
    #[serde(default)]
    pub postgres_result: Option<PostgresResult>,
}

impl Verification {
    pub fn at(&self) -> Timestamp {
        Timestamp(self.at_us)
    }

    /// Whether all that was asked for was found out and was good.
    pub fn is_complete(&self) -> bool {
        self.is_ok && self.postgres_result != Some(PostgresResult::Failed)
    }
}

/// How a copy off the host is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CopyState {
    /// To be made.
    #[default]
    Pending,
    /// There, read back and compared.
    Done,
    /// The last attempt failed; another follows.
    Failed,
}

impl CopyState {
    pub const ALL: [Self; 3] = [Self::Pending, Self::Done, Self::Failed];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

/// One copy off the host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyNote {
    pub state: CopyState,
    /// The last attempt.
    pub at_us: Option<i64>,
    pub attempts: u32,
    pub next_attempt_us: Option<i64>,
    pub message: Option<String>,
}

/// Everything that is noted of one backup.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notes {
    /// The newest one.
    pub verification: Option<Verification>,
    /// Why the last verification could not be done; absent where it was.
    #[serde(default)]
    pub verification_error: Option<String>,
    /// By the name of the target.
    #[serde(default)]
    pub copies: BTreeMap<String, CopyNote>,
}

impl Notes {
    /// Notes what a verification found.
    pub(super) fn found(&mut self, verification: Verification) {
        (self.verification, self.verification_error) = (Some(verification), None);
    }

    /// Whether the file proved to be of no use.
    pub fn is_bad(&self) -> bool {
        self.verification.as_ref().is_some_and(|verification| !verification.is_ok)
    }

    /// Whether the file was restored and compared.
    pub fn is_verified(&self) -> bool {
        self.verification.as_ref().is_some_and(|verification| verification.is_ok)
    }
}
