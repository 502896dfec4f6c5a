//! Files that commands read.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use anyhow::Context;

use super::exit::CommandError;

/// Large enough to read a dump of gigabytes in few calls.
const READ_BUFFER_BYTES: usize = 128 * 1024;

/// Opens a file; `-` is standard input.
pub(super) fn open(path: &Path) -> Result<Box<dyn BufRead>, CommandError> {
    if path == Path::new("-") {
        return Ok(Box::new(io::stdin().lock()));
    }
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    Ok(Box::new(BufReader::with_capacity(READ_BUFFER_BYTES, file)))
}

/// Refuses a directory. `pg_dump -Fd` makes one, which only `pg_restore` reads.
pub(super) fn refuse_directory(path: &Path) -> Result<(), CommandError> {
    if !path.is_dir() {
        return Ok(());
    }
    let path_text = path.display();
    Err(CommandError::refused(if path.join("toc.dat").is_file() {
        format!(
            "{path_text} is a dump in the directory format of pg_dump; convert it to SQL: \
             pg_restore -f - {path_text} | unoc import --from-dump -"
        )
    } else {
        format!("{path_text} is a directory; name the file in it")
    }))
}
