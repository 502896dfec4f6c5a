//! What a file holds, by its first bytes, and the command that loads it.

use std::io::{self, BufRead, Read};

/// How much of a file is examined; enough for the warnings that may stand above a dump.
const HEAD_BYTES: u64 = 64 << 10;
/// Where PostgreSQL's archives keep their format, and the number of the custom format
/// (`pg_backup_archiver.h`); the table of contents in a directory has another.
const FORMAT_AT: usize = 10;
const CUSTOM_FORMAT: u8 = 1;
/// The first bytes of a backup, and of one that is encrypted (age-encryption.org/v1).
const OWN_BACKUP: &[u8] = b"-- UNOC backup";
const ENCRYPTED: [&[u8]; 2] = [b"age-encryption.org/", b"-----BEGIN AGE ENCRYPTED FILE"];
/// What packed files begin with: gzip (RFC 1952), Zstandard (RFC 8878), xz, bzip2, zip, LZ4.
const PACKED: [(&[u8], &str, &str); 6] = [
    (b"\x1f\x8b", "gzip", "gunzip -c"),
    (b"\x28\xb5\x2f\xfd", "Zstandard", "zstd -dc"),
    (b"\xfd7zXZ", "xz", "xz -dc"),
    (b"BZh", "bzip2", "bzip2 -dc"),
    (b"PK\x03\x04", "zip", "unzip -p"),
    (b"\x04\x22\x4d\x18", "LZ4", "lz4 -dc"),
];
const BOM: &[u8] = b"\xef\xbb\xbf";
/// Words of comments that `pg_dump` and `pg_dumpall` begin with.
const DUMP_WORDS: [&[u8]; 2] = [b"PostgreSQL database dump", b"PostgreSQL database cluster dump"];
/// How statements about tables begin, in lower case.
const STATEMENTS: [&[u8]; 4] = [b"copy ", b"create table ", b"insert into ", b"set "];

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// SQL, such as a `pg_dump`.
    Sql,
    /// An export of UNOC or other JSON.
    Json,
    /// A backup of UNOC as SQL.
    OwnBackup,
    Encrypted,
    /// A dump in the custom or tar format of `pg_dump`.
    Archive,
    /// A file of a dump in the directory format.
    DirectoryArchive,
    Packed {
        format: &'static str,
        command: &'static str,
    },
    Utf16,
    Unknown,
}

impl FileKind {
    /// What a file with these first bytes holds.
    pub fn of(start: &[u8]) -> Self {
        let starts = |with: &&[u8]| start.starts_with(with);
        if let Some((_, format, command)) = PACKED.iter().find(|(magic, ..)| starts(magic)) {
            return Self::Packed { format, command };
        }
        if start.starts_with(b"PGDMP") {
            let is_directory = start.get(FORMAT_AT).is_some_and(|format| *format != CUSTOM_FORMAT);
            return if is_directory { Self::DirectoryArchive } else { Self::Archive };
        }
        // The name of the first member of a tar file.
        if start.starts_with(b"toc.dat\0") {
            return Self::Archive;
        }
        if ENCRYPTED.iter().any(starts) {
            return Self::Encrypted;
        }
        if is_utf16(start) {
            return Self::Utf16;
        }
        let text = start.strip_prefix(BOM).unwrap_or(start).trim_ascii_start();
        match text.first() {
            _ if text.starts_with(OWN_BACKUP) => Self::OwnBackup,
            Some(b'{' | b'[') => Self::Json,
            _ if is_sql(text) => Self::Sql,
            _ => Self::Unknown,
        }
    }
}

/// ASCII in UTF-16 without a byte order mark has a zero in every second byte.
fn is_utf16(start: &[u8]) -> bool {
    let has_mark = start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff");
    let zeros = start.get(..4).map(|four| [four[0] == 0, four[1] == 0, four[2] == 0, four[3] == 0]);
    has_mark || matches!(zeros, Some([true, false, true, false] | [false, true, false, true]))
}

