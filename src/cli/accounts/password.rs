//! New passwords: typed on a terminal, read from standard input, or generated.

use std::io::{self, BufRead, IsTerminal as _, Write as _};

use anyhow::Context;
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
};

use crate::auth::generated_password;
use crate::cli::exit::CommandError;
use crate::util::Hidden;

/// Longer than any password that is accepted.
const INPUT_BYTES_MAX: usize = 4096;
/// What Ctrl-C sends.
const INTERRUPT: u8 = 3;

/// A password to set.
pub(super) struct NewPassword {
    pub(super) text: Hidden<String>,
    /// Nobody knows it unless it is printed.
    pub(super) is_generated: bool,
}

/// Reads a password from standard input, asks for it twice on the terminal, or generates one.
pub(super) fn new_password(is_on_stdin: bool) -> Result<NewPassword, CommandError> {
    if is_on_stdin {
        let text = Hidden(read_line(&mut io::stdin().lock(), b"\n")?);
        return Ok(NewPassword { text, is_generated: false });
    }
    if !io::stdin().is_terminal() {
        return Ok(NewPassword { text: generated_password(), is_generated: true });
    }
    let text = ask("New password: ")?;
    if ask("The same again: ")?.0 != text.0 {
        return Err(CommandError::refused("the two are not the same; nothing was changed"));
    }
    Ok(NewPassword { text, is_generated: false })
}

/// Asks on the terminal without showing what is typed.
fn ask(question: &str) -> Result<Hidden<String>, CommandError> {
    let mut terminal = io::stderr();
    write!(terminal, "{question}").and_then(|()| terminal.flush())?;
    let silence = Silence::begin().context("the terminal cannot hide what is typed")?;
    let line = read_line(&mut io::stdin().lock(), &[b'\n', INTERRUPT]);
    drop(silence);
    writeln!(terminal)?;
    let line = line?;
    if line.as_bytes().contains(&INTERRUPT) {
        return Err(CommandError::refused("cancelled; nothing was changed"));
    }
    Ok(Hidden(line))
}

/// Reads up to one of these bytes, without the end of the line. [`BufRead::read_line`] would wait for the end of the
/// line also after Ctrl-C.
fn read_line(input: &mut impl BufRead, ends: &[u8]) -> Result<String, CommandError> {
    let mut line = Vec::new();
    while line.len() < INPUT_BYTES_MAX {
        let buffer = match input.fill_buf() {
            Ok(buffer) => buffer,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        };
        if buffer.is_empty() {
            break;
        }
        let piece = &buffer[..buffer.len().min(INPUT_BYTES_MAX - line.len())];
        let end = piece.iter().position(|byte| ends.contains(byte));
        let length = end.map_or(piece.len(), |end| end + 1);
        line.extend_from_slice(&piece[..length]);
        input.consume(length);
        if end.is_some() {
            break;
        }
    }
    // The error of the conversion would hold the password.
    let text = String::from_utf8(line).ok();
    let text = text.ok_or_else(|| CommandError::refused("the password is not UTF-8 text"))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// While it exists, the terminal shows nothing of what is typed. Ctrl-C ends the line instead of the process,
/// which would leave the terminal like that.
struct Silence {
    before: Termios,
}

impl Silence {
    fn begin() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO | LocalModes::ISIG);
        silent.special_codes[SpecialCodeIndex::VEOL] = INTERRUPT;
        tcsetattr(io::stdin(), OptionalActions::Flush, &silent)?;
        Ok(Self { before })
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        // There is nothing left to do if the terminal is gone.
        tcsetattr(io::stdin(), OptionalActions::Now, &self.before).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_password_without_its_end() {
        let read = |text: &str| {
            read_line(&mut text.as_bytes(), &[b'\n', INTERRUPT]).map_err(|it| it.cause).unwrap()
        };
        assert_eq!(read("correct horse\r\nrest"), "correct horse");
        assert_eq!(read(" with spaces "), " with spaces ");
        assert_eq!(read(""), "");
        assert_eq!(read("correct\u{3}rest"), "correct\u{3}", "Ctrl-C ends the line");
        assert_eq!(read(&"a".repeat(9000)).len(), 4096);
    }
}
