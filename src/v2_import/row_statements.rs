//! The two statements of a dump that bring rows: COPY and INSERT.

use std::io::BufRead;

use super::columns::Shape;
use super::dump::{Keep, Reader};
use super::error::LegacyError;
use super::lexer::Token;
use super::statements::{Target, not_understood};
use super::tables::Table;
use crate::sql::copy_text::{self, CopyFields};

impl<R: BufRead> Reader<R> {
    fn target(&mut self) -> Result<Option<Target>, LegacyError> {
        let Some((schema, name)) = self.lexer.name()? else { return Ok(None) };
        Ok(Some(Target { schema, name, columns: Vec::new() }))
    }

    /// `COPY public.devices (id, name) FROM stdin;` and the rows after it.
    pub(super) fn copy(&mut self) -> Result<(), LegacyError> {
        let line = self.lexer.line();
        let is_binary = self.lexer.take_word("binary")?;
        let Some(mut target) = self.target()? else {
            // `COPY (SELECT …) TO …` brings no rows.
            return self.skip(Keep::Nothing).map(drop);
        };
        target.columns = self.lexer.names()?;
        if !self.lexer.take_word("from")? {
            return self.skip(Keep::Nothing).map(drop);
        }
        let table = Table::parse(&target.name);
        let shape = match table {
            Some(table) => self.shape(&target, table, true)?,
            None => None,
        };
        let is_inline = self.lexer.take_word("stdin")? || self.lexer.take_word("pstdin")?;
        let is_plain = self.copy_options()? && !is_binary;
        let rows = table.zip(shape.as_ref());
        if let Some((table, _)) = rows.filter(|_| !(is_inline && is_plain)) {
            return Err(not_understood(line, "COPY", table));
        }
        if !is_inline {
            return Ok(());
        }
        let rest = self.lexer.rest_of_line();
        if !(rest.is_empty() || rest.starts_with(b"--")) {
            return Err(self.lexer.fault("something follows a COPY in its line, where rows begin"));
        }
        let name = match &target.schema {
            Some(schema) => format!("{schema}.{}", target.name),
            None => target.name.clone(),
        };
        let Some((table, shape)) = rows else { return self.copied_rows(&name, None) };
        let place = self.place_of(target.schema.as_deref(), table);
        self.copied_rows(&name, Some((&place, table, shape)))
    }

    /// Takes the options up to the semicolon; whether they say what is so without them.
    fn copy_options(&mut self) -> Result<bool, LegacyError> {
        self.lexer.take_word("with")?;
        if self.lexer.take_sign(b';')? {
            return Ok(true);
        }
        if !self.lexer.take_sign(b'(')? {
            self.skip(Keep::Nothing)?;
            return Ok(false);
        }
        let mut is_plain = true;
        loop {
            let option = self.lexer.word()?.unwrap_or_default();
            is_plain &= match option.as_str() {
                "format" => self.lexer.take_word("text")?,
                "freeze" => {
                    for value in ["true", "on", "false", "off"] {
                        self.lexer.take_word(value)?;
                    }
                    true
                }
                "encoding" => {
                    let value = self.lexer.next()?;
                    matches!(value, Some(Token::Text(name)) if name.eq_ignore_ascii_case(b"utf8"))
                }
                _ => false,
            };
            if !is_plain {
                self.skip(Keep::Nothing)?;
                return Ok(false);
            }
            if self.lexer.take_sign(b')')? {
                break;
            }
            is_plain &= self.lexer.take_sign(b',')?;
        }
        if self.lexer.take_sign(b';')? {
            return Ok(is_plain);
        }
        self.skip(Keep::Nothing)?;
        Ok(false)
    }

