//! Rows in the text format of COPY.
//!
//! PostgreSQL documentation, COPY, "Text Format": fields are separated by tabs, `\N` is NULL, and
//! backslash sequences replace characters that would separate fields or rows.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::Write as _;

use super::{Column, ColumnType, Row, Value};
use crate::domain::Timestamp;

/// The fields of one row, in the order of its header; `None` is NULL.
pub type CopyFields = Vec<Option<String>>;

/// Ends the rows of a COPY block in a dump.
pub const END: &[u8] = br"\.";

/// Reads one line, without its newline.
///
/// # Errors
/// A message about the first error.
pub fn fields(line: &[u8]) -> Result<CopyFields, String> {
    line.split(|byte| *byte == b'\t').map(field).collect()
}

fn field(bytes: &[u8]) -> Result<Option<String>, String> {
    let backslashes = bytes.iter().rev().take_while(|byte| **byte == b'\\').count();
    if backslashes % 2 == 1 {
        return Err("a backslash precedes a tab or the end of the line; PostgreSQL writes \\t \
                    and \\n in a value"
            .to_owned());
    }
    Ok(text(bytes)?.map(Cow::into_owned))
}

/// Returns the text of a field; `None` is NULL.
fn text(bytes: &[u8]) -> Result<Option<Cow<'_, str>>, String> {
    if bytes == br"\N" {
        return Ok(None);
    }
    if bytes.contains(&b'\\') {
        let text = String::from_utf8(unescaped(bytes)).map_err(|_| not_utf8())?;
        return Ok(Some(text.into()));
    }
    str::from_utf8(bytes).map(|text| Some(text.into())).map_err(|_| not_utf8())
}

/// Returns the message for bytes that are not UTF-8.
pub fn not_utf8() -> String {
    "the text is not UTF-8; make the dump with pg_dump --encoding=UTF8".to_owned()
}

fn unescaped(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte != b'\\' {
            text.push(*byte);
            continue;
        }
        let Some((code, after)) = rest.split_first() else {
            text.push(b'\\');
            break;
        };
        rest = after;
        text.push(match code {
            b'b' => 0x08,
            b'f' => 0x0c,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'v' => 0x0b,
            b'0'..=b'7' => number(code - b'0', &mut rest, 8, 2),
            b'x' if rest.first().is_some_and(u8::is_ascii_hexdigit) => number(0, &mut rest, 16, 2),
            other => *other,
        });
    }
    text
}

/// Reads further digits of a number, at most `digits_max`.
fn number(start: u8, rest: &mut &[u8], radix: u8, digits_max: usize) -> u8 {
    let mut value = start;
    for _ in 0..digits_max {
        let digit = rest.first().and_then(|byte| char::from(*byte).to_digit(u32::from(radix)));
        let Some(digit) = digit.and_then(|digit| u8::try_from(digit).ok()) else { break };
        value = value.wrapping_mul(radix).wrapping_add(digit);
        *rest = &rest[1..];
    }
    value
}

/// Appends a row and its newline: the site's id, then the values.
///
/// # Errors
/// A time outside the years -9999 to 9999.
pub fn write_row(out: &mut Vec<u8>, site_id: &str, row: &[Value<'_>]) -> Result<(), TimeError> {
    out.extend_from_slice(site_id.as_bytes());
    for value in row {
        out.push(b'\t');
        write_value(out, value)?;
    }
    out.push(b'\n');
    Ok(())
}

/// A time that the format cannot represent, in microseconds since 1970.
#[derive(Debug, thiserror::Error)]
#[error("{0} us since 1970 is not a time in the years -9999 to 9999")]
pub struct TimeError(i64);

fn write_value(out: &mut Vec<u8>, value: &Value<'_>) -> Result<(), TimeError> {
    match value {
        Value::Null => out.extend_from_slice(br"\N"),
        Value::Int(number) => write_plain(out, number),
        // Written with the fewest digits that read back as the same number.
        Value::Float(number) => write_plain(out, number),
        Value::Bool(flag) => out.push(if *flag { b't' } else { b'f' }),
        Value::Text(text) => write_escaped(out, text),
        Value::Time(time) => write_time(out, *time)?,
        Value::Ints(numbers) => write_array(out, numbers.iter(), write_plain),
        Value::Texts(texts) => write_array(out, texts.iter(), |out, text| write_item(out, text)),
        Value::Uuid(id) => write_plain(out, id),
        Value::Json(text) => write_escaped(out, text),
    }
    Ok(())
}

fn write_plain(out: &mut Vec<u8>, value: impl Display) {
    write!(out, "{value}").expect("writing into a Vec does not fail");
}

fn write_time(out: &mut Vec<u8>, time: Timestamp) -> Result<(), TimeError> {
    let time = jiff::Timestamp::from_microsecond(time.0).map_err(|_| TimeError(time.0))?;
    write_plain(out, format_args!("{time:.6}"));
    Ok(())
}

/// Writes `{a,b}`.
fn write_array<T>(
    out: &mut Vec<u8>,
    items: impl Iterator<Item = T>,
    write: impl Fn(&mut Vec<u8>, T),
) {
    out.push(b'{');
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(out, item);
    }
    out.push(b'}');
}

