//! The marker file beside the store: it shows that this directory held a site.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::access;
use super::error::StoreError;
use crate::util::{files, without_bom};

/// The marker's file name.
pub const MARKER_FILE: &str = "site.json";

/// The content of the marker file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteMarker {
    pub site_id: Uuid,
}

/// The marker of a data directory, if it has one.
///
/// # Errors
/// [`StoreError::BadMarker`], [`StoreError::Denied`] and [`StoreError::Io`].
pub fn read(dir: &Path) -> Result<Option<SiteMarker>, StoreError> {
    let path = dir.join(MARKER_FILE);
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(access::failed("read", &path)(error)),
    };
    let marker = serde_json::from_slice(without_bom(&text));
    marker.map(Some).map_err(|error| StoreError::BadMarker { path, what: error.to_string() })
}

/// Writes the marker durably.
pub(super) fn write(dir: &Path, marker: &SiteMarker) -> Result<(), StoreError> {
    let path = dir.join(MARKER_FILE);
    let text = serde_json::to_string_pretty(marker).expect("a marker is plain data");
    files::write_durably(&path, text.as_bytes(), 0o666).map_err(access::failed("write", &path))
}
