//! Standard output and standard error. If the reader of the output goes away, as `head` does, the
//! command still completes, reports no error, and exits like a program that SIGPIPE ended.

use std::fmt;
use std::io::{self, BufRead, IsTerminal as _, Write};
use std::sync::OnceLock;

use super::exit::CommandError;
use crate::util::counted;

/// The name of standard output in messages.
pub(super) const STDOUT: &str = "standard output";

/// The first error of standard output; nothing is written after it.
static FAILED: OnceLock<io::Error> = OnceLock::new();

/// Prints a line to standard output.
macro_rules! print_line {
    ($($arguments:tt)*) => {
        $crate::cli::output::print(format_args!("{}\n", format_args!($($arguments)*)))
    };
}

/// Prints a line to standard error; errors are ignored.
macro_rules! eprint_line {
    ($($arguments:tt)*) => {
        $crate::cli::output::eprint(format_args!($($arguments)*))
    };
}

/// Returns the numbers of devices, interfaces and links as text.
pub(super) fn entities<N: fmt::Display>([devices, interfaces, links]: [N; 3]) -> String {
    let interfaces = counted(interfaces, "interface");
    format!("{}, {interfaces}, {}", counted(devices, "device"), counted(links, "link"))
}

/// Prints a text to standard output and flushes it; [`finish`] returns the error, if any.
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

/// Returns the first error of standard output, if any.
pub(super) fn finish() -> Result<(), CommandError> {
    FAILED
        .get()
        .map_or(Ok(()), |error| Err(stdout_error(io::Error::new(error.kind(), error.to_string()))))
}

/// Asks a question on the terminal, and returns if the answer is yes.
///
/// # Errors
/// Another answer, or no terminal to ask on.
pub(super) fn confirm(question: &str) -> Result<(), CommandError> {
    let refused = |what: &str| Err(CommandError::refused(format!("{what}; nothing was changed")));
    if !io::stdin().is_terminal() {
        return refused("add --yes to do it without a question");
    }
    print(format_args!("{question} Type yes: "));
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    if answer.trim() == "yes" { Ok(()) } else { refused("not confirmed") }
}

/// Returns the error of writing to standard output.
pub(super) fn stdout_error(error: io::Error) -> CommandError {
    CommandError::output(error, STDOUT)
}

/// Copies `from` to `out`.
///
/// # Errors
/// The result of `unreadable` if reading fails; [`CommandError::output`] if writing fails.
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
        // Another thread has recorded an error already.
        FAILED.set(error).ok();
    }
}
