//! Files that commands read.

use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind};
use std::path::Path;

use anyhow::Context;

use super::exit::CommandError;
use crate::util::host_user_name;

/// Large enough to read a dump of gigabytes in few calls.
const READ_BUFFER_BYTES: usize = 128 * 1024;

/// Opens a file; `-` is standard input.
pub(super) fn open(path: &Path) -> Result<Box<dyn BufRead>, CommandError> {
    if path == Path::new("-") {
        return Ok(Box::new(io::stdin().lock()));
    }
    Ok(Box::new(BufReader::with_capacity(READ_BUFFER_BYTES, open_file(path)?)))
}

/// Opens a file.
///
/// # Errors
/// Those of the file system. Without the right to read it, the message says how to give it.
pub(super) fn open_file(path: &Path) -> Result<File, CommandError> {
    let shown = path.display();
    match File::open(path) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            let uid = rustix::process::geteuid().as_raw();
            let user = host_user_name(uid).unwrap_or_else(|| uid.to_string());
            Err(CommandError::refused(format!(
                "cannot open {shown}: the user {user}, as whom this command runs, may not read it. Copy it for \
                 that user, for instance: sudo install -o {user} -m 400 {shown} /tmp/"
            )))
        }
        opened => Ok(opened.with_context(|| format!("cannot open {shown}"))?),
    }
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
