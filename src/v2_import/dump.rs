//! Reading v2's tables from a plain `pg_dump`, in one pass.

use std::io::BufRead;

use super::columns::RowLayout;
use super::completeness::DumpCompleteness;
use super::error::V2ImportError;
use super::file_kind::{detect, refusal_of};
use super::lexer::{DumpComment, Lexer, Token};
use super::sites::{FoundSites, SiteChoice, SiteLocation, TableOwner};
use super::tables::{V2Table, V2Tables};
use crate::sql::copy_text;

/// The comment above a table's rows; an empty table has it too.
const DATA_COMMENT: &[u8] = b"-- Data for Name: ";
/// The schema of names without one, unless the dump sets another.
const DEFAULT_SCHEMA: &str = "public";
/// Words of a statement that holds no rows; far above any in a `pg_dump`.
const WORDS_MAX: usize = 1 << 20;
/// Commands of psql that do not affect rows.
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

/// Reads the tables of v2 from a dump: COPY blocks or INSERT statements.
///
/// # Errors
/// [`V2ImportError`] with the line, or with the command that makes a readable dump. A statement
/// about the tables is either read or an error.
pub fn read_dump(input: impl BufRead, choice: &SiteChoice) -> Result<V2Tables, V2ImportError> {
    let (kind, input) = detect(input)?;
    if let Some(refusal) = refusal_of(kind) {
        return Err(refusal.into());
    }
    let mut reader = DumpReader {
        lexer: Lexer::new(input),
        sites: FoundSites::default(),
        whole: DumpCompleteness::default(),
        database: None,
        search_path: vec![DEFAULT_SCHEMA.to_owned()],
    };
    reader.lexer.skip_top()?;
    reader.read_all()?;
    if !reader.whole.has_begin() && reader.sites.schemas.is_empty() {
        return Err(V2ImportError::NotADump);
    }
    reader.whole.check()?;
    reader.sites.take(choice)
}

/// Which tokens of a skipped statement are returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeptTokens {
    Nothing,
    /// None; the statement may have a body with semicolons: `BEGIN ATOMIC … END`.
    NothingOfBody,
    /// Words and the dots between them.
    Words,
    WordsAndTexts,
}

/// The table that a statement writes to, with its columns if the statement lists them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct TargetTable {
    pub(super) schema: Option<String>,
    pub(super) name: String,
    pub(super) columns: Vec<String>,
}

/// Reads a dump, statement by statement.
pub(super) struct DumpReader<R> {
    pub(super) lexer: Lexer<R>,
    pub(super) sites: FoundSites,
    whole: DumpCompleteness,
    /// The database that the last `\connect` names.
    database: Option<String>,
    /// The schemas in which names without one are searched.
    pub(super) search_path: Vec<String>,
}

