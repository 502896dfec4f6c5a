//! Decoding the bytes of a file. No encoding is guessed: invalid text is refused.

use std::borrow::Cow;

use super::error::TableError;

/// The encoding of a file without a byte order mark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    #[default]
    Utf8,
    /// The encoding of "CSV" files that a spreadsheet on Windows saves in western Europe.
    Windows1252,
}

impl Encoding {
    pub const ALL: [Self; 2] = [Self::Utf8, Self::Windows1252];

    /// Its name in the IANA registry of character sets.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Windows1252 => "windows-1252",
        }
    }

    /// The encoding of this name, if it is read.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str().eq_ignore_ascii_case(word))
    }
}

/// Bytes 0x80 to 0x9F of Windows-1252 (WHATWG Encoding Standard, index windows-1252); the five
/// bytes without a character stay control characters, which no name may have.
const WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// Decodes a file by its byte order mark, or else in the given encoding.
///
/// # Errors
/// An error with the line of the first byte that is invalid in that encoding.
pub(super) fn decode(bytes: &[u8], encoding: Encoding) -> Result<Cow<'_, str>, TableError> {
    if let Some(rest) = bytes.strip_prefix(b"\xef\xbb\xbf") {
        return utf8(rest);
    }
    if let Some(rest) = bytes.strip_prefix(b"\xff\xfe") {
        return utf16(rest, u16::from_le_bytes);
    }
    if let Some(rest) = bytes.strip_prefix(b"\xfe\xff") {
        return utf16(rest, u16::from_be_bytes);
    }
    if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
        let text = "The file contains a zero byte: it is not text, or UTF-16 without a byte order mark; save the \
                    file as UTF-8";
        return Err(TableError::at(line_of(&bytes[..at]), text));
    }
    match encoding {
        Encoding::Utf8 => utf8(bytes),
        Encoding::Windows1252 => Ok(bytes.iter().map(|byte| windows_1252(*byte)).collect()),
    }
}

/// Decodes the beginning of a file, which may be cut off anywhere.
pub(super) fn decode_head(bytes: &[u8]) -> Cow<'_, str> {
    let utf16 = |rest: &[u8], unit: fn([u8; 2]) -> u16| -> String {
        let units = rest.as_chunks::<2>().0.iter().map(|pair| unit(*pair));
        char::decode_utf16(units).map(|it| it.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes).into(),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes).into(),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest),
        _ => String::from_utf8_lossy(bytes),
    }
}

fn utf8(bytes: &[u8]) -> Result<Cow<'_, str>, TableError> {
    str::from_utf8(bytes).map(Cow::Borrowed).map_err(|error| {
        let text = "The text is not UTF-8. Save the file as \"CSV UTF-8\"; or, if a spreadsheet on \
                    Windows saved it, have it read as windows-1252 (the encoding of the import)";
        TableError::at(line_of(&bytes[..error.valid_up_to()]), text)
    })
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Cow<'static, str>, TableError> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units = pairs.iter().map(|pair| unit(*pair));
    let mut text = String::with_capacity(bytes.len() / 2);
    for read in char::decode_utf16(units) {
        match read {
            Ok(character) => text.push(character),
            Err(_) => return Err(cut_off(&text)),
        }
    }
    if rest.is_empty() { Ok(text.into()) } else { Err(cut_off(&text)) }
}

fn cut_off(text: &str) -> TableError {
    let what =
        "The text is not valid UTF-16, although it has its byte order mark; save the file as UTF-8";
    TableError::at(line_of(text.as_bytes()), what)
}

fn windows_1252(byte: u8) -> char {
    let place = usize::from(byte.wrapping_sub(0x80));
    WINDOWS_1252.get(place).copied().unwrap_or(char::from(byte))
}

/// Returns the number of the line that follows `before`, from 1.
fn line_of(before: &[u8]) -> usize {
    1 + before.iter().filter(|byte| **byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_tells_the_encoding_and_nothing_is_guessed() {
        let text = |bytes: &[u8], encoding| {
            decode(bytes, encoding).map(Cow::into_owned).map_err(|error| error.line)
        };
        let utf8 = |bytes: &[u8]| text(bytes, Encoding::Utf8);
        assert_eq!(utf8("Mühle €".as_bytes()), Ok("Mühle €".to_owned()));
        assert_eq!(utf8(b"\xef\xbb\xbfa"), Ok("a".to_owned()));
        assert_eq!(utf8(b"\xff\xfeM\0\xfc\0"), Ok("Mü".to_owned()));
        assert_eq!(utf8(b"\xfe\xff\0M\0\xfc"), Ok("Mü".to_owned()));
        assert_eq!(utf8(b"\xff\xfeM\0\n\0\x00\xd8"), Err(2));
        assert_eq!(utf8(b"\xff\xfeM\0\xfc"), Err(1));
        assert_eq!(utf8(b"M\0\n\0"), Err(1));
        assert_eq!(utf8(b"a\nb\nM\xfchle"), Err(3));
        let asked = text(b"M\xfchle \x80\x81", Encoding::Windows1252);
        assert_eq!(asked, Ok("Mühle €\u{81}".to_owned()));
        let marked = text(b"\xef\xbb\xbf\xc3\xbc", Encoding::Windows1252);
        assert_eq!(marked, Ok("ü".to_owned()));
    }
}
