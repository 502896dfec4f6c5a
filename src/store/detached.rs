//! A store for a look: it is read from the file as it is, and what is written to it stays in memory.
//!
//! So a store that was not closed can be repaired, and one of an older version upgraded, without a change
//! to the file, by someone who may only read it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::ops::Bound;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use redb::backends::FileBackend;
use redb::{BackendError, StorageBackend};

use super::access;
use super::error::{StoreError, catch_damage};
use super::marker;
use super::open::{
    OpenOptions, STORE_FILE, Store, beside_marker, builder, check_site_id, missing, open_error,
};

/// What is written is kept in pages of this size.
const PAGE: usize = 4096;
/// The most that is kept: far more than a repair and an upgrade write.
const WRITTEN_PAGES_MAX: usize = (64 << 20) / PAGE;

impl Store {
    /// Opens the store of a data directory for a look: nothing is created or changed there, and what is
    /// written is lost when it is closed. Nobody else can open the store meanwhile.
    ///
    /// # Errors
    /// As [`Store::open`]; [`StoreError::Io`] when there is no store and no marker.
    pub fn open_detached(directory: &Path, options: OpenOptions) -> Result<Self, StoreError> {
        let path = directory.join(STORE_FILE);
        // The marker is for what is created or replaced; nothing is, here.
        let marker = marker::read(directory).ok().flatten();
        // Opening what is no file, such as a FIFO, could wait for ever.
        if !access::is_file(&path)? {
            return Err(match &marker {
                Some(marker) => missing(directory, marker, format!("{STORE_FILE} is missing")),
                None => access::failed("open", &path)(ErrorKind::NotFound.into()),
            });
        }
        let file = File::open(&path).map_err(access::failed("open", &path))?;
        let opened = catch_damage(&path, || {
            let failed = |error| {
                open_error(&path, error).unwrap_or_else(|damage| StoreError::NotAStore {
                    path: path.clone(),
                    what: damage.to_string(),
                })
            };
            let file = FileBackend::new(file).map_err(failed)?;
            let detached = DetachedFile::new(file).map_err(access::failed("read", &path))?;
            if detached.lock().len == 0 {
                let what = "it is empty".to_owned();
                return Err(StoreError::NotAStore { path: path.clone(), what });
            }
            let db = builder(options).create_with_backend(detached).map_err(failed)?;
            let site_id = Self::check_sentinel(&db, &path, directory, marker.as_ref())?;
            Ok((db, site_id))
        });
        let (db, site_id) =
            opened.map_err(|error| beside_marker(error, directory, marker.as_ref()))?;
        check_site_id(options, site_id)?;
        Ok(Self::new(db, directory, site_id))
    }
}

/// A file that is only read, with what was written to it since in memory.
#[derive(Debug)]
struct DetachedFile {
    file: FileBackend,
    state: Mutex<Written>,
}

#[derive(Debug)]
struct Written {
    len: u64,
    /// How much of the file still counts: it was not cut off by a shorter length.
    file_len: u64,
    pages: BTreeMap<u64, Box<[u8]>>,
}

impl DetachedFile {
    fn new(file: FileBackend) -> io::Result<Self> {
        let len = file.len()?;
        let state = Written { len, file_len: len, pages: BTreeMap::new() };
        Ok(Self { file, state: Mutex::new(state) })
    }

    fn lock(&self) -> MutexGuard<'_, Written> {
        // Nothing panics while it is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads what the file has there, and zeros after its end.
    fn read_file(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let left = self.lock().file_len.saturating_sub(offset);
        let length = usize::try_from(left).unwrap_or(usize::MAX).min(out.len());
        let (there, behind) = out.split_at_mut(length);
        behind.fill(0);
        if there.is_empty() { Ok(()) } else { self.file.read(offset, there) }
    }
}

/// A part of a page: the page's number, where the part begins in it, and where it is in the bytes that are
/// read or written.
struct Part {
    page: u64,
    begin: usize,
    at: std::ops::Range<usize>,
}

