//! The byte order mark that some editors put in front of a text.

/// UTF-8's byte order mark.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// Returns the text without a byte order mark in front (RFC 8259, section 8.1, lets a parser skip it).
pub fn without_bom(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(BOM).unwrap_or(bytes)
}
