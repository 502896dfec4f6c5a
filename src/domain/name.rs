//! Names of devices and interfaces.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::RangeInclusive;

use compact_str::CompactString;
use rustc_hash::FxHasher;
use unicode_normalization::UnicodeNormalization;

/// A name of 1 to [`Name::CHARS_MAX`] characters, not blank, without control characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(CompactString);

/// Why a text is not a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    #[error("a name must not be empty or blank")]
    Blank,
    #[error("a name has at most {} characters", Name::CHARS_MAX)]
    TooLong,
    #[error("a name must not contain control characters")]
    ControlCharacter,
}

impl Name {
    /// The contract's limit; long enough for `SITE-ROW-RACK-SHELF-PORT` schemes.
    pub const CHARS_MAX: usize = 128;

    /// Returns the text as a name, with all of its spaces. A text of invisible characters only counts
    /// as blank.
    ///
    /// # Errors
    /// [`NameError`].
    pub fn new(text: &str) -> Result<Self, NameError> {
        let is_seen = |c: char| !c.is_whitespace() && !c.is_control() && !is_invisible(c);
        if !text.is_ascii() && !text.chars().any(|c| c.is_control() || is_seen(c)) {
            return Err(NameError::Blank);
        }
        Self::stored(text)
    }

    /// Returns a stored text as a name: older versions accepted invisible names.
    ///
    /// # Errors
    /// [`NameError`].
    pub fn stored(text: &str) -> Result<Self, NameError> {
        if text.trim().is_empty() {
            return Err(NameError::Blank);
        }
        if text.chars().count() > Self::CHARS_MAX {
            return Err(NameError::TooLong);
        }
        if text.chars().any(char::is_control) {
            return Err(NameError::ControlCharacter);
        }
        Ok(Self(CompactString::new(text)))
    }

    /// A name that the program generates, such as `pon0` or `port7`.
    pub(crate) fn generated(args: fmt::Arguments<'_>) -> Self {
        Self(compact_str::format_compact!("{args}"))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the two look the same to a person: they differ only by case, spaces, invisible
    /// characters or Unicode normal form.
    pub fn looks_like(&self, other: &Self) -> bool {
        folded(&self.0) == folded(&other.0)
    }

    /// The same number for names that look alike, and nearly always another one for other names.
    pub(super) fn lookalike_key(&self) -> u64 {
        let mut hasher = FxHasher::default();
        folded(&self.0).hash(&mut hasher);
        hasher.finish()
    }
}

/// The text as a person sees it.
fn folded(text: &str) -> Cow<'_, str> {
    // Most names are ASCII, and every start folds all names.
    if text.is_ascii() {
        let text = text.trim();
        if !text.contains("  ") && !text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Cow::Borrowed(text);
        }
    }
    let visible = text.nfd().filter(|c| !is_invisible(*c)).flat_map(char::to_lowercase);
    let visible: String = visible.nfc().collect();
    let words: Vec<&str> = visible.split_whitespace().collect();
    Cow::Owned(words.join(" "))
}

/// Whether a character that is not white space is invisible: Default_Ignorable_Code_Point
/// of the Unicode Character Database (DerivedCoreProperties.txt, Unicode 16), and the
/// Braille blank.
fn is_invisible(c: char) -> bool {
    const RANGES: [RangeInclusive<char>; 18] = [
        '\u{ad}'..='\u{ad}',
        '\u{34f}'..='\u{34f}',
        '\u{61c}'..='\u{61c}',
        '\u{115f}'..='\u{1160}',
        '\u{17b4}'..='\u{17b5}',
        '\u{180b}'..='\u{180f}',
        '\u{200b}'..='\u{200f}',
        '\u{202a}'..='\u{202e}',
        '\u{2060}'..='\u{206f}',
        '\u{2800}'..='\u{2800}',
        '\u{3164}'..='\u{3164}',
        '\u{fe00}'..='\u{fe0f}',
        '\u{feff}'..='\u{feff}',
        '\u{ffa0}'..='\u{ffa0}',
        '\u{fff0}'..='\u{fff8}',
        '\u{1bca0}'..='\u{1bca3}',
        '\u{1d173}'..='\u{1d17a}',
        '\u{e0000}'..='\u{e0fff}',
    ];
    RANGES.iter().any(|range| range.contains(&c))
}

