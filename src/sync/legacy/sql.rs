//! Words of SQL, as far as `pg_dump` writes it.

use std::iter::Peekable;
use std::str::Chars;

/// One token of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A keyword or name; unquoted ones in lower case, as PostgreSQL reads them.
    Word {
        text: String,
        is_quoted: bool,
    },
    /// A string constant, without quotes and escapes.
    Text(String),
    /// A number, with its sign.
    Number(String),
    Sign(char),
}

impl Token {
    /// Whether this is the keyword, which is given in lower case.
    pub(super) fn is(&self, keyword: &str) -> bool {
        matches!(self, Self::Word { text, is_quoted: false } if text == keyword)
    }
}

/// Reads tokens from a statement that is complete.
pub(super) struct Tokens<'a> {
    rest: Peekable<Chars<'a>>,
    /// A token that was looked at and not taken.
    ahead: Option<Token>,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text.chars().peekable(), ahead: None }
    }

    pub(super) fn peek(&mut self) -> Option<&Token> {
        if self.ahead.is_none() {
            self.ahead = self.read();
        }
        self.ahead.as_ref()
    }

    /// Takes the next token if it is this sign.
    pub(super) fn take_sign(&mut self, sign: char) -> bool {
        let is_it = self.peek() == Some(&Token::Sign(sign));
        if is_it {
            self.ahead = None;
        }
        is_it
    }

    /// Takes the next token if it is this keyword, which is given in lower case.
    pub(super) fn take_word(&mut self, keyword: &str) -> bool {
        let is_it = self.peek().is_some_and(|token| token.is(keyword));
        if is_it {
            self.ahead = None;
        }
        is_it
    }

    /// A name with its schema: `public.devices`, `"devices"`.
    pub(super) fn name(&mut self) -> Option<(Option<String>, String)> {
        let first = self.word()?;
        if !self.take_sign('.') {
            return Some((None, first));
        }
        Some((Some(first), self.word()?))
    }

    /// The names in parentheses that come next; `None` when there are none.
    pub(super) fn names(&mut self) -> Option<Vec<String>> {
        if !self.take_sign('(') {
            return None;
        }
        let mut names = Vec::new();
        loop {
            names.push(self.word()?);
            if !self.take_sign(',') {
                return self.take_sign(')').then_some(names);
            }
        }
    }

    pub(super) fn word(&mut self) -> Option<String> {
        match self.next()? {
            Token::Word { text, .. } => Some(text),
            Token::Text(_) | Token::Number(_) | Token::Sign(_) => None,
        }
    }

    fn read(&mut self) -> Option<Token> {
        while self.rest.next_if(|c| c.is_whitespace()).is_some() {}
        let first = self.rest.next()?;
        Some(match first {
            '\'' => Token::Text(self.text('\'', false)),
            '"' => Token::Word { text: self.text('"', false), is_quoted: true },
            'e' | 'E' if self.rest.peek() == Some(&'\'') => {
                self.rest.next();
                Token::Text(self.text('\'', true))
            }
            '0'..='9' => Token::Number(self.while_in(first, is_numeric)),
            '-' if self.rest.peek().is_some_and(|c| c.is_ascii_digit() || *c == '.') => {
                Token::Number(self.while_in(first, is_numeric))
            }
            c if c.is_alphabetic() || c == '_' => {
                let text = self.while_in(c, |c| c.is_alphanumeric() || c == '_' || c == '$');
                Token::Word { text: text.to_lowercase(), is_quoted: false }
            }
            sign => Token::Sign(sign),
        })
    }

    /// The rest of a quoted text; a doubled quote stands for one.
    fn text(&mut self, quote: char, has_escapes: bool) -> String {
        let mut text = String::new();
        while let Some(c) = self.rest.next() {
            if c == quote {
                if self.rest.next_if_eq(&quote).is_none() {
                    break;
                }
                text.push(quote);
            } else if c == '\\' && has_escapes {
                match self.rest.next() {
                    Some('n') => text.push('\n'),
                    Some('r') => text.push('\r'),
                    Some('t') => text.push('\t'),
                    Some('b') => text.push('\u{8}'),
                    Some('f') => text.push('\u{c}'),
                    Some(other) => text.push(other),
                    None => break,
                }
            } else {
                text.push(c);
            }
        }
        text
    }

    fn while_in(&mut self, first: char, belongs: impl Fn(char) -> bool) -> String {
        let mut text = String::from(first);
        while let Some(c) = self.rest.next_if(|c| belongs(*c)) {
            text.push(c);
        }
        text
    }
}

/// Of a number after its first character: `1.5`, `1e+20`.
fn is_numeric(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-')
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        self.ahead.take().or_else(|| self.read())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_fall_into_tokens() {
        let word = |text: &str| Token::Word { text: text.to_owned(), is_quoted: false };
        let text = |text: &str| Token::Text(text.to_owned());
        let number = |text: &str| Token::Number(text.to_owned());
        let check = |sql: &str, expected: &[Token]| {
            assert_eq!(Tokens::new(sql).collect::<Vec<_>>(), expected, "{sql}");
        };
        check(
            "INSERT INTO Public.x",
            &[word("insert"), word("into"), word("public"), Token::Sign('.'), word("x")],
        );
        check(
            "'it''s' '' E'a\\'b\\nc\\\\' e",
            &[text("it's"), text(""), text("a'b\nc\\"), word("e")],
        );
        check("-1.5 1e+20 7", &[number("-1.5"), number("1e+20"), number("7")]);
        check("\"De \"\"v\"", &[Token::Word { text: "De \"v".to_owned(), is_quoted: true }]);
        check("'a;\n--b'", &[text("a;\n--b")]);
        check("'open", &[text("open")]);
    }
}