/// Writes a text in an array. Only code words need no quotes (PostgreSQL documentation, "Array Input
/// and Output Syntax").
fn write_item(out: &mut Vec<u8>, text: &str) {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if !text.is_empty() && text.bytes().all(is_word) && !text.eq_ignore_ascii_case("null") {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    let quoted = text.replace('\\', r"\\").replace('"', "\\\"");
    write_escaped(out, &format!("\"{quoted}\""));
}

fn write_escaped(out: &mut Vec<u8>, text: &str) {
    for byte in text.bytes() {
        let code = match byte {
            b'\\' => b'\\',
            b'\t' => b't',
            b'\n' => b'n',
            b'\r' => b'r',
            0x08 => b'b',
            0x0c => b'f',
            0x0b => b'v',
            other => {
                out.push(other);
                continue;
            }
        };
        out.extend_from_slice(&[b'\\', code]);
    }
}

/// Reads a line that [`write_row`] wrote, without its newline.
///
/// # Errors
/// A message about the first error.
pub fn read_row<'a>(line: &'a [u8], site_id: &str, columns: &[Column]) -> Result<Row<'a>, String> {
    let mut fields = line.split(|byte| *byte == b'\t');
    if fields.next() != Some(site_id.as_bytes()) {
        return Err("the row belongs to another site".to_owned());
    }
    let mut row = Vec::with_capacity(columns.len());
    for column in columns {
        let field = fields.next().ok_or_else(|| format!("column {} is missing", column.0))?;
        let value = read_value(field, column.1);
        row.push(value.map_err(|what| format!("column {}: {what}", column.0))?);
    }
    if fields.next().is_some() { Err("there are too many columns".to_owned()) } else { Ok(row) }
}

fn read_value(field: &[u8], column: ColumnType) -> Result<Value<'_>, String> {
    let Some(text) = text(field)? else { return Ok(Value::Null) };
    Ok(match column {
        ColumnType::Int => Value::Int(parsed(&text)?),
        ColumnType::Float => Value::Float(parsed(&text)?),
        ColumnType::Bool => match text.as_ref() {
            "t" => Value::Bool(true),
            "f" => Value::Bool(false),
            _ => return Err(format!("{text:?} is neither t nor f")),
        },
        ColumnType::Text => Value::Text(text),
        ColumnType::Timestamptz => {
            Value::Time(Timestamp(parsed::<jiff::Timestamp>(&text)?.as_microsecond()))
        }
        ColumnType::IntArray => {
            let numbers = items(&text)?.into_iter().map(|item| parsed(&item));
            Value::Ints(numbers.collect::<Result<_, _>>()?)
        }
        ColumnType::TextArray => Value::Texts(items(&text)?.into_iter().map(Cow::from).collect()),
        ColumnType::Jsonb => Value::Json(text.into_owned()),
    })
}

fn parsed<T: std::str::FromStr<Err: Display>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error| format!("{error}"))
}

