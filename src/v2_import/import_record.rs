//! The record that v2's tables were imported. The archive requires it.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::V2ImportError;
use super::tables::{RowCounts, V2Tables};
use crate::util::files;

/// The file name of the record in the data directory.
pub const IMPORT_RECORD_FILE: &str = "v2-import.json";

/// What was imported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportRecord {
    /// [`V2Tables::fingerprint`].
    pub fingerprint: String,
    pub rows: RowCounts,
}

impl ImportRecord {
    pub fn of(tables: &V2Tables) -> Self {
        Self { fingerprint: tables.fingerprint(), rows: tables.counts() }
    }

    /// Reads the record in a data directory, if there is one.
    ///
    /// # Errors
    /// [`V2ImportError::ImportRecord`] when it cannot be read.
    pub fn read(data_dir: &Path) -> Result<Option<Self>, V2ImportError> {
        let path = data_dir.join(IMPORT_RECORD_FILE);
        let invalid =
            |what: String| V2ImportError::ImportRecord { path: path.display().to_string(), what };
        match fs::read_to_string(&path) {
            Ok(text) => {
                serde_json::from_str(&text).map(Some).map_err(|error| invalid(error.to_string()))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(invalid(error.to_string())),
        }
    }

    /// Writes the record so that it survives a power cut.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, data_dir: &Path) -> Result<(), V2ImportError> {
        let text = serde_json::to_string_pretty(self).expect("a note is plain data");
        Ok(files::write_durably(&data_dir.join(IMPORT_RECORD_FILE), text.as_bytes(), 0o666)?)
    }
}
