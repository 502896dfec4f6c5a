//! The statements of a dump, and what each means for v2's tables.
//!
//! Invariant: a statement that names one of the tables is read, is known not to change their rows,
//! or is an error with its line.

use std::io::BufRead;

use super::dump::{DumpReader, KeptTokens, twice};
use super::error::V2ImportError;
use super::lexer::{Lexer, Token};
use super::sites::TableOwner;
use super::tables::V2Table;

/// First words of statements that change no row.
const HARMLESS: [&str; 18] = [
    "analyze",
    "begin",
    "checkpoint",
    "cluster",
    "comment",
    "commit",
    "end",
    "grant",
    "listen",
    "lock",
    "notify",
    "reindex",
    "refresh",
    "revoke",
    "security",
    "show",
    "start",
    "vacuum",
];
/// First words of statements that remove rows.
const REMOVALS: [&str; 3] = ["delete", "drop", "truncate"];
/// First words of the parts of CREATE TABLE that are not columns.
const NOT_COLUMNS: [&str; 6] = ["constraint", "primary", "unique", "foreign", "check", "exclude"];
/// Words between CREATE and TABLE.
const KINDS_OF_TABLE: [&str; 3] = ["unlogged", "foreign", "global"];
const TEMPORARY: [&str; 3] = ["temp", "temporary", "local"];
/// Words after ADD and DROP in an ALTER TABLE that does not change columns.
const NOT_COLUMNS_ALTERED: [&str; 11] = [
    "constraint",
    "primary",
    "unique",
    "foreign",
    "check",
    "exclude",
    "default",
    "not",
    "generated",
    "identity",
    "expression",
];
/// Words of an ALTER TABLE that changes rows or the meaning of what was read.
const MOVING: [&str; 6] = ["attach", "data", "inherit", "rename", "schema", "type"];
/// How the name of a sequence of ids ends.
const SEQUENCE_SUFFIX: &str = "_id_seq";

impl<R: BufRead> DumpReader<R> {
    /// Reads one statement with its semicolon.
    pub(super) fn statement(&mut self) -> Result<(), V2ImportError> {
        let Some(first) = self.lexer.next()? else { return Ok(()) };
        let line = self.lexer.line();
        let Token::Word { text, is_quoted: false } = &first else {
            return self.unknown(line, "this");
        };
        match text.as_str() {
            "insert" => self.insert(),
            "copy" => self.copy(),
            "create" => self.create(line),
            "alter" => self.alter(line),
            "select" => self.select(line),
            "set" => self.set(),
            "reset" | "discard" => {
                self.reset();
                self.skip(KeptTokens::Nothing).map(drop)
            }
            "abort" | "rollback" => self.rollback(line),
            word if REMOVALS.contains(&word) => self.removal(line, word),
            word if HARMLESS.contains(&word) => self.skip(KeptTokens::Nothing).map(drop),
            word => self.unknown(line, &word.to_ascii_uppercase()),
        }
    }

    /// Skips a statement that is not known; an error if it names one of v2's tables.
    fn unknown(&mut self, line: u64, verb: &str) -> Result<(), V2ImportError> {
        // The string of a DO is code; other strings are values.
        let keep = if verb == "DO" { KeptTokens::WordsAndTexts } else { KeptTokens::Words };
        let words = self.skip(keep)?;
        self.named(&words).map_or(Ok(()), |table| Err(not_understood(line, verb, table)))
    }

    fn removal(&mut self, line: u64, verb: &str) -> Result<(), V2ImportError> {
        let words = self.skip(KeptTokens::Words)?;
        let Some((place, table)) = self.named_in(&words) else { return Ok(()) };
        // A dump made with --clean drops the tables before it creates them.
        if !self.sites.look(&place, table).is_some_and(|found| found.has_rows) {
            return Ok(());
        }
        Err(not_understood(line, &verb.to_ascii_uppercase(), table))
    }