/// A name that a command gave, and a name of the site that looks the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookalike {
    pub name: Name,
    pub other: Name,
}

impl fmt::Display for Lookalike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, other } = self;
        let [one, two] = [name, other].map(|name| name.as_str().nfc().collect::<String>());
        let what = if one == two {
            "how accents are stored (Unicode normal form)"
        } else if one.to_lowercase() == two.to_lowercase() {
            "case"
        } else {
            "spaces, case or invisible characters"
        };
        write!(f, "The name {name:?} differs from {other:?} only by {what}")
    }
}

/// The lookalikes among the names that a command gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lookalikes {
    /// The first [`Lookalikes::SHOWN_MAX`].
    pub first: Vec<Lookalike>,
    pub count: usize,
}

impl Lookalikes {
    /// More is not read.
    pub const SHOWN_MAX: usize = 100;

    pub(super) fn add(&mut self, lookalike: Lookalike) {
        if self.first.len() < Self::SHOWN_MAX {
            self.first.push(lookalike);
        }
        self.count += 1;
    }

    /// A sentence for each, and one with the number of those that are not listed.
    pub fn warnings(&self) -> Vec<String> {
        let more = self.count - self.first.len();
        let rest = (more > 0).then(|| format!("{more} more names look like others"));
        self.first.iter().map(ToString::to_string).chain(rest).collect()
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.0.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        let long = "x".repeat(128);
        let check = |text: &str, expected: Option<NameError>| {
            assert_eq!(Name::new(text).err(), expected, "{text:?}");
        };
        check("ONT-1", None);
        check("Straße 7 / Süd", None);
        check(&long, None);
        check(&format!("{long}y"), Some(NameError::TooLong));
        check("", Some(NameError::Blank));
        check(" \u{a0}", Some(NameError::Blank));
        check("\u{200b}\u{2060} \u{3164}", Some(NameError::Blank));
        check("\u{2800}", Some(NameError::Blank));
        check("\u{200b}\n", Some(NameError::ControlCharacter));
        check("\u{200b}a", None);
        check("ONT-1 ", None);
        check("a\nb", Some(NameError::ControlCharacter));
        check("a\u{7f}", Some(NameError::ControlCharacter));
    }

    #[test]
    fn names_that_look_the_same_are_lookalikes() {
        let name = |text: &str| Name::stored(text).unwrap();
        let check = |a: &str, b: &str, expected: bool| {
            assert_eq!(name(a).looks_like(&name(b)), expected, "{a:?} {b:?}");
            assert_eq!(name(a).lookalike_key() == name(b).lookalike_key(), expected, "{a:?} {b:?}");
        };
        check("ONT-1", "ont-1", true);
        check("ONT-1", " ONT-1  ", true);
        check("Hof  Nord", "hof nord", true);
        check("Hof Nord", "Hof\u{a0}Nord", true);
        check("Süd", "Su\u{308}d", true);
        check("SÜD", "su\u{308}d", true);
        check("ONT-1", "ONT\u{200b}-1\u{ad}", true);
        check("ONT-1", "ONT-2", false);
        check("Sud", "Süd", false);
        check("Hof Nord", "HofNord", false);
        check("ONT-1", "ONT-01", false);
    }

    #[test]
    fn many_lookalikes_are_counted() {
        let mut all = Lookalikes::default();
        let [name, other] = ["ont", "ONT"].map(|text| Name::new(text).unwrap());
        for _ in 0..103 {
            all.add(Lookalike { name: name.clone(), other: other.clone() });
        }
        let warnings = all.warnings();
        assert_eq!(warnings.len(), 101);
        assert_eq!(warnings[0], "The name \"ont\" differs from \"ONT\" only by case");
        assert_eq!(warnings[100], "3 more names look like others");
    }
}
