//! The statements of a dump, and what each says of v2's tables.
//!
//! Invariant: a statement that names one of the tables is read, is known to leave their rows as
//! they are, or is an error with its line.

use std::io::BufRead;

use super::dump::{Keep, Reader, twice};
use super::error::LegacyError;
use super::lexer::{Lexer, Token};
use super::sites::Owner;
use super::tables::Table;

/// A table's name and its columns, where the statement lists them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) schema: Option<String>,
    pub(super) name: String,
    pub(super) columns: Vec<String>,
}

/// First words of statements that change no row, whatever they name.
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
/// First words of statements that take rows away.
const REMOVALS: [&str; 3] = ["delete", "drop", "truncate"];
/// Words that begin a line of CREATE TABLE which is no column.
const NOT_COLUMNS: [&str; 6] = ["constraint", "primary", "unique", "foreign", "check", "exclude"];
/// Words between CREATE and TABLE.
const KINDS_OF_TABLE: [&str; 3] = ["unlogged", "foreign", "global"];
const TEMPORARY: [&str; 3] = ["temp", "temporary", "local"];
/// What may follow ADD and DROP in an ALTER TABLE that leaves columns as they are.
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
/// Words of an ALTER TABLE after which its rows are not what was read.
const MOVING: [&str; 6] = ["attach", "data", "inherit", "rename", "schema", "type"];
/// The end of the name of a sequence that gives ids.
const SEQUENCE_SUFFIX: &str = "_id_seq";

