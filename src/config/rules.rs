//! Parsing and checking values: one function for each kind of value.

use std::net::{IpAddr, Ipv4Addr};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::Secret;

/// The words that [`switch`] accepts.
pub(super) const SWITCH: &str = "1 or 0, true or false, yes or no, on or off";

/// Longest base path; every link in a page contains it.
const BASE_PATH_CHARS_MAX: usize = 256;

/// Shortest token; a shorter one can be guessed over the network.
const TOKEN_CHARS_MIN: usize = 8;

/// Longest token; it is sent in a header of a request.
const TOKEN_CHARS_MAX: usize = 256;

/// Longest site name; the header of every page shows it.
const SITE_NAME_CHARS_MAX: usize = 64;

/// A public minisign key has 42 bytes, in base64 without padding, and begins with `Ed` (minisign, "Public
/// key format").
const MINISIGN_KEY_CHARS: usize = 56;
const MINISIGN_KEY_START: &str = "RW";

/// A value is invalid. The key has the rule; this has a hint.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ValueError {
    /// What to do about this value, without quoting it.
    pub(super) hint: Option<String>,
    /// Whether the value may contain a secret although its key does not: it is not quoted.
    pub(super) is_secret: bool,
}

impl ValueError {
    pub(super) fn because(hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), is_secret: false }
    }

    /// A value that must not be quoted.
    pub(super) fn secret(hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), is_secret: true }
    }
}

/// Writes a parsed value to `field`, or returns the error.
pub(super) fn put<T>(field: &mut T, parsed: Result<T, ValueError>) -> Result<(), ValueError> {
    *field = parsed?;
    Ok(())
}

/// Parses an IPv4 address, or an IPv6 address without brackets.
pub(super) fn address(text: &str) -> Result<IpAddr, ValueError> {
    text.trim().parse().map_err(|_| {
        if text.eq_ignore_ascii_case("localhost") {
            ValueError::because(format!("names are not resolved; write {}", Ipv4Addr::LOCALHOST))
        } else if text.contains('[') {
            ValueError::because("write it without brackets")
        } else {
            ValueError::default()
        }
    })
}

/// Parses a decimal integer within `range`.
pub(super) fn number<T: TryFrom<u64>>(
    text: &str,
    range: RangeInclusive<u64>,
) -> Result<T, ValueError> {
    let number: Option<u64> = text.trim().parse().ok();
    let number = number.filter(|number| range.contains(number)).ok_or_else(ValueError::default)?;
    T::try_from(number).map_err(|_| ValueError::because("too large for this machine"))
}

/// Parses a switch, see [`SWITCH`], in any case.
pub(super) fn switch(text: &str) -> Result<bool, ValueError> {
    match text.trim().to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Ok(true),
        "0" | "false" | "no" | "off" => Ok(false),
        _ => Err(ValueError::default()),
    }
}

/// Returns a switch as text, as v2 writes it.
pub(super) fn shown_switch(on: bool) -> String {
    u8::from(on).to_string()
}

/// Splits a list at its commas and blanks.
pub(super) fn list(text: &str) -> Vec<String> {
    let items = text.split(|c: char| c == ',' || c.is_whitespace());
    items.filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

/// Parses an absolute path; it need not exist.
pub(super) fn absolute_path(text: &str) -> Result<PathBuf, ValueError> {
    if text.starts_with('~') {
        return Err(ValueError::because("~ is not expanded; write the whole path"));
    }
    let path = PathBuf::from(text);
    let allowed = path.is_absolute() && !text.contains(char::is_control);
    if allowed { Ok(path) } else { Err(ValueError::default()) }
}

/// Parses an absolute path; an empty text is none.
pub(super) fn optional_path(text: &str) -> Result<Option<PathBuf>, ValueError> {
    if text.is_empty() { Ok(None) } else { absolute_path(text).map(Some) }
}

/// Parses a public minisign key; an empty text is none.
pub(super) fn minisign_key(text: &str) -> Result<Option<String>, ValueError> {
    let text = text.trim();
    let is_base64 = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(&byte));
    if text.is_empty() {
        Ok(None)
    } else if text.len() == MINISIGN_KEY_CHARS && is_base64 && text.starts_with(MINISIGN_KEY_START)
    {
        Ok(Some(text.to_owned()))
    } else {
        Err(ValueError::because("write the second line of the file minisign.pub"))
    }
}

/// Returns a path as text; empty for none.
pub(super) fn shown_path(path: Option<&Path>) -> String {
    path.map(|path| path.display().to_string()).unwrap_or_default()
}

