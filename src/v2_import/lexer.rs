//! SQL as PostgreSQL and `psql` read it, token by token, straight from the lines of a dump.
//!
//! PostgreSQL documentation, "Lexical Structure": comments nest, strings are quoted in four ways,
//! names are folded to lower case unless they are quoted.

use std::io::BufRead;

use super::error::V2ImportError;
use super::escapes::{self, Quoting};
use super::lines::DumpLines;
use crate::sql::copy_text;

/// Longest token, for a quote that is never closed; far above any value of v2.
const TOKEN_BYTES_MAX: usize = 64 << 20;

/// One token of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A keyword or name; unquoted ones in lower case, as PostgreSQL reads them.
    Word {
        text: String,
        is_quoted: bool,
    },
    /// A string constant, without quotes and escapes.
    Text(Vec<u8>),
    /// A number, without its sign.
    Number(String),
    /// A bit string, which no column of v2 takes.
    Bits,
    Sign(u8),
}

impl Token {
    /// Whether this is the keyword, given in lower case.
    pub(super) fn is(&self, keyword: &str) -> bool {
        matches!(self, Self::Word { text, is_quoted: false } if text == keyword)
    }
}

/// A comment that begins a line: `pg_dump` announces each object with one.
pub(super) struct DumpComment {
    pub(super) line: u64,
    pub(super) text: Vec<u8>,
}

/// Reads tokens from a dump.
pub(super) struct Lexer<R> {
    lines: DumpLines<R>,
    /// The current line with its line end, and the offset of the next token in it.
    line: Vec<u8>,
    at: usize,
    /// Lines end with CR LF, as in files of Windows and of terminals.
    has_returns: bool,
    /// A token that was peeked at, and the line in which it begins.
    ahead: Option<(Token, u64)>,
    /// The line in which the last token begins.
    taken_in: u64,
    /// `standard_conforming_strings` is off: a backslash escapes in every string.
    pub(super) has_escapes: bool,
    comments: Vec<DumpComment>,
}

impl<R: BufRead> Lexer<R> {
    pub(super) fn new(input: R) -> Self {
        Self {
            lines: DumpLines::new(input),
            line: Vec::new(),
            at: 0,
            has_returns: false,
            ahead: None,
            taken_in: 0,
            has_escapes: false,
            comments: Vec::new(),
        }
    }

