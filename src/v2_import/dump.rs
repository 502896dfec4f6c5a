//! v2's tables out of a plain `pg_dump`, read once from front to back.

use std::io::BufRead;

use super::columns::Shape;
use super::completeness::Whole;
use super::error::LegacyError;
use super::file_kind::{fault_of, recognise};
use super::lexer::{Comment, Lexer, Token};
use super::sites::{Choice, Owner, Place, Sites};
use super::statements::Target;
use super::tables::{Table, Tables};
use crate::sql::copy_text;

/// Stands above a table's rows, also where there are none.
const DATA_COMMENT: &[u8] = b"-- Data for Name: ";
/// The schema of names without one, unless the dump sets another: that of v2.
const DEFAULT_SCHEMA: &str = "public";
/// Most words of a statement that is looked through: far above any of `pg_dump` that brings no rows.
const WORDS_MAX: usize = 1 << 20;
/// Commands of psql that do nothing to rows.
const HARMLESS_COMMANDS: [&str; 12] = [
    "restrict",
    "unrestrict",
    "echo",
    "qecho",
    "warn",
    "set",
    "unset",
    "pset",
    "timing",
    "x",
    "a",
    "t",
];

/// Reads the tables of v2 out of a dump: COPY blocks or INSERT statements.
///
/// # Errors
/// [`LegacyError`] with the line, or with the command that makes a dump that can be read. Every
/// statement about the tables is either read or an error.
pub fn read_dump(input: impl BufRead, choice: &Choice) -> Result<Tables, LegacyError> {
    let (kind, input) = recognise(input)?;
    if let Some(fault) = fault_of(kind) {
        return Err(fault.into());
    }
    let mut reader = Reader {
        lexer: Lexer::new(input),
        sites: Sites::default(),
        whole: Whole::default(),
        database: None,
        search_path: vec![DEFAULT_SCHEMA.to_owned()],
    };
    reader.lexer.skip_top()?;
    reader.read_all()?;
    if !reader.whole.has_begin() && reader.sites.schemas.is_empty() {
        return Err(LegacyError::NotADump);
    }
    reader.whole.check()?;
    reader.sites.take(choice)
}

/// What is kept of a statement that is passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    Nothing,
    /// It may have a body in which semicolons stand: `BEGIN ATOMIC … END`.
    NothingOfBody,
    /// Words and the dots between them.
    Words,
    WordsAndTexts,
}

/// A dump that is being read, as far as it was.
pub(super) struct Reader<R> {
    pub(super) lexer: Lexer<R>,
    pub(super) sites: Sites,
    whole: Whole,
    /// The database that the last `\connect` names.
    database: Option<String>,
    /// Where names without a schema are looked for.
    pub(super) search_path: Vec<String>,
}

impl<R: BufRead> Reader<R> {
    fn read_all(&mut self) -> Result<(), LegacyError> {
        loop {
            let is_end = self.lexer.peek()?.is_none();
            for comment in self.lexer.comments() {
                self.comment(&comment)?;
            }
            if is_end {
                return Ok(());
            }
            if self.lexer.take_sign(b'\\')? {
                self.command()?;
            } else if !self.lexer.take_sign(b';')? {
                self.statement()?;
            }
        }
    }

    fn comment(&mut self, comment: &Comment) -> Result<(), LegacyError> {
        self.whole.comment(comment.line, &comment.text)?;
        let named = comment.text.strip_prefix(DATA_COMMENT).and_then(data_comment);
        let Some((schema, table)) = named else { return Ok(()) };
        let place = self.place(schema);
        let found = self.sites.found(&place, table);
        found.is_there = true;
        if std::mem::replace(&mut found.has_comment, true) {
            return Err(twice(comment.line, table));
        }
        Ok(())
    }

    /// What psql does by itself.
    fn command(&mut self) -> Result<(), LegacyError> {
        let line = String::from_utf8_lossy(&self.lexer.rest_of_line()).into_owned();
        let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((&line, ""));
        match name {
            "connect" | "c" => {
                self.database = Some(database_of(rest));
                self.reset();
                Ok(())
            }
            "encoding" => self.encoding(rest.trim().trim_matches('\'')),
            "." => Err(self.lexer.fault("rows end here that have no beginning")),
            name if HARMLESS_COMMANDS.contains(&name) => Ok(()),
            _ => Err(self
                .lexer
                .fault(format!("\\{name} is a command of psql that is not read here"))),
        }
    }