fn parts(offset: u64, length: usize) -> impl Iterator<Item = Part> {
    let size = PAGE as u64;
    let mut done = 0;
    std::iter::from_fn(move || {
        if done == length {
            return None;
        }
        let position = offset + done as u64;
        let begin = usize::try_from(position % size).expect("less than a page");
        let end = length.min(done + PAGE - begin);
        let part = Part { page: position / size, begin, at: done..end };
        done = end;
        Some(part)
    })
}

impl StorageBackend for DetachedFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.lock().len)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        if offset.saturating_add(out.len() as u64) > self.lock().len {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        self.read_file(offset, out)?;
        let written = self.lock();
        for Part { page, begin, at } in parts(offset, out.len()) {
            if let Some(page) = written.pages.get(&page) {
                let length = at.len();
                out[at].copy_from_slice(&page[begin..begin + length]);
            }
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut written = self.lock();
        let Written { len: kept, file_len, pages } = &mut *written;
        *kept = len;
        *file_len = len.min(*file_len);
        let first_cut = len / PAGE as u64;
        let inside = usize::try_from(len % PAGE as u64).expect("less than a page");
        pages.retain(|number, page| {
            if *number == first_cut {
                page[inside..].fill(0);
            }
            *number <= first_cut
        });
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        for Part { page, begin, at } in parts(offset, data.len()) {
            let mut fresh = vec![0; PAGE].into_boxed_slice();
            if !self.lock().pages.contains_key(&page) {
                self.read_file(page * PAGE as u64, &mut fresh)?;
            }
            let mut written = self.lock();
            let kept = written.pages.entry(page).or_insert(fresh);
            kept[begin..begin + at.len()].copy_from_slice(&data[at]);
            if written.pages.len() > WRITTEN_PAGES_MAX {
                return Err(io::Error::other("a look at the store may not write that much"));
            }
        }
        let mut written = self.lock();
        written.len = written.len.max(offset + data.len() as u64);
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }

    // A file that is open for reading can only have shared locks. They keep writers out as well.

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_shared_range(start, end)
    }

    fn try_lock_shared_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> Result<bool, BackendError> {
        self.file.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_shared_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.query_lock_range(start, end)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Step {
        Write(u64, Vec<u8>),
        SetLen(u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        let bytes = prop::collection::vec(any::<u8>(), 1..6000);
        prop_oneof![
            (0..20_000_u64, bytes).prop_map(|(at, bytes)| Step::Write(at, bytes)),
            (1..24_000_u64).prop_map(Step::SetLen),
        ]
    }

    proptest! {
        #[test]
        fn it_reads_as_a_file_that_was_written_to(
            begin in prop::collection::vec(any::<u8>(), 1..16_000),
            steps in prop::collection::vec(step(), 0..12),
        ) {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("file");
            fs::write(&path, &begin).unwrap();
            let file = FileBackend::new(File::open(&path).unwrap()).unwrap();
            let detached = DetachedFile::new(file).unwrap();
            let mut expected = begin.clone();
            for step in steps {
                match step {
                    Step::Write(at, bytes) => {
                        detached.write(at, &bytes).unwrap();
                        let (at, end) = (usize::try_from(at).unwrap(), bytes.len());
                        expected.resize(expected.len().max(at + end), 0);
                        expected[at..at + end].copy_from_slice(&bytes);
                    }
                    Step::SetLen(len) => {
                        detached.set_len(len).unwrap();
                        expected.resize(usize::try_from(len).unwrap(), 0);
                    }
                }
                let mut found = vec![1; expected.len()];
                prop_assert_eq!(detached.len().unwrap(), expected.len() as u64);
                detached.read(0, &mut found).unwrap();
                prop_assert!(found == expected);
                let mut behind = [0; 2];
                detached.read(expected.len() as u64 - 1, &mut behind).unwrap_err();
            }
            prop_assert!(fs::read(&path).unwrap() == begin, "the file is as it was");
        }
    }
}