    fn rollback(&mut self, line: u64) -> Result<(), V2ImportError> {
        self.skip(KeptTokens::Nothing)?;
        let mut tables = self.sites.schemas.values().flat_map(|schema| &schema.found);
        if tables.any(|found| found.has_rows && found.may_be_v2()) {
            let what = "this rolls back rows that were read: make the dump with pg_dump";
            return Err(V2ImportError::Line { line, what: what.to_owned() });
        }
        Ok(())
    }

    fn create(&mut self, line: u64) -> Result<(), V2ImportError> {
        self.lexer.take_words(&["or", "replace"])?;
        let mut is_temporary = false;
        loop {
            let Some(Token::Word { text, .. }) = self.lexer.peek()? else { break };
            is_temporary |= TEMPORARY.contains(&text.as_str());
            if !(KINDS_OF_TABLE.contains(&text.as_str()) || TEMPORARY.contains(&text.as_str())) {
                break;
            }
            self.lexer.next()?;
        }
        let is_function = self.lexer.take_word("function")? || self.lexer.take_word("procedure")?;
        if is_function {
            return self.skip(KeptTokens::NothingOfBody).map(drop);
        }
        if !self.lexer.take_word("table")? {
            return self.skip(KeptTokens::Nothing).map(drop);
        }
        let is_again = self.lexer.take_words(&["if", "not", "exists"])?;
        let Some((schema, name)) = self.lexer.name()? else {
            return self.skip(KeptTokens::Nothing).map(drop);
        };
        match V2Table::parse(&name) {
            Some(table) if is_temporary => Err(not_understood(line, "CREATE TEMPORARY", table)),
            Some(table) => self.create_table(line, schema.as_deref(), table, is_again),
            None => {
                let words = self.skip(KeptTokens::Words)?;
                let is_child = |word: &Token| word.is("inherits") || word.is("partition");
                // The rows of a child belong to its parent.
                let parent = words.iter().any(is_child).then(|| self.named(&words)).flatten();
                parent.map_or(Ok(()), |table| Err(partitioned(line, table)))
            }
        }
    }

    fn create_table(
        &mut self,
        line: u64,
        schema: Option<&str>,
        table: V2Table,
        is_again: bool,
    ) -> Result<(), V2ImportError> {
        // A new table is created in the first schema of the search path.
        let schema = schema.or(self.search_path.first().map(String::as_str)).unwrap_or("public");
        let place = self.place(schema.to_owned());
        if !self.lexer.take_sign(b'(')? {
            return Err(not_understood(line, "CREATE TABLE", table));
        }
        let columns = self.columns(table)?;
        self.skip(KeptTokens::Nothing)?;
        let found = self.sites.found(&place, table);
        if found.columns.is_some() && !is_again {
            return Err(twice(line, table));
        }
        if found.columns.is_none() {
            found.is_there = true;
            found.owner = TableOwner::of(table, &columns);
            found.columns = Some(columns);
        }
        Ok(())
    }

    /// The names of the columns, up to the closing parenthesis of CREATE TABLE.
    fn columns(&mut self, table: V2Table) -> Result<Vec<String>, V2ImportError> {
        let mut columns = Vec::new();
        let (mut depth, mut is_first) = (1, true);
        while depth > 0 {
            let Some(token) = self.lexer.next()? else {
                return Err(V2ImportError::Truncated(format!(
                    "CREATE TABLE {table} is incomplete"
                )));
            };
            match token {
                Token::Sign(b'(') => depth += 1,
                Token::Sign(b')') => depth -= 1,
                Token::Sign(b',') if depth == 1 => {
                    is_first = true;
                    continue;
                }
                token if is_first && token.is("like") => {
                    return Err(self.lexer.error("CREATE TABLE with LIKE is not supported"));
                }
                Token::Word { text, is_quoted }
                    if is_first && (is_quoted || !NOT_COLUMNS.contains(&text.as_str())) =>
                {
                    columns.push(text);
                }
                _ => {}
            }
            is_first = false;
        }
        Ok(columns)
    }

