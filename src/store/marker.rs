//! The marker file beside the store: proof that a site once lived in this directory.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::access;
use super::error::StoreError;
use crate::util::{files, without_bom};

/// The marker's file name.
pub const MARKER_FILE: &str = "site.json";

/// What the marker says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    pub site_id: Uuid,
}

/// The marker of a data directory, if it has one.
pub fn read(dir: &Path) -> Result<Option<Marker>, StoreError> {
    let path = dir.join(MARKER_FILE);
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(access::failed("read", &path)(error)),
    };
    let marker = serde_json::from_slice(without_bom(&text));
    marker.map(Some).map_err(|error| StoreError::BadMarker { path, what: error.to_string() })
}

/// Writes the marker so that it survives a power cut.
pub(super) fn write(dir: &Path, marker: &Marker) -> Result<(), StoreError> {
    let path = dir.join(MARKER_FILE);
    let text = serde_json::to_string_pretty(marker).expect("a marker is plain data");
    files::write_durably(&path, text.as_bytes(), 0o666).map_err(access::failed("write", &path))
}