impl<R: BufRead> DumpReader<R> {
    fn read_all(&mut self) -> Result<(), V2ImportError> {
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

    fn comment(&mut self, comment: &DumpComment) -> Result<(), V2ImportError> {
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

    /// A command of psql, which begins with a backslash.
    fn command(&mut self) -> Result<(), V2ImportError> {
        let line = String::from_utf8_lossy(&self.lexer.rest_of_line()).into_owned();
        let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((&line, ""));
        match name {
            "connect" | "c" => {
                self.database = Some(database_of(rest));
                self.reset();
                Ok(())
            }
            "encoding" => self.encoding(rest.trim().trim_matches('\'')),
            "." => Err(self.lexer.error("\\. without a COPY before it")),
            name if HARMLESS_COMMANDS.contains(&name) => Ok(()),
            _ => Err(self.lexer.error(format!("the psql command \\{name} is not supported"))),
        }
    }

    /// Restores the settings that a session begins with.
    pub(super) fn reset(&mut self) {
        self.search_path = vec![DEFAULT_SCHEMA.to_owned()];
        self.lexer.has_escapes = false;
    }

    /// # Errors
    /// When the following text is not UTF-8.
    pub(super) fn encoding(&self, name: &str) -> Result<(), V2ImportError> {
        let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        let is_read = ["UTF8", "UNICODE", "SQLASCII"].contains(&name.to_ascii_uppercase().as_str());
        if is_read { Ok(()) } else { Err(self.lexer.error(copy_text::not_utf8())) }
    }

    pub(super) fn place(&self, schema: String) -> SiteLocation {
        SiteLocation { database: self.database.clone(), schema }
    }

    /// Where a table is: without a schema, in the first one of the search path that has it.
    pub(super) fn place_of(&self, schema: Option<&str>, table: V2Table) -> SiteLocation {
        if let Some(schema) = schema {
            return self.place(schema.to_owned());
        }
        let has = |place: &SiteLocation| {
            self.sites.look(place, table).is_some_and(|found| found.is_there)
        };
        let mut places = self.search_path.iter().map(|schema| self.place(schema.clone()));
        let first = || {
            let schema = self.search_path.first().map_or(DEFAULT_SCHEMA, String::as_str);
            self.place(schema.to_owned())
        };
        places.find(has).unwrap_or_else(first)
    }

    /// The layout of the rows of a statement; `None` if the table is not v2's. The rows of a COPY
    /// have an end mark. Those of INSERTs have none, so the beginning of the dump must be there.
    pub(super) fn layout(
        &mut self,
        target: &TargetTable,
        table: V2Table,
        is_copy: bool,
    ) -> Result<Option<RowLayout>, V2ImportError> {
        let place = self.place_of(target.schema.as_deref(), table);
        let is_begun = is_copy || self.whole.has_begin();
        let found = self.sites.found(&place, table);
        found.is_there = true;
        found.has_rows = true;
        let columns =
            if target.columns.is_empty() { found.columns.as_ref() } else { Some(&target.columns) };
        let Some(columns) = columns else {
            return Err(self.lexer.error(format!(
                "the columns of {table} are not known: make the dump with its schema, or with \
                 --column-inserts"
            )));
        };
        if found.columns.is_none() && !found.has_comment && !is_begun {
            return Err(self.lexer.error(format!(
                "the beginning of the dump is missing, so rows of {table} may be missing"
            )));
        }
        let owner = TableOwner::of(table, columns);
        if found.owner == TableOwner::Unknown {
            found.owner = owner;
        }
        if !found.may_be_v2() {
            return Ok(None);
        }
        if let TableOwner::Other(column) = owner {
            return Err(self.lexer.error(format!("these rows of {table} have no {column}")));
        }
        RowLayout::new(table, columns).map(Some)
    }

    /// Reads the lines that follow `COPY … FROM stdin`.
    pub(super) fn copied_rows(
        &mut self,
        name: &str,
        rows: Option<(&SiteLocation, V2Table, &RowLayout)>,
    ) -> Result<(), V2ImportError> {
        if let Some((place, table, _)) = rows {
            let found = self.sites.found(place, table);
            if std::mem::replace(&mut found.is_copied, true) {
                return Err(twice(self.lexer.line(), table));
            }
        }
        let mut tables = rows.map(|(place, _, layout)| (place, layout));
        loop {
            let Some(line) = self.lexer.row()? else {
                return Err(V2ImportError::Truncated(format!("the rows of {name} are incomplete")));
            };
            if line == copy_text::END {
                return Ok(());
            }
            let Some((place, layout)) = &mut tables else { continue };
            let added = copy_text::fields(line)
                .and_then(|fields| layout.add(&mut self.sites.schema(place).tables, fields));
            added.map_err(|what| self.lexer.line_error(what))?;
        }
    }

    /// Skips the rest of a statement with its semicolon, and returns the tokens to keep. Like psql,
    /// it ignores semicolons within parentheses and function bodies.
    pub(super) fn skip(&mut self, keep: KeptTokens) -> Result<Vec<Token>, V2ImportError> {
        let begin = self.lexer.line();
        let (mut parentheses, mut blocks) = (0_usize, 0_usize);
        let mut words = Vec::new();
        loop {
            let Some(token) = self.lexer.next()? else {
                let what = format!("the statement that begins in line {begin} is incomplete");
                return Err(V2ImportError::Truncated(what));
            };
            match &token {
                Token::Sign(b';') if parentheses == 0 && blocks == 0 => return Ok(words),
                Token::Sign(b'(') => parentheses += 1,
                Token::Sign(b')') => parentheses = parentheses.saturating_sub(1),
                word if keep == KeptTokens::NothingOfBody && word.is("begin") => blocks += 1,
                word if blocks > 0 && word.is("case") => blocks += 1,
                word if word.is("end") => blocks = blocks.saturating_sub(1),
                _ => {}
            }
            let is_kept = match &token {
                Token::Word { .. } | Token::Sign(b'.') => {
                    matches!(keep, KeptTokens::Words | KeptTokens::WordsAndTexts)
                }
                Token::Text(_) => keep == KeptTokens::WordsAndTexts,
                Token::Number(_) | Token::Bits | Token::Sign(_) => false,
            };
            if !is_kept {
                continue;
            }
            words.push(token);
            if words.len() > WORDS_MAX {
                return Err(self
                    .lexer
                    .error(format!("a statement has more than {WORDS_MAX} words")));
            }
        }
    }

    /// The first table of v2 that these words name.
    pub(super) fn named(&self, words: &[Token]) -> Option<V2Table> {
        self.named_in(words).map(|(_, table)| table)
    }

    /// The first table of v2 that these words name, and where it is.
    pub(super) fn named_in(&self, words: &[Token]) -> Option<(SiteLocation, V2Table)> {
        let in_text = |text: &[u8]| {
            let text = String::from_utf8_lossy(text).to_ascii_lowercase();
            text.split(|c: char| !c.is_alphanumeric() && c != '_').find_map(V2Table::parse)
        };
        words.iter().enumerate().find_map(|(at, word)| {
            let (table, schema) = match word {
                Token::Word { text, .. } => (V2Table::parse(text)?, schema_before(&words[..at])),
                Token::Text(text) => (in_text(text)?, None),
                Token::Number(_) | Token::Bits | Token::Sign(_) => return None,
            };
            let place = self.place_of(schema, table);
            let is_another = self.sites.look(&place, table).is_some_and(|found| !found.may_be_v2());
            (!is_another).then_some((place, table))
        })
    }
}

/// The schema in `schema.` before a name.
fn schema_before(words: &[Token]) -> Option<&str> {
    match words {
        [.., Token::Word { text, .. }, Token::Sign(b'.')] => Some(text),
        _ => None,
    }
}

pub(super) fn twice(line: u64, table: V2Table) -> V2ImportError {
    let what = format!("{table} occurs twice: make a dump of v2's database alone");
    V2ImportError::Line { line, what }
}

/// Reads `links; Type: TABLE DATA; Schema: public; Owner: unoc`.
fn data_comment(rest: &[u8]) -> Option<(String, V2Table)> {
    let mut parts = str::from_utf8(rest).ok()?.split("; ");
    let table = V2Table::parse(parts.next()?)?;
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
    fn the_database_of_a_connect_command_is_read() {
        let check = |rest: &str, expected: &str| assert_eq!(database_of(rest), expected, "{rest}");
        check("unocdb", "unocdb");
        check("unocdb unoc localhost", "unocdb");
        check("\"the db\"", "the db");
        check("-reuse-previous=on \"dbname='the db'\"", "the db");
        check("-reuse-previous=on \"dbname='it\\'s'\"", "it's");
    }
}