    /// Skips the lines above a dump.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(super) fn skip_top(&mut self) -> Result<(), V2ImportError> {
        self.lines.skip_top()
    }

    /// The line of the last token.
    pub(super) fn line(&self) -> u64 {
        self.taken_in
    }

    /// The comments since the last call.
    pub(super) fn comments(&mut self) -> Vec<DumpComment> {
        std::mem::take(&mut self.comments)
    }

    /// An error at the next token, or at the last one.
    pub(super) fn error(&self, what: impl Into<String>) -> V2ImportError {
        let line = self.ahead.as_ref().map_or(self.taken_in, |(_, line)| *line);
        V2ImportError::Line { line, what: what.into() }
    }

    /// An error in the line that was read last.
    pub(super) fn line_error(&self, what: impl Into<String>) -> V2ImportError {
        V2ImportError::Line { line: self.lines.number, what: what.into() }
    }

    pub(super) fn peek(&mut self) -> Result<Option<&Token>, V2ImportError> {
        if self.ahead.is_none() {
            self.ahead = self.read()?;
        }
        Ok(self.ahead.as_ref().map(|(token, _)| token))
    }

    pub(super) fn next(&mut self) -> Result<Option<Token>, V2ImportError> {
        let next = match self.ahead.take() {
            Some(next) => Some(next),
            None => self.read()?,
        };
        let Some((token, line)) = next else { return Ok(None) };
        self.taken_in = line;
        Ok(Some(token))
    }

    /// Takes the next token if it is this sign.
    pub(super) fn take_sign(&mut self, sign: u8) -> Result<bool, V2ImportError> {
        let is_it = self.peek()? == Some(&Token::Sign(sign));
        if is_it {
            self.next()?;
        }
        Ok(is_it)
    }

    /// Takes the next token if it is this keyword, given in lower case.
    pub(super) fn take_word(&mut self, keyword: &str) -> Result<bool, V2ImportError> {
        let is_it = self.peek()?.is_some_and(|token| token.is(keyword));
        if is_it {
            self.next()?;
        }
        Ok(is_it)
    }

    /// Takes the next tokens as long as they are these keywords; true if all were.
    pub(super) fn take_words(&mut self, keywords: &[&str]) -> Result<bool, V2ImportError> {
        for keyword in keywords {
            if !self.take_word(keyword)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Takes the next token if it is a keyword or a name.
    pub(super) fn word(&mut self) -> Result<Option<String>, V2ImportError> {
        if !matches!(self.peek()?, Some(Token::Word { .. })) {
            return Ok(None);
        }
        Ok(match self.next()? {
            Some(Token::Word { text, .. }) => Some(text),
            _ => None,
        })
    }

    /// A name with its schema: `public.devices`, `"devices"`, `unocdb.public.devices`.
    pub(super) fn name(&mut self) -> Result<Option<(Option<String>, String)>, V2ImportError> {
        let Some(mut name) = self.word()? else { return Ok(None) };
        let mut schema = None;
        while self.take_sign(b'.')? {
            let Some(next) = self.word()? else { return Ok(None) };
            schema = Some(std::mem::replace(&mut name, next));
        }
        Ok(Some((schema, name)))
    }

    /// The list of names in parentheses that follows; empty if there is none.
    pub(super) fn names(&mut self) -> Result<Vec<String>, V2ImportError> {
        let mut names = Vec::new();
        if !self.take_sign(b'(')? {
            return Ok(names);
        }
        loop {
            let Some(name) = self.word()? else {
                return Err(self.error("a list of columns contains more than names"));
            };
            names.push(name);
            if self.take_sign(b')')? {
                return Ok(names);
            }
            if !self.take_sign(b',')? {
                return Err(self.error("a list of columns cannot be read"));
            }
        }
    }

    /// The rest of the line after the last token.
    pub(super) fn rest_of_line(&mut self) -> Vec<u8> {
        let rest = self.line[self.at.min(self.line.len())..].trim_ascii().to_vec();
        self.at = self.line.len();
        rest
    }

    /// The next line of rows, without its line end; `None` at the end of the file and for a line
    /// without an end.
    pub(super) fn row(&mut self) -> Result<Option<&[u8]>, V2ImportError> {
        let is_there = self.lines.next(&mut self.line)?;
        self.at = self.line.len();
        let Some(row) = self.line.strip_suffix(b"\n").filter(|_| is_there) else {
            return Ok(None);
        };
        // A carriage return in the data is written as `\r` by COPY.
        Ok(Some(row.strip_suffix(b"\r").unwrap_or(row)))
    }

    fn read(&mut self) -> Result<Option<(Token, u64)>, V2ImportError> {
        loop {
            let Some(&byte) = self.line.get(self.at) else {
                if !self.next_line()? {
                    return Ok(None);
                }
                continue;
            };
            let rest = &self.line[self.at..];
            if byte.is_ascii_whitespace() || byte == 0x0b {
                self.at += 1;
            } else if rest.starts_with(b"--") {
                if self.at == 0 {
                    let text = rest.trim_ascii_end().to_vec();
                    self.comments.push(DumpComment { line: self.lines.number, text });
                }
                self.at = self.line.len();
            } else if rest.starts_with(b"/*") {
                self.skip_comment()?;
            } else {
                let line = self.lines.number;
                return Ok(Some((self.token(byte)?, line)));
            }
        }
    }

    /// Between tokens, the last line tells how lines end in this file.
    fn next_line(&mut self) -> Result<bool, V2ImportError> {
        if !self.line.is_empty() {
            self.has_returns = self.line.ends_with(b"\r\n");
        }
        self.at = 0;
        self.lines.next(&mut self.line)
    }

    fn skip_comment(&mut self) -> Result<(), V2ImportError> {
        let begin = self.lines.number;
        let mut depth = 0;
        loop {
            let rest = &self.line[self.at..];
            if rest.starts_with(b"/*") {
                depth += 1;
                self.at += 2;
            } else if rest.starts_with(b"*/") {
                depth -= 1;
                self.at += 2;
                if depth == 0 {
                    return Ok(());
                }
            } else if !rest.is_empty() {
                self.at += 1;
            } else if !self.next_line()? {
                let what = format!("the comment that begins in line {begin} is not closed");
                return Err(V2ImportError::Truncated(what));
            }
        }
    }

    fn token(&mut self, first: u8) -> Result<Token, V2ImportError> {
        let second = self.line.get(self.at + 1).copied();
        match (first, second) {
            (b'\'', _) => {
                let quoting = if self.has_escapes { Quoting::Escapes } else { Quoting::Plain };
                Ok(Token::Text(self.quoted(1, b'\'', quoting)?))
            }
            (b'"', _) => self.quoted_name(1, Quoting::Plain),
            (b'e' | b'E', Some(b'\'')) => {
                Ok(Token::Text(self.quoted(2, b'\'', Quoting::Escapes)?))
            }
            (b'n' | b'N', Some(b'\'')) => Ok(Token::Text(self.quoted(2, b'\'', Quoting::Plain)?)),
            (b'b' | b'B' | b'x' | b'X', Some(b'\'')) => {
                self.quoted(2, b'\'', Quoting::Plain)?;
                Ok(Token::Bits)
            }
            (b'u' | b'U', Some(b'&')) if self.line.get(self.at + 2) == Some(&b'\'') => {
                Ok(Token::Text(self.quoted(3, b'\'', Quoting::Unicode)?))
            }
            (b'u' | b'U', Some(b'&')) if self.line.get(self.at + 2) == Some(&b'"') => {
                self.quoted_name(3, Quoting::Unicode)
            }
            (b'$', _) => match self.dollar_tag() {
                Some(tag) => Ok(Token::Text(self.dollar_quoted(&tag)?)),
                None => Ok(self.sign(first)),
            },
            (b'0'..=b'9', _) | (b'.', Some(b'0'..=b'9')) => Ok(self.number()),
            _ if is_in_word(first) => {
                let word =
                    self.while_in(|byte| is_in_word(byte) || byte.is_ascii_digit() || byte == b'$');
                Ok(Token::Word { text: word.to_ascii_lowercase(), is_quoted: false })
            }
            _ => Ok(self.sign(first)),
        }
    }

    fn sign(&mut self, sign: u8) -> Token {
        self.at += 1;
        Token::Sign(sign)
    }

    fn while_in(&mut self, belongs: impl Fn(u8) -> bool) -> String {
        let rest = &self.line[self.at..];
        let end = rest.iter().position(|byte| !belongs(*byte)).unwrap_or(rest.len());
        self.at += end;
        String::from_utf8_lossy(&rest[..end]).into_owned()
    }

    /// `1.5`, `1e+20`, `0x1F`, `1_000`: up to the first other character, so that errors quote all
    /// of it.
    fn number(&mut self) -> Token {
        let mut text = String::new();
        loop {
            text +=
                &self.while_in(|byte| is_in_word(byte) || byte.is_ascii_digit() || byte == b'.');
            let is_exponent = text.ends_with(['e', 'E']) && !text.starts_with("0x");
            if !(is_exponent && matches!(self.line.get(self.at), Some(b'+' | b'-'))) {
                return Token::Number(text);
            }
            text.push(char::from(self.line[self.at]));
            self.at += 1;
        }
    }

    fn quoted_name(&mut self, prefix: usize, quoting: Quoting) -> Result<Token, V2ImportError> {
        let text = self.quoted(prefix, b'"', quoting)?;
        let text = String::from_utf8(text).map_err(|_| self.line_error(copy_text::not_utf8()))?;
        Ok(Token::Word { text, is_quoted: true })
    }

    /// A quoted string after its prefix; a doubled quote stands for one.
    fn quoted(&mut self, prefix: usize, quote: u8, how: Quoting) -> Result<Vec<u8>, V2ImportError> {
        let begin = self.lines.number;
        self.at += prefix;
        let mut raw = Vec::new();
        loop {
            let Some(&byte) = self.line.get(self.at) else {
                self.next_line_of_text(begin, &mut raw)?;
                continue;
            };
            self.at += 1;
            if byte == b'\\' && how == Quoting::Escapes {
                raw.push(byte);
                raw.extend(self.line.get(self.at));
                self.at += 1;
            } else if byte != quote {
                raw.push(byte);
            } else if self.line.get(self.at) == Some(&quote) {
                raw.push(quote);
                self.at += 1;
            } else {
                return escapes::unescaped(raw, how).map_err(|what| self.line_error(what));
            }
        }
    }

    fn dollar_quoted(&mut self, tag: &[u8]) -> Result<Vec<u8>, V2ImportError> {
        let begin = self.lines.number;
        self.at += tag.len();
        let mut raw = Vec::new();
        loop {
            let rest = self.line.get(self.at..).unwrap_or_default();
            if let Some(end) = rest.windows(tag.len()).position(|window| window == tag) {
                raw.extend_from_slice(&rest[..end]);
                self.at += end + tag.len();
                return Ok(raw);
            }
            raw.extend_from_slice(rest);
            self.next_line_of_text(begin, &mut raw)?;
        }
    }

    /// Continues a string in the next line.
    fn next_line_of_text(&mut self, begin: u64, raw: &mut Vec<u8>) -> Result<(), V2ImportError> {
        if self.has_returns && raw.ends_with(b"\r\n") {
            raw.truncate(raw.len() - 2);
            raw.push(b'\n');
        }
        if raw.len() > TOKEN_BYTES_MAX {
            let what = format!(
                "the string that begins in line {begin} is longer than {TOKEN_BYTES_MAX} bytes"
            );
            return Err(self.line_error(what));
        }
        self.at = 0;
        if !self.lines.next(&mut self.line)? {
            let what = format!("the string that begins in line {begin} is not closed");
            return Err(V2ImportError::Truncated(what));
        }
        Ok(())
    }

    /// The tag `$…$` of a dollar-quoted string.
    fn dollar_tag(&self) -> Option<Vec<u8>> {
        let rest = &self.line[self.at..];
        let length = rest[1..].iter().position(|byte| *byte == b'$')? + 2;
        let name = &rest[1..length - 1];
        let is_tag = name.iter().all(|byte| is_in_word(*byte) || byte.is_ascii_digit())
            && !name.first().is_some_and(u8::is_ascii_digit);
        is_tag.then(|| rest[..length].to_vec())
    }
}

/// Whether a byte may begin an unquoted name; bytes of other scripts are letters.
fn is_in_word(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}
