//! Names of backups: `unoc_YYYYMMDD_HHMMSS` in UTC, which sort by age.

use std::fmt;

use crate::domain::Timestamp;

/// The ending of the plain text, and what packing and encrypting add to it.
const SQL: &str = ".sql";
const ZSTD: &str = ".zst";
const AGE: &str = ".age";
/// The ending of a file that failed its verification.
pub(super) const BAD: &str = ".bad";
/// The ending of a file that is not complete.
pub(super) use crate::util::files::PART_SUFFIX as PART;
/// Letters of `unoc_YYYYMMDD_HHMMSS`, with `0` for any digit.
const FORM: &[u8] = b"unoc_00000000_000000";

/// A backup's name without any ending.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BackupId(String);

impl BackupId {
    /// The name of a backup taken at this time, in whole seconds.
    pub(super) fn at(time: Timestamp) -> Self {
        let time = jiff::Timestamp::from_microsecond(time.0).unwrap_or_default();
        Self(time.strftime("unoc_%Y%m%d_%H%M%S").to_string())
    }

    /// Parses a name, with the endings that files of backups have, or without.
    pub fn parse(text: &str) -> Option<Self> {
        let (id, ending) = text.split_at_checked(FORM.len())?;
        let fits = |(letter, form): (u8, &u8)| match form {
            b'0' => letter.is_ascii_digit(),
            form => letter == *form,
        };
        let is_name = id.bytes().zip(FORM).all(fits);
        let is_ending = ending.is_empty() || ending.starts_with('.');
        (is_name && is_ending).then(|| Self(id.to_owned()))
    }

    /// `YYYYMMDD_HHMMSS`
    pub(super) fn stamp(&self) -> &str {
        self.0.trim_start_matches("unoc_")
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of the packed file.
    pub(super) fn file(&self, is_encrypted: bool) -> String {
        format!("{self}{SQL}{ZSTD}{}", if is_encrypted { AGE } else { "" })
    }

    /// The name inside the file, which a database that it is loaded into remembers.
    pub(super) fn sql(&self) -> String {
        format!("{self}{SQL}")
    }

    /// The name of the manifest.
    pub(super) fn manifest(&self) -> String {
        format!("{self}.json")
    }

    /// The name of its notes.
    pub(super) fn notes(&self) -> String {
        format!("{self}.notes")
    }
}

impl fmt::Display for BackupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_formatted_and_parsed() {
        let id = BackupId::at(Timestamp(1_795_439_016_111_211));
        assert_eq!(id.as_str(), "unoc_20261123_130336");
        assert_eq!(id.file(true), "unoc_20261123_130336.sql.zst.age");
        for text in ["unoc_20261123_130336", "unoc_20261123_130336.sql.zst"] {
            assert_eq!(BackupId::parse(text), Some(id.clone()));
        }
        for text in [
            "",
            "unoc_2026",
            "unoc_2026112a_130336",
            "../unoc_20261123_130336",
            "unoc_20261123_130336x",
        ] {
            assert_eq!(BackupId::parse(text), None, "{text}");
        }
    }
}
