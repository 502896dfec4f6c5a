//! The statements of a dump that say something about v2's tables.

use super::sql::{Token, Tokens};
use super::tables::Table;
use crate::sql::copy_text::Fields;

/// A table's name and its columns, where the statement lists them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// `public` where the statement names no schema.
    pub(super) schema: String,
    pub(super) name: String,
    pub(super) columns: Option<Vec<String>>,
}

/// The schema of names without one: that of v2.
const DEFAULT_SCHEMA: &str = "public";

/// Words that begin a line of CREATE TABLE which is no column.
const NOT_COLUMNS: [&str; 7] =
    ["constraint", "primary", "unique", "foreign", "check", "exclude", "like"];

fn target(tokens: &mut Tokens<'_>) -> Option<Target> {
    let (schema, name) = tokens.name()?;
    let schema = schema.unwrap_or_else(|| DEFAULT_SCHEMA.to_owned());
    Some(Target { schema, name, columns: None })
}

/// Reads `COPY public.devices (id, name) FROM stdin;`.
pub(super) fn copy_target(line: &str) -> Option<Target> {
    let mut tokens = Tokens::new(line);
    if !tokens.take_word("copy") {
        return None;
    }
    let mut target = target(&mut tokens)?;
    target.columns = tokens.names();
    let is_from_stdin = tokens.take_word("from") && tokens.take_word("stdin");
    is_from_stdin.then_some(target)
}

/// Reads the table and the columns of a CREATE TABLE.
pub(super) fn created_table(statement: &str) -> Option<Target> {
    let mut tokens = Tokens::new(statement);
    if !(tokens.take_word("create") && tokens.take_word("table")) {
        return None;
    }
    if tokens.take_word("if") {
        tokens.by_ref().take(2).for_each(drop);
    }
    let mut target = target(&mut tokens)?;
    if !tokens.take_sign('(') {
        return None;
    }
    let mut columns = Vec::new();
    let mut depth = 1;
    let mut is_first = true;
    for token in tokens {
        match token {
            Token::Sign('(') => depth += 1,
            Token::Sign(')') => depth -= 1,
            Token::Sign(',') if depth == 1 => {
                is_first = true;
                continue;
            }
            Token::Word { text, is_quoted } if is_first => {
                if is_quoted || !NOT_COLUMNS.contains(&text.as_str()) {
                    columns.push(text);
                }
            }
            Token::Word { .. } | Token::Text(_) | Token::Number(_) | Token::Sign(_) => {}
        }
        is_first = false;
        if depth == 0 {
            break;
        }
    }
    target.columns = Some(columns);
    Some(target)
}

/// An INSERT that is being read: its table first, then row by row.
pub(super) struct Insert<'a> {
    tokens: Tokens<'a>,
}

impl<'a> Insert<'a> {
    /// Reads up to the first row; `None` when it is no INSERT of rows.
    pub(super) fn begin(statement: &'a str) -> Option<(Target, Self)> {
        let mut tokens = Tokens::new(statement);
        if !(tokens.take_word("insert") && tokens.take_word("into")) {
            return None;
        }
        let mut target = target(&mut tokens)?;
        target.columns = tokens.names();
        if tokens.take_word("overriding") {
            tokens.by_ref().take(2).for_each(drop);
        }
        tokens.take_word("values").then_some((target, Self { tokens }))
    }

    /// The next row; `None` after the last one.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub(super) fn row(&mut self) -> Result<Option<Fields>, String> {
        if !self.tokens.take_sign('(') {
            return Ok(None);
        }
        let mut fields = Vec::new();
        loop {
            fields.push(self.value()?);
            if self.tokens.take_sign(',') {
                continue;
            }
            if !self.tokens.take_sign(')') {
                return Err("a row of an INSERT has no end".to_owned());
            }
            self.tokens.take_sign(',');
            return Ok(Some(fields));
        }
    }

    fn value(&mut self) -> Result<Option<String>, String> {
        let value = match self.tokens.next() {
            Some(Token::Text(text) | Token::Number(text)) => Some(text),
            Some(token) if token.is("null") || token.is("default") => None,
            Some(Token::Word { text, .. }) if text == "true" || text == "false" => Some(text),
            Some(other) => return Err(format!("an INSERT holds {other:?}, which is no constant")),
            None => return Err("an INSERT ends within a row".to_owned()),
        };
        self.skip_cast();
        Ok(value)
    }

    /// Passes over `::some_type`.
    fn skip_cast(&mut self) {
        while !matches!(self.tokens.peek(), None | Some(Token::Sign(',' | ')'))) {
            self.tokens.next();
        }
    }
}

