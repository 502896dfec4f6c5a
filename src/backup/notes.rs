//! What happened to a backup since it was made, in a file beside it, so that it moves with the
//! directory.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::Timestamp;

/// How thoroughly a backup was verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Depth {
    /// Restored into a scratch store and compared.
    Quick,
    /// Also loaded into a scratch database of PostgreSQL, where one can be created.
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
    /// No database may be created there.
    NotPossible,
    /// It was due, and did not complete for a reason that is not the backup's.
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

/// One verification of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// Microseconds since 1970.
    pub at_us: i64,
    pub depth: Depth,
    pub is_ok: bool,
    /// The time until the restored site was ready to run: the recovery time.
    pub duration_ms: u64,
    /// What was found, in a sentence.
    pub message: String,
    /// The version of the PostgreSQL that it was loaded into, if it was.
    pub postgres: Option<String>,
    /// How that ended; absent where there is no PostgreSQL, where it was not asked for, and in
    /// notes that were written before this field existed.
    #[serde(default)]
    pub postgres_result: Option<PostgresResult>,
}

impl Verification {
    pub fn at(&self) -> Timestamp {
        Timestamp(self.at_us)
    }

    /// Whether everything that was asked for was checked and is good.
    pub fn is_complete(&self) -> bool {
        self.is_ok && self.postgres_result != Some(PostgresResult::Failed)
    }
}

/// The state of a copy off the host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CopyState {
    /// To be made.
    #[default]
    Pending,
    /// Made, read back and compared.
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

/// The notes of one backup.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notes {
    /// The latest verification.
    pub verification: Option<Verification>,
    /// Why the last verification could not be done; absent if it was done.
    #[serde(default)]
    pub verification_error: Option<String>,
    /// By the name of the target.
    #[serde(default)]
    pub copies: BTreeMap<String, CopyNote>,
}

impl Notes {
    /// Notes the result of a verification.
    pub(super) fn set_verification(&mut self, verification: Verification) {
        (self.verification, self.verification_error) = (Some(verification), None);
    }

    /// Whether the file failed its verification.
    pub fn is_bad(&self) -> bool {
        self.verification.as_ref().is_some_and(|verification| !verification.is_ok)
    }

    /// Whether the file was restored and compared.
    pub fn is_verified(&self) -> bool {
        self.verification.as_ref().is_some_and(|verification| verification.is_ok)
    }
}