impl<R: BufRead> Reader<R> {
    /// Reads one statement, its semicolon included.
    pub(super) fn statement(&mut self) -> Result<(), LegacyError> {
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
                self.skip(Keep::Nothing).map(drop)
            }
            "abort" | "rollback" => self.rollback(line),
            word if REMOVALS.contains(&word) => self.removal(line, word),
            word if HARMLESS.contains(&word) => self.skip(Keep::Nothing).map(drop),
            word => self.unknown(line, &word.to_ascii_uppercase()),
        }
    }

    /// A statement that is not read: an error if it is about v2's tables.
    fn unknown(&mut self, line: u64, verb: &str) -> Result<(), LegacyError> {
        // The text of a DO is what it does; other texts are values.
        let keep = if verb == "DO" { Keep::WordsAndTexts } else { Keep::Words };
        let words = self.skip(keep)?;
        self.named(&words).map_or(Ok(()), |table| Err(not_understood(line, verb, table)))
    }

    fn removal(&mut self, line: u64, verb: &str) -> Result<(), LegacyError> {
        let words = self.skip(Keep::Words)?;
        let Some((place, table)) = self.named_in(&words) else { return Ok(()) };
        // A dump made with --clean drops what it is about to make.
        if !self.sites.look(&place, table).is_some_and(|found| found.has_rows) {
            return Ok(());
        }
        Err(not_understood(line, &verb.to_ascii_uppercase(), table))
    }

    fn rollback(&mut self, line: u64) -> Result<(), LegacyError> {
        self.skip(Keep::Nothing)?;
        let mut tables = self.sites.schemas.values().flat_map(|schema| &schema.found);
        if tables.any(|found| found.has_rows && found.may_be_v2()) {
            let what = "rows that were read are taken back here: make a dump with pg_dump";
            return Err(LegacyError::Line { line, what: what.to_owned() });
        }
        Ok(())
    }

    fn create(&mut self, line: u64) -> Result<(), LegacyError> {
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
            return self.skip(Keep::NothingOfBody).map(drop);
        }
        if !self.lexer.take_word("table")? {
            return self.skip(Keep::Nothing).map(drop);
        }
        let is_again = self.lexer.take_words(&["if", "not", "exists"])?;
        let Some((schema, name)) = self.lexer.name()? else {
            return self.skip(Keep::Nothing).map(drop);
        };
        match Table::parse(&name) {
            Some(table) if is_temporary => Err(not_understood(line, "CREATE TEMPORARY", table)),
            Some(table) => self.create_table(line, schema.as_deref(), table, is_again),
            None => {
                let words = self.skip(Keep::Words)?;
                let is_child = |word: &Token| word.is("inherits") || word.is("partition");
                // Its rows would be those of the table that it belongs to.
                let parent = words.iter().any(is_child).then(|| self.named(&words)).flatten();
                parent.map_or(Ok(()), |table| Err(partitioned(line, table)))
            }
        }
    }

    fn create_table(
        &mut self,
        line: u64,
        schema: Option<&str>,
        table: Table,
        is_again: bool,
    ) -> Result<(), LegacyError> {
        // A new table is made in the first schema of the path, whatever the others hold.
        let schema = schema.or(self.search_path.first().map(String::as_str)).unwrap_or("public");
        let place = self.place(schema.to_owned());
        if !self.lexer.take_sign(b'(')? {
            return Err(not_understood(line, "CREATE TABLE", table));
        }
        let columns = self.columns(table)?;
        self.skip(Keep::Nothing)?;
        let found = self.sites.found(&place, table);
        if found.columns.is_some() && !is_again {
            return Err(twice(line, table));
        }
        if found.columns.is_none() {
            found.is_there = true;
            found.owner = Owner::of(table, &columns);
            found.columns = Some(columns);
        }
        Ok(())
    }

    /// The names of the columns up to the closing parenthesis of CREATE TABLE.
    fn columns(&mut self, table: Table) -> Result<Vec<String>, LegacyError> {
        let mut columns = Vec::new();
        let (mut depth, mut is_first) = (1, true);
        while depth > 0 {
            let Some(token) = self.lexer.next()? else {
                return Err(LegacyError::Truncated(format!("CREATE TABLE {table} has no end")));
            };
            match token {
                Token::Sign(b'(') => depth += 1,
                Token::Sign(b')') => depth -= 1,
                Token::Sign(b',') if depth == 1 => {
                    is_first = true;
                    continue;
                }
                token if is_first && token.is("like") => {
                    return Err(self.lexer.fault("a CREATE TABLE with LIKE is not read here"));
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

    fn alter(&mut self, line: u64) -> Result<(), LegacyError> {
        let is_sequence = self.lexer.take_word("sequence")?;
        if !(is_sequence || self.lexer.take_word("table")?) {
            return self.skip(Keep::Nothing).map(drop);
        }
        self.lexer.take_words(&["if", "exists"])?;
        self.lexer.take_word("only")?;
        let name = self.lexer.name()?;
        let words = self.skip(Keep::Words)?;
        let Some((schema, name)) = name else { return Ok(()) };
        if is_sequence {
            let table = name.strip_suffix(SEQUENCE_SUFFIX).and_then(Table::parse);
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
        if Table::parse(&name).is_none() {
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

    fn select(&mut self, line: u64) -> Result<(), LegacyError> {
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
                words.extend(self.skip(Keep::Words)?);
                self.named(&words)
                    .map_or(Ok(()), |table| Err(not_understood(line, "SELECT", table)))
            }
        }
    }

    /// `SELECT pg_catalog.setval('public.devices_id_seq', 42, true);`
    fn set_sequence(&mut self, line: u64) -> Result<(), LegacyError> {
        let Some(Token::Text(sequence)) = self.lexer.next()? else {
            return self.unknown(line, "SELECT setval");
        };
        let named = Lexer::new(sequence.as_slice()).name()?;
        let table = named
            .as_ref()
            .and_then(|(_, name)| name.strip_suffix(SEQUENCE_SUFFIX))
            .and_then(Table::parse);
        let Some(table) = table else { return self.skip(Keep::Nothing).map(drop) };
        self.skip_cast()?;
        let next = self.next_id()?;
        let is_read = self.lexer.take_sign(b')')? && self.lexer.take_sign(b';')?;
        let Some(next) = next.filter(|_| is_read) else {
            return Err(not_understood(line, "SELECT setval", table));
        };
        let schema = named.and_then(|(schema, _)| schema);
        let place = self.place_of(schema.as_deref(), table);
        let next_ids = &mut self.sites.schema(&place).tables.next_ids;
        next_ids.set(table, next).map_err(|what| LegacyError::Line { line, what })
    }

    /// `, 42, true`
    fn next_id(&mut self) -> Result<Option<u64>, LegacyError> {
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
    fn set_config(&mut self) -> Result<(), LegacyError> {
        let name = self.lexer.next()?;
        self.lexer.take_sign(b',')?;
        let value = self.lexer.next()?;
        self.skip(Keep::Nothing)?;
        if let (Some(Token::Text(name)), Some(Token::Text(value))) = (name, value) {
            let name = String::from_utf8_lossy(&name).to_ascii_lowercase();
            let value = String::from_utf8_lossy(&value).into_owned();
            let values: Vec<String> = value.split(',').map(|it| it.trim().to_owned()).collect();
            self.setting(&name, &values)?;
        }
        Ok(())
    }

    fn set(&mut self) -> Result<(), LegacyError> {
        if !self.lexer.take_word("session")? {
            self.lexer.take_word("local")?;
        }
        let name = self.lexer.word()?.unwrap_or_default();
        let words = self.skip(Keep::WordsAndTexts)?;
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

    /// The settings that change what later statements mean.
    fn setting(&mut self, name: &str, values: &[String]) -> Result<(), LegacyError> {
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

/// The id that a sequence gives next, from its `last_value` and `is_called`.
pub(super) fn next_id(last_value: &str, is_called: bool) -> Option<u64> {
    last_value.parse::<u64>().ok().map(|last| last.saturating_add(u64::from(is_called)))
}

pub(super) fn not_understood(line: u64, verb: &str, table: Table) -> LegacyError {
    let what = format!(
        "this {verb} of {table} is not understood, so its rows would be wrong; make the dump with \
         pg_dump, or import with --from-postgres"
    );
    LegacyError::Line { line, what }
}

fn partitioned(line: u64, table: Table) -> LegacyError {
    let what = format!(
        "the rows of {table} are in other tables, which is read only from the database itself: \
         unoc import --from-postgres"
    );
    LegacyError::Line { line, what }
}
