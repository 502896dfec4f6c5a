//! The journal of the last upgrade: what it changes next, so that a later run can end it.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::{UpgradeError, cannot};
use super::fate::StoreFate;
use crate::store::ClosedStoreFacts;
use crate::util::files;

/// Readable by everybody: it holds no secret.
const JOURNAL_MODE: u32 = 0o644;

/// How far an upgrade is. A state is written before what it names begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UpgradeState {
    /// The service is stopped and its store saved. The previous program is in its place.
    Saving,
    /// The store is saved, and the programs are swapped: the one or the other is in its place.
    Swapping,
    /// The new program is in its place, and is started and watched.
    Watching,
    /// The new program works, or is in its place while the service is stopped.
    Done,
    /// The previous program and, if need be, its store are put back and started.
    Reverting,
    /// The previous program is in its place again.
    Reverted,
}

impl UpgradeState {
    /// Whether a later run has to end the upgrade.
    pub fn is_unfinished(self) -> bool {
        !matches!(self, Self::Done | Self::Reverted)
    }
}

/// The schema of a program that names none: a build from before the first release.
pub const UNKNOWN_SCHEMA: u32 = 0;

/// What a program says of itself, and its checksum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramFacts {
    pub version: String,
    /// The newest layout of the store that it opens, which is the one that it writes. If it is
    /// [`UNKNOWN_SCHEMA`], the store that it used last tells.
    pub store_schema: u32,
    pub sha256: String,
}

/// The last upgrade. A program of another version may read it: fields are only ever added, with a default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpgradeJournal {
    pub state: UpgradeState,
    /// Who typed the command that brought it into this state, as in the audit trail; empty if nobody did.
    #[serde(default)]
    pub actor: String,
    /// When the upgrade began, in RFC 3339.
    pub started_at: String,
    pub from: ProgramFacts,
    pub to: ProgramFacts,
    pub service: String,
    pub data_dir: PathBuf,
    /// Whether the service ran: one that was stopped stays stopped.
    pub was_running: bool,
    /// How long the new program has to work before the upgrade is done, in seconds.
    pub healthy_for_s: u64,
    /// The checks that were critical before.
    pub critical_before: Vec<String>,
    /// The id of the backup that was made before; `None` without one.
    pub backup: Option<String>,
    /// The store that was saved; `None` until then, and without a store.
    pub saved: Option<ClosedStoreFacts>,
    /// Whether the new program ever served requests.
    pub was_ready: bool,
    /// Why the previous program comes back.
    pub why: Option<String>,
    /// What became of the store then.
    pub store: Option<StoreFate>,
    /// The store of the newer program as it was then.
    pub left: Option<ClosedStoreFacts>,
    /// Where it is kept, if it had to be replaced; more than one after a kill.
    pub quarantined: Vec<PathBuf>,
}

impl UpgradeJournal {
    /// Reads the journal; `None` without one.
    ///
    /// # Errors
    /// [`UpgradeError::BadJournal`] and [`UpgradeError::File`].
    pub fn read(path: &Path) -> Result<Option<Self>, UpgradeError> {
        let text = match fs::read(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            text => text.map_err(cannot("read", path))?,
        };
        let bad = |error: serde_json::Error| UpgradeError::BadJournal {
            path: path.display().to_string(),
            what: error.to_string(),
        };
        serde_json::from_slice(&text).map(Some).map_err(bad)
    }

    /// Removes a journal, durably.
    ///
    /// # Errors
    /// [`UpgradeError::File`].
    pub fn remove(path: &Path) -> Result<(), UpgradeError> {
        let remove = || {
            fs::remove_file(path)?;
            files::sync_directory(path.parent().unwrap_or(Path::new("/")))
        };
        remove().map_err(cannot("remove", path))
    }

    /// Writes the journal durably.
    ///
    /// # Errors
    /// [`UpgradeError::File`]; the journal is unchanged then.
    pub fn write(&self, path: &Path) -> Result<(), UpgradeError> {
        let mut text = serde_json::to_vec_pretty(self).expect("a journal is plain data");
        text.push(b'\n');
        files::write_durably(path, &text, JOURNAL_MODE).map_err(cannot("write", path))
    }
}