    fn alter(&mut self, line: u64) -> Result<(), V2ImportError> {
        let is_sequence = self.lexer.take_word("sequence")?;
        if !(is_sequence || self.lexer.take_word("table")?) {
            return self.skip(KeptTokens::Nothing).map(drop);
        }
        self.lexer.take_words(&["if", "exists"])?;
        self.lexer.take_word("only")?;
        let name = self.lexer.name()?;
        let words = self.skip(KeptTokens::Words)?;
        let Some((schema, name)) = name else { return Ok(()) };
        if is_sequence {
            let table = name.strip_suffix(SEQUENCE_SUFFIX).and_then(V2Table::parse);
            let is_set = words.iter().any(|word| word.is("restart"));
            return table.filter(|_| is_set).map_or(Ok(()), |table| {
                Err(not_understood(line, "ALTER SEQUENCE … RESTART", table))
            });
        }
        let is_moving = words.iter().any(|word| MOVING.iter().any(|moving| word.is(moving)));
        let is_column = |pair: &[Token]| {
            let [verb, what] = pair else { return false };
            (verb.is("add") || verb.is("drop"))
                && !NOT_COLUMNS_ALTERED.iter().any(|word| what.is(word))
        };
        let inherits = words.iter().any(|word| word.is("attach") || word.is("inherit"));
        if V2Table::parse(&name).is_none() {
            let parent = inherits.then(|| self.named(&words)).flatten();
            return parent.map_or(Ok(()), |table| Err(partitioned(line, table)));
        }
        let mut named = vec![Token::Word { text: name, is_quoted: true }];
        if let Some(schema) = schema {
            named.splice(0..0, [Token::Word { text: schema, is_quoted: true }, Token::Sign(b'.')]);
        }
        match self.named(&named) {
            Some(table) if inherits => Err(partitioned(line, table)),
            Some(table) if is_moving || words.windows(2).any(is_column) => {
                Err(not_understood(line, "ALTER TABLE", table))
            }
            _ => Ok(()),
        }
    }

    fn select(&mut self, line: u64) -> Result<(), V2ImportError> {
        let function = self.lexer.name()?;
        let function = function.as_ref().map(|(_, name)| name.as_str());
        match function {
            Some("setval") if self.lexer.take_sign(b'(')? => self.set_sequence(line),
            Some("set_config") if self.lexer.take_sign(b'(')? => self.set_config(),
            name => {
                let mut words: Vec<Token> = name
                    .map(|name| Token::Word { text: name.to_owned(), is_quoted: true })
                    .into_iter()
                    .collect();
                words.extend(self.skip(KeptTokens::Words)?);
                self.named(&words)
                    .map_or(Ok(()), |table| Err(not_understood(line, "SELECT", table)))
            }
        }
    }

    /// `SELECT pg_catalog.setval('public.devices_id_seq', 42, true);`
    fn set_sequence(&mut self, line: u64) -> Result<(), V2ImportError> {
        let Some(Token::Text(sequence)) = self.lexer.next()? else {
            return self.unknown(line, "SELECT setval");
        };
        let named = Lexer::new(sequence.as_slice()).name()?;
        let table = named
            .as_ref()
            .and_then(|(_, name)| name.strip_suffix(SEQUENCE_SUFFIX))
            .and_then(V2Table::parse);
        let Some(table) = table else { return self.skip(KeptTokens::Nothing).map(drop) };
        self.skip_cast()?;
        let next = self.next_id()?;
        let is_read = self.lexer.take_sign(b')')? && self.lexer.take_sign(b';')?;
        let Some(next) = next.filter(|_| is_read) else {
            return Err(not_understood(line, "SELECT setval", table));
        };
        let schema = named.and_then(|(schema, _)| schema);
        let place = self.place_of(schema.as_deref(), table);
        let next_ids = &mut self.sites.schema(&place).tables.next_ids;
        next_ids.set(table, next).map_err(|what| V2ImportError::Line { line, what })
    }