    /// What a session begins with.
    pub(super) fn reset(&mut self) {
        self.search_path = vec![DEFAULT_SCHEMA.to_owned()];
        self.lexer.has_escapes = false;
    }

    /// # Errors
    /// When the texts that follow are not UTF-8.
    pub(super) fn encoding(&self, name: &str) -> Result<(), LegacyError> {
        let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        let is_read = ["UTF8", "UNICODE", "SQLASCII"].contains(&name.to_ascii_uppercase().as_str());
        if is_read { Ok(()) } else { Err(self.lexer.fault(copy_text::not_utf8())) }
    }

    pub(super) fn place(&self, schema: String) -> Place {
        Place { database: self.database.clone(), schema }
    }

    /// Where a table is. Without a schema it is in the first one of the search path that has it.
    pub(super) fn place_of(&self, schema: Option<&str>, table: Table) -> Place {
        if let Some(schema) = schema {
            return self.place(schema.to_owned());
        }
        let has = |place: &Place| self.sites.look(place, table).is_some_and(|found| found.is_there);
        let mut places = self.search_path.iter().map(|schema| self.place(schema.clone()));
        let first = || {
            let schema = self.search_path.first().map_or(DEFAULT_SCHEMA, String::as_str);
            self.place(schema.to_owned())
        };
        places.find(has).unwrap_or_else(first)
    }

    /// How rows look that come for a table; `None` when it is not v2's. The rows of a COPY have an end
    /// of their own; those of INSERTs may follow on others that were cut off.
    pub(super) fn shape(
        &mut self,
        target: &Target,
        table: Table,
        is_copy: bool,
    ) -> Result<Option<Shape>, LegacyError> {
        let place = self.place_of(target.schema.as_deref(), table);
        let is_begun = is_copy || self.whole.has_begin();
        let found = self.sites.found(&place, table);
        found.is_there = true;
        found.has_rows = true;
        let columns =
            if target.columns.is_empty() { found.columns.as_ref() } else { Some(&target.columns) };
        let Some(columns) = columns else {
            return Err(self.lexer.fault(format!(
                "nothing says which columns {table} has: make the dump with its schema, or with \
                 --column-inserts"
            )));
        };
        if found.columns.is_none() && !found.has_comment && !is_begun {
            return Err(self.lexer.fault(format!(
                "nothing says that these are all rows of {table}: the beginning of the dump is missing"
            )));
        }
        let owner = Owner::of(table, columns);
        if found.owner == Owner::Unknown {
            found.owner = owner;
        }
        if !found.may_be_v2() {
            return Ok(None);
        }
        if let Owner::Other(column) = owner {
            return Err(self.lexer.fault(format!("these rows of {table} have no {column}")));
        }
        Shape::new(table, columns).map(Some)
    }

    /// Reads the lines that follow `COPY … FROM stdin`.
    pub(super) fn copied_rows(
        &mut self,
        name: &str,
        rows: Option<(&Place, Table, &Shape)>,
    ) -> Result<(), LegacyError> {
        if let Some((place, table, _)) = rows {
            let found = self.sites.found(place, table);
            if std::mem::replace(&mut found.is_copied, true) {
                return Err(twice(self.lexer.line(), table));
            }
        }
        let mut tables = rows.map(|(place, _, shape)| (place, shape));
        loop {
            let Some(line) = self.lexer.row()? else {
                return Err(LegacyError::Truncated(format!("the rows of {name} have no end")));
            };
            if line == copy_text::END {
                return Ok(());
            }
            let Some((place, shape)) = &mut tables else { continue };
            let added = copy_text::fields(line)
                .and_then(|fields| shape.add(&mut self.sites.schema(place).tables, fields));
            added.map_err(|what| self.lexer.fault_of_line(what))?;
        }
    }

