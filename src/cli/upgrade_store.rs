//! `unoc upgrade-store`: the process that holds the store during an upgrade. People do not call it.

use std::io;
use std::path::Path;

use super::exit::CommandError;
use crate::upgrade::serve_store_requests;

pub(super) fn run(data_dir: &Path) -> Result<(), CommandError> {
    Ok(serve_store_requests(data_dir, io::stdin().lock(), io::stdout().lock())?)
}
