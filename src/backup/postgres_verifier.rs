//! How a backup is tried out in PostgreSQL, where there is one; `app` hands in the way.

use std::io::BufRead;
use std::sync::Arc;

use uuid::Uuid;

use crate::store::Snapshot;

/// Loads the SQL text of a backup of this site into a scratch database and compares every row of it
/// with the restored store.
pub type PostgresVerifier =
    Arc<dyn Fn(Uuid, &mut dyn BufRead, &Snapshot) -> PostgresOutcome + Send + Sync>;

/// How that ended.
#[derive(Clone, Debug)]
pub enum PostgresOutcome {
    /// Every row is the same, in this version of PostgreSQL.
    Same { postgres: String },
    /// No scratch database may be created there: why. That is an operator's decision and says
    /// nothing about the backup.
    NotPossible(String),
    /// The backup could not be loaded or compared, for a reason that is not the backup's.
    Failed(String),
    /// PostgreSQL refused the text, or holds other rows: what.
    Differs(String),
}