    /// Passes over the rest of a statement, its semicolon included, and returns what is kept of it.
    /// Like psql, it looks for the semicolon outside of parentheses and of bodies of functions.
    pub(super) fn skip(&mut self, keep: Keep) -> Result<Vec<Token>, LegacyError> {
        let begin = self.lexer.line();
        let (mut parentheses, mut blocks) = (0_usize, 0_usize);
        let mut words = Vec::new();
        loop {
            let Some(token) = self.lexer.next()? else {
                let what = format!("the statement that begins in line {begin} has no end");
                return Err(LegacyError::Truncated(what));
            };
            match &token {
                Token::Sign(b';') if parentheses == 0 && blocks == 0 => return Ok(words),
                Token::Sign(b'(') => parentheses += 1,
                Token::Sign(b')') => parentheses = parentheses.saturating_sub(1),
                word if keep == Keep::NothingOfBody && word.is("begin") => blocks += 1,
                word if blocks > 0 && word.is("case") => blocks += 1,
                word if word.is("end") => blocks = blocks.saturating_sub(1),
                _ => {}
            }
            let is_kept = match &token {
                Token::Word { .. } | Token::Sign(b'.') => {
                    matches!(keep, Keep::Words | Keep::WordsAndTexts)
                }
                Token::Text(_) => keep == Keep::WordsAndTexts,
                Token::Number(_) | Token::Bits | Token::Sign(_) => false,
            };
            if !is_kept {
                continue;
            }
            words.push(token);
            if words.len() > WORDS_MAX {
                return Err(self
                    .lexer
                    .fault(format!("a statement has more than {WORDS_MAX} words")));
            }
        }
    }

    /// The first of v2's tables that is named in these words and may be v2's.
    pub(super) fn named(&self, words: &[Token]) -> Option<Table> {
        self.named_in(words).map(|(_, table)| table)
    }

    /// The same with where it is.
    pub(super) fn named_in(&self, words: &[Token]) -> Option<(Place, Table)> {
        let in_text = |text: &[u8]| {
            let text = String::from_utf8_lossy(text).to_ascii_lowercase();
            text.split(|c: char| !c.is_alphanumeric() && c != '_').find_map(Table::parse)
        };
        words.iter().enumerate().find_map(|(at, word)| {
            let (table, schema) = match word {
                Token::Word { text, .. } => (Table::parse(text)?, schema_before(&words[..at])),
                Token::Text(text) => (in_text(text)?, None),
                Token::Number(_) | Token::Bits | Token::Sign(_) => return None,
            };
            let place = self.place_of(schema, table);
            let is_another = self.sites.look(&place, table).is_some_and(|found| !found.may_be_v2());
            (!is_another).then_some((place, table))
        })
    }
}

/// The schema in `schema.`, of the words before a name.
fn schema_before(words: &[Token]) -> Option<&str> {
    match words {
        [.., Token::Word { text, .. }, Token::Sign(b'.')] => Some(text),
        _ => None,
    }
}

pub(super) fn twice(line: u64, table: Table) -> LegacyError {
    let what = format!("{table} comes twice: make a dump of the one database of v2");
    LegacyError::Line { line, what }
}

/// Reads `links; Type: TABLE DATA; Schema: public; Owner: unoc`.
fn data_comment(rest: &[u8]) -> Option<(String, Table)> {
    let mut parts = str::from_utf8(rest).ok()?.split("; ");
    let table = Table::parse(parts.next()?)?;
    if parts.next() != Some("Type: TABLE DATA") {
        return None;
    }
    Some((parts.next()?.strip_prefix("Schema: ")?.to_owned(), table))
}

/// The database in `\connect unocdb`, `\connect "the db"` or
/// `\connect -reuse-previous=on "dbname='the db'"`.
fn database_of(rest: &str) -> String {
    let rest = rest.trim();
    let rest = rest.strip_prefix("-reuse-previous=on").map_or(rest, str::trim);
    let name = match rest.strip_prefix('"') {
        Some(quoted) => quoted.strip_suffix('"').unwrap_or(quoted).replace("\"\"", "\""),
        None => rest.split_whitespace().next().unwrap_or_default().to_owned(),
    };
    match name.strip_prefix("dbname=") {
        Some(value) => value.trim_matches('\'').replace("\\'", "'").replace("\\\\", "\\"),
        None => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connect_names_a_database() {
        let check = |rest: &str, expected: &str| assert_eq!(database_of(rest), expected, "{rest}");
        check("unocdb", "unocdb");
        check("unocdb unoc localhost", "unocdb");
        check("\"the db\"", "the db");
        check("-reuse-previous=on \"dbname='the db'\"", "the db");
        check("-reuse-previous=on \"dbname='it\\'s'\"", "it's");
    }
}