fn is_sql(text: &[u8]) -> bool {
    let holds = |words: &&[u8]| text.windows(words.len()).any(|window| window == *words);
    let begins = |line: &[u8]| {
        let line = line.trim_ascii_start();
        let starts = |with: &&[u8]| {
            line.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with))
        };
        STATEMENTS.iter().any(starts)
    };
    DUMP_WORDS.iter().any(holds) || text.split(|byte| *byte == b'\n').any(begins)
}

/// Why a file cannot be imported as it is, and what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileRefusal {
    #[error(
        "this is a dump in a binary format of pg_dump; convert it to plain SQL: \
         pg_restore -f - FILE | unoc import --from-dump -"
    )]
    Archive,
    #[error(
        "this is a file of a dump in the directory format of pg_dump; convert the directory to plain SQL: \
         pg_restore -f - DIRECTORY | unoc import --from-dump -"
    )]
    DirectoryArchive,
    #[error(
        "it is compressed with {format}; decompress it: {command} FILE | unoc import --from-dump -"
    )]
    Packed { format: &'static str, command: &'static str },
    #[error(
        "the text is UTF-16, as PowerShell writes it; convert it: \
         iconv -f UTF-16 -t UTF-8 FILE | unoc import --from-dump -"
    )]
    Utf16,
    #[error("this is an export of UNOC or other JSON; load it with: unoc import FILE")]
    Json,
    #[error("this is a backup of UNOC; load it with: unoc restore FILE")]
    OwnBackup,
    #[error(
        "this is an encrypted file; if it is a backup of UNOC, load it with: unoc restore FILE --identity KEY"
    )]
    Encrypted,
}

/// Why a file of this kind cannot be imported as it is; `None` if it may be a plain dump.
pub fn refusal_of(kind: FileKind) -> Option<FileRefusal> {
    Some(match kind {
        FileKind::Sql | FileKind::Unknown => return None,
        FileKind::Archive => FileRefusal::Archive,
        FileKind::DirectoryArchive => FileRefusal::DirectoryArchive,
        FileKind::Packed { format, command } => FileRefusal::Packed { format, command },
        FileKind::Utf16 => FileRefusal::Utf16,
        FileKind::Json => FileRefusal::Json,
        FileKind::OwnBackup => FileRefusal::OwnBackup,
        FileKind::Encrypted => FileRefusal::Encrypted,
    })
}

/// Returns what an input holds, and the input from its beginning.
///
/// # Errors
/// When it cannot be read.
pub fn detect(mut input: impl BufRead) -> io::Result<(FileKind, impl BufRead)> {
    let mut head = Vec::new();
    input.by_ref().take(HEAD_BYTES).read_to_end(&mut head)?;
    Ok((FileKind::of(&head), io::Cursor::new(head).chain(input)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_of_a_file_follows_from_its_first_bytes() {
        let check = |start: &[u8], expected: FileKind| {
            assert_eq!(FileKind::of(start), expected, "{}", start.escape_ascii());
        };
        check(b"", FileKind::Unknown);
        check(b"--\n-- PostgreSQL database dump\n", FileKind::Sql);
        check(
            b"pg_dump: warning: x\r\n--\r\n-- PostgreSQL database cluster dump\r\n",
            FileKind::Sql,
        );
        check(b"\xef\xbb\xbfBEGIN;\ninsert into devices values (1);\n", FileKind::Sql);
        check(b"\xef\xbb\xbf{\"unoc_export\":1}\n", FileKind::Json);
        check(b"-- UNOC backup\n-- unoc-header: {}\n", FileKind::OwnBackup);
        check(b"age-encryption.org/v1\n", FileKind::Encrypted);
        check(b"PGDMP\x01\x0e\x00\x04\x08\x01", FileKind::Archive);
        check(b"PGDMP\x01\x0e\x00\x04\x08\x03", FileKind::DirectoryArchive);
        check(b"toc.dat\0\0\0", FileKind::Archive);
        check(b"\xff\xfe-\0-\0", FileKind::Utf16);
        check(b"-\0-\0\n\0", FileKind::Utf16);
        check(b"\0-\0-\0\n", FileKind::Utf16);
        check(b"name;type\nA;ONT\n", FileKind::Unknown);
        for (magic, format, command) in PACKED {
            check(magic, FileKind::Packed { format, command });
        }
    }
}
