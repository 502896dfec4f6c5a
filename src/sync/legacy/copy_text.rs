//! A row of COPY's text format.
//!
//! PostgreSQL documentation, COPY, "Text Format": fields are separated by tabs, `\N` is NULL, and
//! backslash sequences stand for characters that would otherwise separate.

use super::shape::Fields;

/// Ends the rows of a COPY block in a dump.
pub(super) const END: &[u8] = br"\.";

/// Reads one line, without its newline.
///
/// # Errors
/// What is wrong with it, in words.
pub(super) fn fields(line: &[u8]) -> Result<Fields, String> {
    line.split(|byte| *byte == b'\t').map(field).collect()
}

fn field(bytes: &[u8]) -> Result<Option<String>, String> {
    if bytes == br"\N" {
        return Ok(None);
    }
    let bytes = if bytes.contains(&b'\\') { unescaped(bytes) } else { bytes.to_vec() };
    String::from_utf8(bytes).map(Some).map_err(|_| not_utf8())
}

/// What to do about bytes that are no UTF-8.
pub(super) fn not_utf8() -> String {
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

/// Goes on with a number for as long as there are digits, at most `digits_max`.
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
        check(b"end\\", &[Some("end\\")]);
        check(b"\\xg", &[Some("xg")]);
        assert!(fields(b"\xfc").is_err());
    }
}
