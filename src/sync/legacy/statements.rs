//! A dump, line by line: where a statement ends, and where rows begin.

use std::io::{BufRead, Read};

use super::error::LegacyError;

/// Longest line: far above any row of v2, whose texts have some hundred characters, and room for
/// the longest line of anything else in the database.
const LINE_BYTES_MAX: u64 = 64 << 20;
/// Longest statement that is kept: `--rows-per-insert` puts many rows into one.
const STATEMENT_BYTES_MAX: usize = 256 << 20;

/// The lines of a dump.
pub(super) struct Lines<R> {
    input: R,
    bytes: Vec<u8>,
    /// Number of the line that was read last, from 1.
    pub(super) number: u64,
    /// The line that was read last had no end: the file was cut off there.
    pub(super) is_cut: bool,
    /// The first line ended as files of Windows do, and so will the others.
    has_returns: bool,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, bytes: Vec::new(), number: 0, is_cut: false, has_returns: false }
    }

    /// The next line without its end; `None` after the last one.
    pub(super) fn next(&mut self) -> Result<Option<&[u8]>, LegacyError> {
        self.bytes.clear();
        self.number += 1;
        let length = self.input.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut self.bytes)?;
        if length == 0 {
            return Ok(None);
        }
        self.is_cut = self.bytes.last() != Some(&b'\n');
        if !self.is_cut {
            self.bytes.pop();
        } else if length as u64 == LINE_BYTES_MAX {
            return Err(self.fault(format!("longer than {LINE_BYTES_MAX} bytes")));
        }
        let ends_with_return = self.bytes.last() == Some(&b'\r');
        self.has_returns |= self.number == 1 && ends_with_return;
        if self.has_returns && ends_with_return {
            self.bytes.pop();
        }
        Ok(Some(&self.bytes))
    }

    pub(super) fn fault(&self, what: impl Into<String>) -> LegacyError {
        LegacyError::Line { line: self.number, what: what.into() }
    }
}

/// Inside of what a line ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Inside {
    #[default]
    Statement,
    Text {
        has_escapes: bool,
    },
    QuotedName,
    /// A dollar-quoted text (the body of a function) and its tag.
    Dollar(String),
    Comment,
}

/// A statement while its lines come in. Only those that are of interest are kept.
#[derive(Debug, Default)]
pub(super) struct Statement {
    inside: Inside,
    text: Vec<u8>,
    is_begun: bool,
    is_kept: bool,
}

/// The statements that say something about v2's tables.
const KEPT: [&[u8]; 5] =
    [b"INSERT INTO ", b"CREATE TABLE ", b"SELECT PG_CATALOG.SETVAL", b"SELECT SETVAL", b"SET "];

impl Statement {
    /// Whether nothing of a statement was seen yet.
    pub(super) fn is_empty(&self) -> bool {
        !self.is_begun
    }

    /// Takes a line; true when it ends the statement.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub(super) fn push(&mut self, line: &[u8]) -> Result<bool, String> {
        if !self.is_begun {
            if line.trim_ascii().is_empty() {
                return Ok(false);
            }
            self.is_begun = true;
            let starts = |with: &&[u8]| {
                line.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with))
            };
            self.is_kept = KEPT.iter().any(starts);
        }
        if self.is_kept {
            if self.text.len() + line.len() > STATEMENT_BYTES_MAX {
                return Err(format!("a statement is longer than {STATEMENT_BYTES_MAX} bytes"));
            }
            self.text.extend_from_slice(line);
            self.text.push(b'\n');
        }
        Ok(self.scan(line))
    }

    /// The statement that has ended, if it is of interest; the next one begins.
    pub(super) fn take(&mut self) -> Option<Vec<u8>> {
        let done = std::mem::take(self);
        done.is_kept.then_some(done.text)
    }

    /// Follows quotes and comments; true when the line ends with the statement's semicolon.
    fn scan(&mut self, line: &[u8]) -> bool {
        let mut has_ended = false;
        let mut at = 0;
        while at < line.len() {
            let rest = &line[at..];
            let byte = rest[0];
            let mut step = 1;
            match &self.inside {
                Inside::Statement => match byte {
                    b'\'' => self.inside = Inside::Text { has_escapes: is_escaping(&line[..at]) },
                    b'"' => self.inside = Inside::QuotedName,
                    b'-' if rest.starts_with(b"--") => return has_ended,
                    b'/' if rest.starts_with(b"/*") => self.inside = Inside::Comment,
                    b'$' => {
                        if let Some(tag) = dollar_tag(&line[..at], rest) {
                            step = tag.len();
                            self.inside = Inside::Dollar(tag);
                        }
                    }
                    _ => {}
                },
                Inside::Text { has_escapes } => match byte {
                    b'\\' if *has_escapes => step = 2,
                    b'\'' => self.inside = Inside::Statement,
                    _ => {}
                },
                Inside::QuotedName if byte == b'"' => self.inside = Inside::Statement,
                Inside::Dollar(tag) if rest.starts_with(tag.as_bytes()) => {
                    step = tag.len();
                    self.inside = Inside::Statement;
                }
                Inside::Comment if rest.starts_with(b"*/") => {
                    step = 2;
                    self.inside = Inside::Statement;
                }
                Inside::QuotedName | Inside::Dollar(_) | Inside::Comment => {}
            }
            has_ended = match (byte, &self.inside) {
                (b';', Inside::Statement) => true,
                (b' ' | b'\t', Inside::Statement) => has_ended,
                _ => false,
            };
            at += step;
        }
        has_ended
    }
}

/// Whether a quote after this text begins a constant with escapes: `E'…'`.
fn is_escaping(before: &[u8]) -> bool {
    let [rest @ .., b'e' | b'E'] = before else { return false };
    !rest.last().is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

/// The tag `$…$` that a dollar begins, unless it belongs to a name.
fn dollar_tag(before: &[u8], rest: &[u8]) -> Option<String> {
    if before.last().is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_') {
        return None;
    }
    let length = rest[1..].iter().position(|byte| *byte == b'$')? + 2;
    let tag = std::str::from_utf8(&rest[..length]).ok()?;
    let is_tag = tag.trim_matches('$').chars().all(|c| c.is_alphanumeric() || c == '_');
    is_tag.then(|| tag.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_ends_at_its_own_semicolon() {
        let check = |text: &str, expected: usize| {
            let mut statement = Statement::default();
            let mut ended = 0;
            for line in text.lines() {
                if statement.push(line.as_bytes()).expect("short") {
                    ended += 1;
                    statement.take();
                }
            }
            assert_eq!((ended, statement.is_empty()), (expected, true), "{text}");
        };
        check("SELECT 1;\nSELECT 2;  ", 2);
        check("INSERT INTO x VALUES ('a;', 'b''\n;');", 1);
        check("INSERT INTO x VALUES (E'a\\';\n');", 1);
        check("INSERT INTO x VALUES ('a\\');", 1);
        check("CREATE FUNCTION f() AS $_$\nBEGIN; END;\n$_$;\nSELECT 1;", 2);
        check("CREATE TABLE \"a;\nb\" (x int);", 1);
        check("/* a;\n b; */ SELECT 1; -- done; '", 1);
        check("SELECT a$1 + $1;", 1);
        check("ALTER TABLE ONLY public.devices\n    ADD CONSTRAINT x PRIMARY KEY (id);", 1);
    }
}