    /// `INSERT INTO public.devices (id, name) VALUES (1, 'OLT1'), (2, 'OLT2');`
    pub(super) fn insert(&mut self) -> Result<(), LegacyError> {
        let line = self.lexer.line();
        if !self.lexer.take_word("into")? {
            return self.skip(Keep::Nothing).map(drop);
        }
        let Some(mut target) = self.target()? else { return self.skip(Keep::Nothing).map(drop) };
        let Some(table) = Table::parse(&target.name) else {
            return self.skip(Keep::Nothing).map(drop);
        };
        if self.lexer.take_word("as")? {
            self.lexer.word()?;
        }
        target.columns = self.lexer.names()?;
        let Some(shape) = self.shape(&target, table, false)? else {
            return self.skip(Keep::Nothing).map(drop);
        };
        if self.lexer.take_word("overriding")? {
            self.lexer.word()?;
            self.lexer.take_word("value")?;
        }
        if !self.lexer.take_word("values")? {
            return Err(not_understood(line, "INSERT", table));
        }
        let place = self.place_of(target.schema.as_deref(), table);
        loop {
            let fields = self.row(&shape)?;
            let added = shape.add(&mut self.sites.schema(&place).tables, fields);
            added.map_err(|what| self.lexer.fault(what))?;
            if !self.lexer.take_sign(b',')? {
                break;
            }
        }
        self.lexer.take_words(&["on", "conflict", "do", "nothing"])?;
        if self.lexer.take_sign(b';')? {
            return Ok(());
        }
        if self.lexer.peek()?.is_none() {
            let what = format!("the INSERT that begins in line {line} has no end");
            return Err(LegacyError::Truncated(what));
        }
        Err(not_understood(line, "INSERT", table))
    }

    /// A row in parentheses.
    fn row(&mut self, shape: &Shape) -> Result<CopyFields, LegacyError> {
        if !self.lexer.take_sign(b'(')? {
            return Err(self.lexer.fault("a row of an INSERT begins with a parenthesis"));
        }
        let mut fields = Vec::new();
        loop {
            let value = self.value(shape.reads(fields.len()))?;
            fields.push(value);
            if self.lexer.take_sign(b')')? {
                return Ok(fields);
            }
            if !self.lexer.take_sign(b',')? {
                return Err(self
                    .lexer
                    .fault("an INSERT holds an expression, which is not a constant"));
            }
        }
    }

    /// A constant with its casts; `None` for NULL.
    fn value(&mut self, is_read: bool) -> Result<Option<String>, LegacyError> {
        let is_negative = self.lexer.take_sign(b'-')?;
        let is_signed = is_negative || self.lexer.take_sign(b'+')?;
        let value = match self.lexer.next()? {
            Some(Token::Number(text)) if text.parse::<f64>().is_ok() => {
                Some(if is_negative { format!("-{text}") } else { text })
            }
            Some(Token::Text(text)) if !is_signed => {
                let text = String::from_utf8(text);
                Some(text.map_err(|_| self.lexer.fault(copy_text::not_utf8()))?)
            }
            Some(Token::Bits) if !(is_signed || is_read) => None,
            Some(token) if !is_signed && token.is("null") => None,
            Some(token) if !is_signed && (token.is("true") || token.is("false")) => {
                Some(token.is("true").to_string())
            }
            Some(token) if !(is_signed || is_read) && token.is("default") => None,
            Some(_) => {
                return Err(self.lexer.fault("an INSERT holds a value that is not a constant"));
            }
            None => return Err(LegacyError::Truncated("an INSERT ends within a row".to_owned())),
        };
        self.skip_cast()?;
        Ok(value)
    }

    /// Passes over `::public.status`, `::double precision`, `::timestamp without time zone`. A
    /// type with a length would cut the value, and is left for the caller to stumble over.
    pub(super) fn skip_cast(&mut self) -> Result<(), LegacyError> {
        while self.lexer.take_sign(b':')? {
            if !self.lexer.take_sign(b':')? {
                return Err(self.lexer.fault("a variable of psql is not read here"));
            }
            while self.lexer.name()?.is_some() {}
        }
        Ok(())
    }
}
