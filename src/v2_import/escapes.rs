//! Escapes in SQL strings.

use crate::sql::copy_text;

/// How a string is quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quoting {
    /// `'…'`: a backslash is a character like any other.
    Plain,
    /// `E'…'`.
    Escapes,
    /// `U&'…'`.
    Unicode,
}

/// The string without its escapes.
///
/// # Errors
/// Says what is wrong with an escape.
pub(super) fn unescaped(raw: Vec<u8>, quoting: Quoting) -> Result<Vec<u8>, String> {
    if quoting == Quoting::Plain || !raw.contains(&b'\\') {
        return Ok(raw);
    }
    let mut text = Vec::with_capacity(raw.len());
    let mut rest = raw.as_slice();
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        text.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1..];
        let read = if quoting == Quoting::Escapes { escape } else { unicode };
        read(&mut rest, &mut text)?;
    }
    text.extend_from_slice(rest);
    Ok(text)
}

/// PostgreSQL documentation, "String Constants with C-Style Escapes".
fn escape(rest: &mut &[u8], text: &mut Vec<u8>) -> Result<(), String> {
    let Some((&code, after)) = rest.split_first() else {
        text.push(b'\\');
        return Ok(());
    };
    let is_hex = code == b'x' && after.first().is_some_and(u8::is_ascii_hexdigit);
    match code {
        b'u' => {
            *rest = after;
            return character(rest, text, 4);
        }
        b'U' => {
            *rest = after;
            return character(rest, text, 8);
        }
        b'0'..=b'7' => {
            let length = after.len().min(2);
            let digits = after[..length].iter().take_while(|it| matches!(it, b'0'..=b'7')).count();
            let value = rest[..=digits]
                .iter()
                .fold(0_u8, |value, digit| value.wrapping_mul(8).wrapping_add(digit - b'0'));
            text.push(value);
            *rest = &rest[digits + 1..];
            return Ok(());
        }
        b'x' if is_hex => {
            let second = after.get(1).is_some_and(u8::is_ascii_hexdigit);
            let length = if second { 2 } else { 1 };
            text.push(u8::try_from(hex(&after[..length])?).unwrap_or_default());
            *rest = &after[length..];
            return Ok(());
        }
        b'b' => text.push(0x08),
        b'f' => text.push(0x0c),
        b'n' => text.push(b'\n'),
        b'r' => text.push(b'\r'),
        b't' => text.push(b'\t'),
        other => text.push(other),
    }
    *rest = after;
    Ok(())
}

/// PostgreSQL documentation, "String Constants with Unicode Escapes".
fn unicode(rest: &mut &[u8], text: &mut Vec<u8>) -> Result<(), String> {
    match rest.first() {
        Some(b'\\') => {
            text.push(b'\\');
            *rest = &rest[1..];
            Ok(())
        }
        Some(b'+') => {
            *rest = &rest[1..];
            character(rest, text, 6)
        }
        _ => character(rest, text, 4),
    }
}

fn character(rest: &mut &[u8], text: &mut Vec<u8>, digits: usize) -> Result<(), String> {
    let code = hex(rest.get(..digits).ok_or_else(invalid_unicode_escape)?)?;
    let character = char::from_u32(code).ok_or_else(invalid_unicode_escape)?;
    text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    *rest = &rest[digits..];
    Ok(())
}

fn hex(digits: &[u8]) -> Result<u32, String> {
    let text = str::from_utf8(digits).map_err(|_| copy_text::not_utf8())?;
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return Err(invalid_unicode_escape());
    }
    u32::from_str_radix(text, 16).map_err(|_| invalid_unicode_escape())
}

fn invalid_unicode_escape() -> String {
    "a Unicode escape in a string is not valid".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_replaced_by_characters() {
        let check = |raw: &str, quoting: Quoting, expected: Option<&str>| {
            let read = unescaped(raw.as_bytes().to_vec(), quoting).ok();
            assert_eq!(read.as_deref(), expected.map(str::as_bytes), "{raw}");
        };
        check(r"a\nb", Quoting::Plain, Some(r"a\nb"));
        check(r"a\'b\n\t\r\b\f\\", Quoting::Escapes, Some("a'b\n\t\r\u{8}\u{c}\\"));
        check(r"\101\x41\x4z\7", Quoting::Escapes, Some("AA\u{4}z\u{7}"));
        check(r"\303\274\u00fc\U0001F600", Quoting::Escapes, Some("üü😀"));
        check(r"\u12", Quoting::Escapes, None);
        check(r"\ud800", Quoting::Escapes, None);
        check(r"d\0061t\+000061\\", Quoting::Unicode, Some("data\\"));
        check(r"\00", Quoting::Unicode, None);
        check(r"\+00zz61", Quoting::Unicode, None);
    }
}
