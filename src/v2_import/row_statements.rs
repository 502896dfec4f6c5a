//! The two statements of a dump that contain rows: COPY and INSERT.

use std::io::BufRead;

use super::columns::RowLayout;
use super::dump::{DumpReader, KeptTokens, TargetTable};
use super::error::V2ImportError;
use super::lexer::Token;
use super::statements::not_understood;
use super::tables::V2Table;
use crate::sql::copy_text::{self, CopyFields};

impl<R: BufRead> DumpReader<R> {
    fn target(&mut self) -> Result<Option<TargetTable>, V2ImportError> {
        let Some((schema, name)) = self.lexer.name()? else { return Ok(None) };
        Ok(Some(TargetTable { schema, name, columns: Vec::new() }))
    }

    /// `COPY public.devices (id, name) FROM stdin;` and the rows after it.
    pub(super) fn copy(&mut self) -> Result<(), V2ImportError> {
        let line = self.lexer.line();
        let is_binary = self.lexer.take_word("binary")?;
        let Some(mut target) = self.target()? else {
            // `COPY (SELECT …) TO …` contains no rows.
            return self.skip(KeptTokens::Nothing).map(drop);
        };
        target.columns = self.lexer.names()?;
        if !self.lexer.take_word("from")? {
            return self.skip(KeptTokens::Nothing).map(drop);
        }
        let table = V2Table::parse(&target.name);
        let layout = match table {
            Some(table) => self.layout(&target, table, true)?,
            None => None,
        };
        let is_inline = self.lexer.take_word("stdin")? || self.lexer.take_word("pstdin")?;
        let is_plain = self.copy_options()? && !is_binary;
        let rows = table.zip(layout.as_ref());
        if let Some((table, _)) = rows.filter(|_| !(is_inline && is_plain)) {
            return Err(not_understood(line, "COPY", table));
        }
        if !is_inline {
            return Ok(());
        }
        let rest = self.lexer.rest_of_line();
        if !(rest.is_empty() || rest.starts_with(b"--")) {
            return Err(self.lexer.error("unexpected text after COPY … FROM stdin;"));
        }
        let name = match &target.schema {
            Some(schema) => format!("{schema}.{}", target.name),
            None => target.name.clone(),
        };
        let Some((table, layout)) = rows else { return self.copied_rows(&name, None) };
        let place = self.place_of(target.schema.as_deref(), table);
        self.copied_rows(&name, Some((&place, table, layout)))
    }

    /// Reads the options up to the semicolon; returns whether they only state the defaults.
    fn copy_options(&mut self) -> Result<bool, V2ImportError> {
        self.lexer.take_word("with")?;
        if self.lexer.take_sign(b';')? {
            return Ok(true);
        }
        if !self.lexer.take_sign(b'(')? {
            self.skip(KeptTokens::Nothing)?;
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
                self.skip(KeptTokens::Nothing)?;
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
        self.skip(KeptTokens::Nothing)?;
        Ok(false)
    }

    /// `INSERT INTO public.devices (id, name) VALUES (1, 'OLT1'), (2, 'OLT2');`
    pub(super) fn insert(&mut self) -> Result<(), V2ImportError> {
        let line = self.lexer.line();
        if !self.lexer.take_word("into")? {
            return self.skip(KeptTokens::Nothing).map(drop);
        }
        let Some(mut target) = self.target()? else {
            return self.skip(KeptTokens::Nothing).map(drop);
        };
        let Some(table) = V2Table::parse(&target.name) else {
            return self.skip(KeptTokens::Nothing).map(drop);
        };
        if self.lexer.take_word("as")? {
            self.lexer.word()?;
        }
        target.columns = self.lexer.names()?;
        let Some(layout) = self.layout(&target, table, false)? else {
            return self.skip(KeptTokens::Nothing).map(drop);
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
            let fields = self.row(&layout)?;
            let added = layout.add(&mut self.sites.schema(&place).tables, fields);
            added.map_err(|what| self.lexer.error(what))?;
            if !self.lexer.take_sign(b',')? {
                break;
            }
        }
        self.lexer.take_words(&["on", "conflict", "do", "nothing"])?;
        if self.lexer.take_sign(b';')? {
            return Ok(());
        }
        if self.lexer.peek()?.is_none() {
            let what = format!("the INSERT that begins in line {line} is incomplete");
            return Err(V2ImportError::Truncated(what));
        }
        Err(not_understood(line, "INSERT", table))
    }

    /// Reads a row in parentheses.
    fn row(&mut self, layout: &RowLayout) -> Result<CopyFields, V2ImportError> {
        if !self.lexer.take_sign(b'(')? {
            return Err(self.lexer.error("a row of an INSERT must begin with a parenthesis"));
        }
        let mut fields = Vec::new();
        loop {
            let value = self.value(layout.reads(fields.len()))?;
            fields.push(value);
            if self.lexer.take_sign(b')')? {
                return Ok(fields);
            }
            if !self.lexer.take_sign(b',')? {
                return Err(self
                    .lexer
                    .error("an INSERT contains an expression instead of a constant"));
            }
        }
    }

    /// Reads a constant with its casts; `None` for NULL.
    fn value(&mut self, is_read: bool) -> Result<Option<String>, V2ImportError> {
        let is_negative = self.lexer.take_sign(b'-')?;
        let is_signed = is_negative || self.lexer.take_sign(b'+')?;
        let value = match self.lexer.next()? {
            Some(Token::Number(text)) if text.parse::<f64>().is_ok() => {
                Some(if is_negative { format!("-{text}") } else { text })
            }
            Some(Token::Text(text)) if !is_signed => {
                let text = String::from_utf8(text);
                Some(text.map_err(|_| self.lexer.error(copy_text::not_utf8()))?)
            }
            Some(Token::Bits) if !(is_signed || is_read) => None,
            Some(token) if !is_signed && token.is("null") => None,
            Some(token) if !is_signed && (token.is("true") || token.is("false")) => {
                Some(token.is("true").to_string())
            }
            Some(token) if !(is_signed || is_read) && token.is("default") => None,
            Some(_) => {
                return Err(self.lexer.error("an INSERT contains a value that is not a constant"));
            }
            None => return Err(V2ImportError::Truncated("an INSERT ends within a row".to_owned())),
        };
        self.skip_cast()?;
        Ok(value)
    }

    /// Skips `::public.status`, `::double precision`, `::timestamp without time zone`. A type with
    /// a length would cut the value: it is not skipped, so that the caller reports an error.
    pub(super) fn skip_cast(&mut self) -> Result<(), V2ImportError> {
        while self.lexer.take_sign(b':')? {
            if !self.lexer.take_sign(b':')? {
                return Err(self.lexer.error("variables of psql are not supported"));
            }
            while self.lexer.name()?.is_some() {}
        }
        Ok(())
    }
}
