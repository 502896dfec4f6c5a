//! The layers around the SQL text: Zstandard, then age when there are recipients.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;

use age::stream::StreamWriter;
use age::{DecryptError, Decryptor, Encryptor};
use sha2::{Digest as _, Sha256};

use super::error::{BackupError, io, unreadable};
use super::keys::Keyring;
use crate::util::hex;

/// zstd's own default: three quarters of what its best levels save, at a tenth of their time.
const LEVEL: i32 = 3;
/// Bytes handed to the file at a time.
const FILE_CHUNK_BYTES: usize = 256 * 1024;
/// The first bytes of each layer (age-encryption.org/v1; RFC 8878 section 3.1.1).
const AGE_MAGIC: &[u8] = b"age-encryption.org/";
const ZSTD_MAGIC: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// Writes a file: compresses, encrypts and hashes what is written to it.
pub(super) struct SealedWriter {
    zstd: zstd::Encoder<'static, Outer>,
    plain_bytes: u64,
}

/// The length and the hash of a file that was written.
pub(super) struct SealedFile {
    pub(super) bytes: u64,
    pub(super) sha256: String,
    pub(super) plain_bytes: u64,
}

/// The layer below the compression.
enum Outer {
    Plain(Hashed),
    Age(StreamWriter<Hashed>),
}

/// The file, and the hash of what goes into it.
struct Hashed {
    file: BufWriter<File>,
    hasher: Sha256,
    bytes: u64,
}

impl SealedWriter {
    /// Begins a file for these readers; without any it is not encrypted.
    pub(super) fn begin(
        file: File,
        readers: &[age::x25519::Recipient],
    ) -> Result<Self, BackupError> {
        let file = BufWriter::with_capacity(FILE_CHUNK_BYTES, file);
        let hashed = Hashed { file, hasher: Sha256::new(), bytes: 0 };
        let outer = if readers.is_empty() {
            Outer::Plain(hashed)
        } else {
            let readers = readers.iter().map(|reader| reader as &dyn age::Recipient);
            let encryptor = Encryptor::with_recipients(readers);
            let encryptor = encryptor.map_err(|error| BackupError::Key(error.to_string()))?;
            Outer::Age(encryptor.wrap_output(hashed).map_err(writing)?)
        };
        let mut zstd = zstd::Encoder::new(outer, LEVEL).map_err(writing)?;
        zstd.include_checksum(true).map_err(writing)?;
        Ok(Self { zstd, plain_bytes: 0 })
    }

    /// Ends every layer and returns after the fsync.
    pub(super) fn finish(self) -> Result<SealedFile, BackupError> {
        let hashed = match self.zstd.finish().map_err(writing)? {
            Outer::Plain(hashed) => hashed,
            Outer::Age(age) => age.finish().map_err(writing)?,
        };
        let Hashed { file, hasher, bytes } = hashed;
        let file = file.into_inner().map_err(|error| writing(error.into_error()))?;
        file.sync_all().map_err(writing)?;
        let sha256 = hex(hasher.finalize());
        Ok(SealedFile { bytes, sha256, plain_bytes: self.plain_bytes })
    }
}

fn writing(source: io::Error) -> BackupError {
    BackupError::Io { what: "cannot write the backup".to_owned(), source }
}

impl Write for SealedWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.zstd.write(bytes)?;
        self.plain_bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.zstd.flush()
    }
}

impl Write for Outer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(hashed) => hashed.write(bytes),
            Self::Age(age) => age.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(hashed) => hashed.flush(),
            Self::Age(age) => age.flush(),
        }
    }
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Whether a file is encrypted, by its first bytes.
///
/// # Errors
/// When it cannot be read.
pub fn is_encrypted(path: &Path) -> Result<bool, BackupError> {
    let mut input = BufReader::new(File::open(path).map_err(io("open", path))?);
    Ok(input.fill_buf().map_err(io("read", path))?.starts_with(AGE_MAGIC))
}

/// The first `count` bytes of a file, uncompressed if it is compressed with Zstandard.
///
/// # Errors
/// When it cannot be read or unpacked.
pub fn read_head(path: &Path, count: u64) -> Result<Vec<u8>, BackupError> {
    let input = BufReader::new(File::open(path).map_err(io("open", path))?);
    let mut head = Vec::new();
    let mut text = unpacked(Box::new(input), &file_name(path))?.take(count);
    text.read_to_end(&mut head).map_err(io("read", path))?;
    Ok(head)
}

/// The SQL text of a file, decrypted and uncompressed as necessary.
///
/// # Errors
/// [`BackupError::WrongKey`]; [`BackupError::Damaged`] if its beginning is damaged. Later damage is
/// an error of reading, possibly at the very end.
pub fn read_sql(
    path: &Path,
    keyring: &Keyring,
    made_for: &[String],
) -> Result<Box<dyn BufRead>, BackupError> {
    let file = File::open(path).map_err(io("open", path))?;
    let mut input = BufReader::with_capacity(FILE_CHUNK_BYTES, file);
    let head = input.fill_buf().map_err(io("read", path))?;
    let name = file_name(path);
    if !head.starts_with(AGE_MAGIC) {
        return unpacked(Box::new(input), &name);
    }
    let refused = |error: DecryptError| match error {
        DecryptError::Io(error) => unreadable(&name, "", error),
        DecryptError::NoMatchingKeys => {
            let made_for = match made_for {
                [] => "that its manifest would name".to_owned(),
                ids => ids.join(", "),
            };
            BackupError::WrongKey { file: name.clone(), made_for }
        }
        other => BackupError::Damaged { file: name.clone(), what: other.to_string() },
    };
    let decryptor = Decryptor::new_buffered(input).map_err(refused)?;
    let plain = decryptor.decrypt(keyring.identities()).map_err(refused)?;
    unpacked(Box::new(BufReader::with_capacity(FILE_CHUNK_BYTES, plain)), &name)
}

fn unpacked(mut input: Box<dyn BufRead>, name: &str) -> Result<Box<dyn BufRead>, BackupError> {
    // An error of the layer below at its first bytes means damage as much as a later one.
    let reading = |error| unreadable(name, "", error);
    if !input.fill_buf().map_err(reading)?.starts_with(ZSTD_MAGIC) {
        return Ok(input);
    }
    let zstd: Box<dyn Read> = Box::new(zstd::Decoder::with_buffer(input).map_err(reading)?);
    Ok(Box::new(BufReader::with_capacity(FILE_CHUNK_BYTES, zstd)))
}

/// A file's name, for messages.
pub(super) fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}
