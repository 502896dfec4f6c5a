//! Streams that are counted and hashed on their way.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::PathBuf;

use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::error::{TargetError, local};
use crate::util::hex;

/// How many bytes are taken at a time from a stream of small pieces; each time costs a change of
/// threads.
pub(super) const BATCH_BYTES: usize = 1024 * 1024;

/// The length and the hash of a stream.
#[derive(Default)]
pub(super) struct Meter {
    hash: Sha256,
    pub(super) bytes: u64,
}

impl Meter {
    fn update(&mut self, piece: &[u8]) {
        self.hash.update(piece);
        self.bytes += piece.len() as u64;
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
        (&mut self.file).take(part_bytes as u64).read_to_end(&mut part)?;
        self.meter.update(&part);
        Ok(part.into())
    }
}

/// Takes a stream.
#[derive(Default)]
pub(super) struct Sink {
    /// `None`: the stream is only hashed.
    pub(super) output: Option<OutputFile>,
    pub(super) meter: Meter,
}

/// A file that a stream is written to.
pub(super) struct OutputFile {
    pub(super) file: File,
    pub(super) path: PathBuf,
}

impl Sink {
    /// Takes a few pieces.
    ///
    /// # Errors
    /// [`TargetError::Local`] when the file cannot be written.
    pub(super) fn take(&mut self, pieces: &[Bytes]) -> Result<(), TargetError> {
        for piece in pieces {
            self.meter.update(piece);
            if let Some(OutputFile { file, path }) = &mut self.output {
                file.write_all(piece).map_err(local(path))?;
            }
        }
        Ok(())
    }
}