    /// `, 42, true`
    fn next_id(&mut self) -> Result<Option<u64>, V2ImportError> {
        if !self.lexer.take_sign(b',')? {
            return Ok(None);
        }
        let Some(Token::Number(last)) = self.lexer.next()? else { return Ok(None) };
        let mut is_called = true;
        if self.lexer.take_sign(b',')? {
            is_called = self.lexer.take_word("true")?;
            if !is_called && !self.lexer.take_word("false")? {
                return Ok(None);
            }
        }
        Ok(next_id(&last, is_called))
    }

    /// `SELECT pg_catalog.set_config('search_path', '', false);`
    fn set_config(&mut self) -> Result<(), V2ImportError> {
        let name = self.lexer.next()?;
        self.lexer.take_sign(b',')?;
        let value = self.lexer.next()?;
        self.skip(KeptTokens::Nothing)?;
        if let (Some(Token::Text(name)), Some(Token::Text(value))) = (name, value) {
            let name = String::from_utf8_lossy(&name).to_ascii_lowercase();
            let value = String::from_utf8_lossy(&value).into_owned();
            let values: Vec<String> = value.split(',').map(|it| it.trim().to_owned()).collect();
            self.setting(&name, &values)?;
        }
        Ok(())
    }

    fn set(&mut self) -> Result<(), V2ImportError> {
        if !self.lexer.take_word("session")? {
            self.lexer.take_word("local")?;
        }
        let name = self.lexer.word()?.unwrap_or_default();
        let words = self.skip(KeptTokens::WordsAndTexts)?;
        let values: Vec<String> = words
            .into_iter()
            .filter(|word| !word.is("to"))
            .filter_map(|word| match word {
                Token::Word { text, .. } => Some(text),
                Token::Text(text) => Some(String::from_utf8_lossy(&text).into_owned()),
                Token::Number(_) | Token::Bits | Token::Sign(_) => None,
            })
            .collect();
        self.setting(&name, &values)
    }

    /// Applies a setting that changes the meaning of later statements.
    fn setting(&mut self, name: &str, values: &[String]) -> Result<(), V2ImportError> {
        let first = values.first().map_or("", String::as_str);
        match name {
            "client_encoding" | "names" => self.encoding(first)?,
            "standard_conforming_strings" => {
                let word = first.to_ascii_lowercase();
                self.lexer.has_escapes = ["off", "false", "no", "0"].contains(&word.as_str());
            }
            "search_path" | "schema" => {
                let is_schema = |name: &&String| {
                    !["", "pg_catalog", "$user", "default"].contains(&name.trim_matches('"'))
                };
                let schemas = values.iter().filter(is_schema);
                self.search_path =
                    schemas.map(|schema| schema.trim_matches('"').to_owned()).collect();
                if self.search_path.is_empty() {
                    self.search_path.push("public".to_owned());
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// The next id of a sequence, from its `last_value` and `is_called`.
pub(super) fn next_id(last_value: &str, is_called: bool) -> Option<u64> {
    last_value.parse::<u64>().ok().map(|last| last.saturating_add(u64::from(is_called)))
}

pub(super) fn not_understood(line: u64, verb: &str, table: V2Table) -> V2ImportError {
    let what = format!(
        "this {verb} of {table} is not supported, so its rows might be wrong; make the dump with \
         pg_dump, or import with --from-postgres"
    );
    V2ImportError::Line { line, what }
}

fn partitioned(line: u64, table: V2Table) -> V2ImportError {
    let what = format!(
        "{table} is partitioned or has child tables, which can only be imported from the database: \
         unoc import --from-postgres"
    );
    V2ImportError::Line { line, what }
}
