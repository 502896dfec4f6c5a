//! The note that v2's tables were imported, which lets [`super::archive`] move them away.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::LegacyError;
use super::report::RowCounts;
use super::tables::Tables;
use crate::util::files;

/// The note's name in the data directory.
pub const STAMP_FILE: &str = "v2-import.json";

/// What was imported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// [`Tables::fingerprint`].
    pub fingerprint: String,
    pub rows: RowCounts,
}

impl Stamp {
    pub fn of(tables: &Tables) -> Self {
        Self { fingerprint: tables.fingerprint(), rows: tables.counts() }
    }

    /// The note in a data directory, if there is one.
    ///
    /// # Errors
    /// [`LegacyError::Stamp`] when it cannot be read.
    pub fn read(data_dir: &Path) -> Result<Option<Self>, LegacyError> {
        let path = data_dir.join(STAMP_FILE);
        let fault = |what: String| LegacyError::Stamp { path: path.display().to_string(), what };
        match fs::read_to_string(&path) {
            Ok(text) => {
                serde_json::from_str(&text).map(Some).map_err(|error| fault(error.to_string()))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(fault(error.to_string())),
        }
    }

    /// Writes the note so that it survives a power cut.
    ///
    /// # Errors
    /// When the directory does not take it.
    pub fn write(&self, data_dir: &Path) -> Result<(), LegacyError> {
        let text = serde_json::to_string_pretty(self).expect("a note is plain data");
        Ok(files::write_durably(&data_dir.join(STAMP_FILE), text.as_bytes(), 0o666)?)
    }
}