/// Parses a base path into `""` or `/a/b`; the slashes at both ends are optional.
///
/// Segments hold only the unreserved characters of RFC 3986 section 2.3, so that no layer encodes
/// them differently; `.` and `..` are refused since clients resolve them (section 5.2.4).
pub(super) fn base_path(text: &str) -> Result<String, ValueError> {
    let path = text.strip_prefix('/').unwrap_or(text);
    let path = path.strip_suffix('/').unwrap_or(path);
    if path.is_empty() {
        return Ok(String::new());
    }
    if path.contains("://") {
        return Err(ValueError::because("write only the path of the address"));
    }
    let unreserved = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
    let allowed =
        |segment: &str| !matches!(segment, "" | "." | "..") && segment.chars().all(unreserved);
    // One more character for the slash at the start.
    if path.len() + 1 > BASE_PATH_CHARS_MAX || !path.split('/').all(allowed) {
        return Err(ValueError::default());
    }
    Ok(format!("/{path}"))
}

/// Parses a token; an empty text is none.
pub(super) fn token(text: &str) -> Result<Option<Secret>, ValueError> {
    if text.is_empty() {
        return Ok(None);
    }
    let chars = text.chars().count();
    if !(TOKEN_CHARS_MIN..=TOKEN_CHARS_MAX).contains(&chars) {
        return Err(ValueError::because(format!("it has {chars} characters")));
    }
    if text.contains(char::is_control) {
        return Err(ValueError::because("it has a control character, such as a line break"));
    }
    Ok(Some(Secret::new(text)))
}

/// Parses a site name and removes the blanks around it.
pub(super) fn site_name(text: &str) -> Result<String, ValueError> {
    let name = text.trim();
    let allowed = (1..=SITE_NAME_CHARS_MAX).contains(&name.chars().count())
        && !name.contains(char::is_control);
    if allowed { Ok(name.to_owned()) } else { Err(ValueError::default()) }
}

/// Parses the identity of a site; an empty text is none.
pub(super) fn site_id(text: &str) -> Result<Option<Uuid>, ValueError> {
    if text.is_empty() {
        return Ok(None);
    }
    Uuid::try_parse(text).map(Some).map_err(|_| ValueError::default())
}

#[cfg(test)]
mod tests {
    use super::super::keys::find;
    use super::super::settings::Config;

    #[test]
    fn values_obey_their_rules() {
        let check = |key: &'static str, text: &str, expected: Option<&str>| {
            let mut config = Config::unset();
            let key = find(key).unwrap();
            let shown = (key.set)(&mut config, text).ok().map(|()| (key.shown)(&config));
            assert_eq!(shown.as_deref(), expected, "{} = {text:?}", key.name);
        };
        for (text, expected) in [("::1", Some("::1")), ("0.0.0.0", Some("0.0.0.0"))] {
            check("host", text, expected);
        }
        for text in ["localhost", "[::1]", "1.2.3", "", "127.0.0.1:80"] {
            check("host", text, None);
        }
        for text in ["-1", "65536", "5001.0", "0x10", "", "http"] {
            check("port", text, None);
        }
        for (text, expected) in [
            ("", ""),
            ("/", ""),
            ("unoc", "/unoc"),
            ("/unoc/", "/unoc"),
            ("/a/b~_-.c", "/a/b~_-.c"),
        ] {
            check("base_path", text, Some(expected));
        }
        let long = "a".repeat(256);
        for text in
            ["///", "/a//b", "/a b", "/a/../b", "/.", "/ä", "/%41", "/?", "https://x/y", &long]
        {
            check("base_path", text, None);
        }
        for (text, expected) in
            [("trace", "TRACE"), ("Warning", "WARN"), ("CRITICAL", "ERROR"), ("warn", "WARN")]
        {
            check("log_level", text, Some(expected));
        }
        check("log_level", "unoc=debug", None);
        for (text, expected) in [("TRUE", "1"), ("yes", "1"), ("off", "0"), ("No", "0")] {
            check("dev_features", text, Some(expected));
        }
        check("dev_features", "2", None);
        for text in ["relative", "~/x", "", "/a\nb"] {
            check("data_dir", text, None);
        }
        for (text, expected) in [("", Some("")), ("12345678", Some("***")), ("1234567", None)] {
            check("shutdown_token", text, expected);
        }
        check("shutdown_token", "12345678\n", None);
        check("shutdown_token", &long, Some("***"));
        check("shutdown_token", &"a".repeat(257), None);
        let name = "ö".repeat(64);
        for (text, expected) in [(" Bonn ", Some("Bonn")), (&name, Some(&*name)), ("\t", None)] {
            check("site_name", text, expected);
        }
        check("site_name", &"ö".repeat(65), None);
        check("site_name", "a\u{7}b", None);
    }
}