/// Reads `SELECT pg_catalog.setval('public.devices_id_seq', 42, true);` into the ids that come
/// next; sequences of other tables are passed over.
pub(super) fn sequence(statement: &str) -> Option<(String, Table, u64)> {
    let mut tokens = Tokens::new(statement);
    if !tokens.take_word("select") {
        return None;
    }
    let (_, function) = tokens.name()?;
    if function != "setval" || !tokens.take_sign('(') {
        return None;
    }
    let Some(Token::Text(sequence)) = tokens.next() else { return None };
    let (schema, name) = Tokens::new(&sequence).name()?;
    let table = Table::parse(name.strip_suffix("_id_seq")?)?;
    tokens.take_sign(',');
    let Some(Token::Number(last)) = tokens.next() else { return None };
    let is_called = !tokens.take_sign(',') || tokens.take_word("true");
    let next = next_id(&last, is_called)?;
    Some((schema.unwrap_or_else(|| DEFAULT_SCHEMA.to_owned()), table, next))
}

/// The id that a sequence gives next, from its `last_value` and `is_called`.
pub(super) fn next_id(last_value: &str, is_called: bool) -> Option<u64> {
    last_value.parse::<u64>().ok().map(|last| last.saturating_add(u64::from(is_called)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(columns: &[&str]) -> Option<Vec<String>> {
        Some(columns.iter().map(|&column| column.to_owned()).collect())
    }

    #[test]
    fn headers_name_the_table_and_its_columns() {
        let check = |line: &str, expected: Option<(&str, &str, Option<Vec<String>>)>| {
            let read = copy_target(line).map(|it| (it.schema, it.name, it.columns));
            let expected = expected.map(|(a, b, columns)| (a.to_owned(), b.to_owned(), columns));
            assert_eq!(read, expected, "{line}");
        };
        check(
            "COPY public.devices (id, name, \"X\") FROM stdin;",
            Some(("public", "devices", named(&["id", "name", "X"]))),
        );
        check("COPY devices FROM stdin;", Some(("public", "devices", None)));
        check("COPY public.devices (id) TO stdout;", None);
        let created = created_table(
            "CREATE TABLE old.links (\n  id integer DEFAULT nextval('a,b'::regclass) NOT NULL,\n  \
             km numeric(10, 2),\n \"check\" text,\n CONSTRAINT c CHECK ((km > 0)),\n UNIQUE (id, km)\n);",
        );
        let expected = Target {
            schema: "old".to_owned(),
            name: "links".to_owned(),
            columns: named(&["id", "km", "check"]),
        };
        assert_eq!(created, Some(expected));
    }

    #[test]
    fn inserts_are_read_row_by_row() {
        let sql = "INSERT INTO public.devices (id, name) OVERRIDING SYSTEM VALUE VALUES\n\t(1, \
                   'O''Neil; x'),\n\t(-2, NULL),\n (3, 'a'::text) ON CONFLICT DO NOTHING;";
        let (target, mut insert) = Insert::begin(sql).expect("an INSERT");
        assert_eq!(target.columns, named(&["id", "name"]));
        let mut rows = Vec::new();
        while let Some(row) = insert.row().expect("a row") {
            rows.push(row);
        }
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(
            rows,
            [
                vec![text("1"), text("O'Neil; x")],
                vec![text("-2"), None],
                vec![text("3"), text("a")]
            ]
        );
        for faulty in ["INSERT INTO x VALUES (1", "INSERT INTO x VALUES (now())"] {
            let (_, mut insert) = Insert::begin(faulty).expect("an INSERT");
            assert!(insert.row().is_err(), "{faulty}");
        }
    }

    #[test]
    fn sequences_say_which_id_comes_next() {
        let check = |sql: &str, expected: Option<(&str, Table, u64)>| {
            let expected = expected.map(|(schema, table, next)| (schema.to_owned(), table, next));
            assert_eq!(sequence(sql), expected, "{sql}");
        };
        check(
            "SELECT pg_catalog.setval('public.devices_id_seq', 42, true);",
            Some(("public", Table::Devices, 43)),
        );
        check("SELECT setval('links_id_seq', 1, false);", Some(("public", Table::Links, 1)));
        check("SELECT pg_catalog.setval('public.users_id_seq', 9, true);", None);
        check("SELECT pg_catalog.set_config('search_path', '', false);", None);
    }
}
