//! New passwords: typed on a terminal, read from standard input, or generated.

use std::io::{self, BufRead, IsTerminal as _, Read as _, Write as _};

use anyhow::Context;
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
};

use crate::auth::generated_password;
use crate::cli::exit::CommandError;
use crate::util::Hidden;

/// Longer than any password that is accepted.
const INPUT_BYTES_MAX: u64 = 4096;
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
        let text = Hidden(read_line(&mut io::stdin().lock())?);
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
    let line = read_line(&mut io::stdin().lock());
    drop(silence);
    writeln!(terminal)?;
    let line = line?;
    if line.as_bytes().contains(&INTERRUPT) {
        return Err(CommandError::refused("cancelled; nothing was changed"));
    }
    Ok(Hidden(line))
}

fn read_line(input: &mut impl BufRead) -> Result<String, CommandError> {
    let mut line = String::new();
    input.take(INPUT_BYTES_MAX).read_line(&mut line).context("the password is not UTF-8 text")?;
    let end = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(end);
    Ok(line)
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
        let read = |text: &str| read_line(&mut text.as_bytes()).map_err(|it| it.cause).unwrap();
        assert_eq!(read("correct horse\r\nrest"), "correct horse");
        assert_eq!(read(" with spaces "), " with spaces ");
        assert_eq!(read(""), "");
        assert_eq!(read(&"a".repeat(9000)).len(), 4096);
    }
}
