//! Bytes in, length and hash out, and into a file if there is one.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::PathBuf;

use bytes::Bytes;
use sha2::{Digest, Sha256};

use crate::util::hex;

/// How many bytes are taken at a time from a stream of small pieces; each time costs a change of
/// threads.
pub(super) const BATCH_BYTES: usize = 1024 * 1024;

/// What went through, and its hash.
#[derive(Default)]
pub(super) struct Meter {
    hash: Sha256,
    pub(super) bytes: u64,
}

impl Meter {
    fn update(&mut self, piece: &[u8]) {
        self.hash.update(piece);
        self.bytes += u64::try_from(piece.len()).unwrap_or(u64::MAX);
    }

    /// Returns SHA-256 in lower-case hex.
    pub(super) fn sha256(self) -> String {
        hex(self.hash.finalize())
    }
}

/// A file that is read part by part.
pub(super) struct PartReader {
    pub(super) file: File,
    pub(super) meter: Meter,
}

impl PartReader {
    /// Reads `part_bytes`, or what is left; empty at the end.
    pub(super) fn part(&mut self, part_bytes: usize) -> io::Result<Bytes> {
        let mut part = Vec::with_capacity(part_bytes);
        let limit = u64::try_from(part_bytes).unwrap_or(u64::MAX);
        (&mut self.file).take(limit).read_to_end(&mut part)?;
        self.meter.update(&part);
        Ok(part.into())
    }
}

/// What takes a stream.
#[derive(Default)]
pub(super) struct Sink {
    /// Where it is written to, or nowhere.
    pub(super) file: Option<File>,
    /// The name of `file`, for errors.
    pub(super) path: PathBuf,
    pub(super) meter: Meter,
}

impl Sink {
    /// Takes a few pieces.
    pub(super) fn take(&mut self, pieces: &[Bytes]) -> io::Result<()> {
        for piece in pieces {
            self.meter.update(piece);
            if let Some(file) = &mut self.file {
                file.write_all(piece)?;
            }
        }
        Ok(())
    }
}