/// The items of an array of one dimension.
fn items(text: &str) -> Result<Vec<String>, String> {
    let inner = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
    let inner = inner.ok_or("it is not an array")?;
    if inner.is_empty() {
        return Ok(Vec::new());
    }
    let (mut items, mut is_quoted) = (vec![String::new()], false);
    let mut chars = inner.chars();
    while let Some(character) = chars.next() {
        let item = items.last_mut().expect("there is one from the start");
        match character {
            '"' => is_quoted = !is_quoted,
            '\\' => item.push(chars.next().ok_or("it ends with a backslash")?),
            ',' if !is_quoted => items.push(String::new()),
            other => item.push(other),
        }
    }
    if is_quoted { Err("a quoted item is not closed".to_owned()) } else { Ok(items) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_as_postgresql_writes_them() {
        let check = |line: &[u8], expected: &[Option<&str>]| {
            let read = fields(line).expect("it is a row");
            let read: Vec<Option<&str>> = read.iter().map(Option::as_deref).collect();
            assert_eq!(read, expected, "{:?}", String::from_utf8_lossy(line));
        };
        check(b"1\tONT-1\t\\N\t", &[Some("1"), Some("ONT-1"), None, Some("")]);
        check(b"a\\tb\\nc\\\\d\\re", &[Some("a\tb\nc\\d\re")]);
        check(b"\\\\N", &[Some("\\N")]);
        check(b"\\b\\f\\v\\.", &[Some("\u{8}\u{c}\u{b}.")]);
        check(b"\\101\\x42\\x4\\60", &[Some("AB\u{4}0")]);
        check("Straße „Süd“".as_bytes(), &[Some("Straße „Süd“")]);
        assert!(fields(b"end\\").is_err() && fields(b"a\\\tb").is_err());
        check(b"\\xg", &[Some("xg")]);
        assert!(fields(b"\xfc").is_err());
    }

    #[test]
    fn values_are_written_and_read_back() {
        const COLUMNS: [Column; 8] = [
            Column("a", ColumnType::Int),
            Column("b", ColumnType::Float),
            Column("c", ColumnType::Text),
            Column("d", ColumnType::Timestamptz),
            Column("e", ColumnType::IntArray),
            Column("f", ColumnType::TextArray),
            Column("g", ColumnType::Jsonb),
            Column("h", ColumnType::Bool),
        ];
        let check = |row: Row<'_>, expected: &str| {
            let mut line = Vec::new();
            write_row(&mut line, "S", &row).unwrap();
            assert_eq!(str::from_utf8(&line).unwrap(), format!("S\t{expected}\n"));
            assert_eq!(read_row(&line[..line.len() - 1], "S", &COLUMNS).unwrap(), row);
        };
        check(
            vec![
                Value::Int(-7),
                Value::Float(-0.0),
                Value::text("a\tb\\N\r\n\u{b} ü"),
                Value::Time(Timestamp(1_795_439_016_111_211)),
                Value::Ints(vec![1, 2]),
                Value::Texts(vec!["x_y".into(), "z".into()]),
                Value::Json("{\"a\": \"\\n\"}".to_owned()),
                Value::Bool(true),
            ],
            "-7\t-0\ta\\tb\\\\N\\r\\n\\v ü\t2026-11-23T13:03:36.111211Z\t{1,2}\t{x_y,z}\t{\"a\": \"\\\\n\"}\tt",
        );
        let empty = vec![
            Value::Null,
            Value::Float(0.1 + 0.2),
            Value::text(""),
            Value::Null,
            Value::Ints(vec![]),
            Value::Texts(vec![]),
            Value::Null,
            Value::Bool(false),
        ];
        check(empty, "\\N\t0.30000000000000004\t\t\\N\t{}\t{}\t\\N\tf");
        let mut texts = vec![Value::Null; 8];
        let odd = ["a b", "", "NULL", "x,{y}", "q\"", "b\\", "ü"].map(Cow::from);
        texts[5] = Value::Texts(odd.to_vec());
        check(
            texts,
            "\\N\t\\N\t\\N\t\\N\t\\N\t{\"a b\",\"\",\"NULL\",\"x,{y}\",\"q\\\\\"\",\"b\\\\\\\\\",\"ü\"}\t\\N\t\\N",
        );
        for (line, expected) in [
            (&b"T\t1"[..], "another site"),
            (b"S\t1", "column b is missing"),
            (b"S\tx", "column a"),
            (b"S\t1\t1\tx\t2026", "column d"),
            (b"S\t1\t1\tx\t\\N\t1,2", "not an array"),
        ] {
            let error = read_row(line, "S", &COLUMNS).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }
}
