//! What a command prints. A reader that leaves, as `head` does, is no error: the command does its
//! work to the end, says nothing, and ends with the status of a program that SIGPIPE ended.

use std::fmt;
use std::io::{self, BufRead, Write};
use std::sync::OnceLock;

use super::exit::CommandError;
use crate::util::counted;

/// What messages call it.
pub(super) const STDOUT: &str = "standard output";

/// The first failure of standard output; nothing more is written after it.
static FAILED: OnceLock<io::Error> = OnceLock::new();

/// Prints a line to standard output.
macro_rules! print_line {
    ($($arguments:tt)*) => {
        $crate::cli::output::print(format_args!("{}\n", format_args!($($arguments)*)))
    };
}

/// Tells the user something on standard error; that it cannot be told is no failure.
macro_rules! eprint_line {
    ($($arguments:tt)*) => {
        $crate::cli::output::eprint(format_args!($($arguments)*))
    };
}

/// Devices, interfaces and links in words.
pub(super) fn entities<N: fmt::Display>([devices, interfaces, links]: [N; 3]) -> String {
    let interfaces = counted(interfaces, "interface");
    format!("{}, {interfaces}, {}", counted(devices, "device"), counted(links, "link"))
}

/// Prints a text to standard output at once; [`finish`] says whether that worked.
pub(super) fn print(text: fmt::Arguments<'_>) {
    if FAILED.get().is_some() {
        return;
    }
    let mut out = io::stdout().lock();
    record(out.write_fmt(text).and_then(|()| out.flush()));
}

/// Prints what a function writes, such as a report of many lines.
pub(super) fn print_with(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) {
    if FAILED.get().is_none() {
        let mut out = io::BufWriter::new(io::stdout().lock());
        record(write(&mut out).and_then(|()| out.flush()));
    }
}

pub(super) fn eprint(text: fmt::Arguments<'_>) {
    writeln!(io::stderr(), "{text}").ok();
}

/// Whether everything that was printed has arrived.
pub(super) fn finish() -> Result<(), CommandError> {
    FAILED
        .get()
        .map_or(Ok(()), |error| Err(stdout_error(io::Error::new(error.kind(), error.to_string()))))
}

/// The failure of writing to standard output.
pub(super) fn stdout_error(error: io::Error) -> CommandError {
    CommandError::output(error, STDOUT)
}

/// Hands everything of `from` to `out`, and tells failures of the two apart.
///
/// # Errors
/// What `unreadable` makes of a failure of `from`; [`CommandError::output`] for one of `out`.
pub(super) fn copy(
    from: &mut impl BufRead,
    out: &mut impl Write,
    to: &str,
    unreadable: impl FnOnce(io::Error) -> CommandError,
) -> Result<(), CommandError> {
    loop {
        let piece = match from.fill_buf() {
            Ok(piece) => piece,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(unreadable(error)),
        };
        let length = piece.len();
        let written = if length == 0 { out.flush() } else { out.write_all(piece) };
        written.map_err(|error| CommandError::output(error, to))?;
        if length == 0 {
            return Ok(());
        }
        from.consume(length);
    }
}

fn record(printed: io::Result<()>) {
    if let Err(error) = printed {
        // Another thread's failure was first; one is enough.
        FAILED.set(error).ok();
    }
}
