//! A copy: sent in parts, completed, read back and compared.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt, TryFutureExt};
use object_store::path::Path as ObjectPath;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt, PutPayload};
use uuid::Uuid;

use super::error::{TargetError, local};
use super::target::BackupTarget;
use super::transfer::{Meter, PartReader, Sink};
use crate::util::run_blocking;

/// Bytes of a part. S3 takes 5 MiB to 5 GiB and 10,000 parts (Amazon S3 User Guide, "Multipart
/// upload limits"): with 8 MiB a backup may have 78 GiB.
const PART_BYTES: usize = 8 * 1024 * 1024;

/// Parts that are on their way at a time: one is sent while the next is read, in 16 MiB of memory.
const PARTS_IN_FLIGHT: usize = 2;

/// A part on its way; gives its bytes.
type SentPart = BoxFuture<'static, object_store::Result<u64>>;

/// A complete local file that is to be copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalFile {
    /// The name at the target: `unoc_` and more of `a-z 0-9 _ .`.
    pub name: String,
    pub path: PathBuf,
    /// SHA-256 in lower-case hex.
    pub sha256: String,
    pub bytes: u64,
}

impl LocalFile {
    /// Returns up to where the progress of a copy counts: each byte is sent and read back.
    #[must_use]
    pub fn work_bytes(&self) -> u64 {
        self.bytes.saturating_mul(2)
    }
}

impl BackupTarget {
    /// Copies a file: sends it in parts, then reads it back whole and compares length and hash. A
    /// copy that was there under the name is replaced when the new one is complete. `progress` is
    /// told the bytes sent, all of them once the object is complete, and then also those read
    /// back, up to [`LocalFile::work_bytes`]. One upload of a name at a time.
    ///
    /// # Errors
    /// [`TargetError`]; nothing new is then visible under the name, except when the connection is
    /// lost while reading back. [`TargetError::Differs`]: the object was removed.
    pub async fn upload(
        &self,
        site: Uuid,
        file: &LocalFile,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<(), TargetError> {
        let object = self.object(site, &file.name)?;
        let store = self.open().await?;
        self.sweep(&object).await?;
        let sent = self.send(&store, &object, file, progress).await;
        if sent.is_err() {
            // The first error is the answer, not one of the sweep after it.
            self.sweep(&object).await.ok();
        }
        sent?;
        self.read_back(&store, &object, file, progress).await
    }

    async fn send(
        &self,
        store: &Arc<dyn ObjectStore>,
        object: &ObjectPath,
        file: &LocalFile,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<(), TargetError> {
        let path = file.path.clone();
        let opened = run_blocking(move || File::open(path)).await?.map_err(local(&file.path))?;
        let source = PartReader { file: opened, meter: Meter::default() };
        let (source, first) = next_part(source, &file.path).await?;
        if first.len() < PART_BYTES {
            file.check_local(source.meter)?;
            let put = store.put(object, PutPayload::from_bytes(first));
            let put = self.within(self.deadlines.step, put).await?;
            put.map_err(|error| self.failed(Some(&file.name), &error))?;
            progress(file.bytes);
            return Ok(());
        }
        let begun = self.within(self.deadlines.call, store.put_multipart(object)).await?;
        let mut upload = begun.map_err(|error| self.failed(Some(&file.name), &error))?;
        let mut in_flight = FuturesUnordered::new();
        let parts = self.send_parts(upload.as_mut(), &mut in_flight, source, first, file, progress);
        let sent = parts.await;
        if sent.is_err() {
            // A part that ends after the abort is kept (Amazon S3 API, "AbortMultipartUpload"), and
            // one that a directory is still writing holds its room.
            let ended = async { while in_flight.next().await.is_some() {} };
            self.within(self.deadlines.call, ended).await.ok();
            // Parts that stay behind cost room until the bucket's own rule removes them.
            self.within(self.deadlines.call, upload.abort()).await.ok();
        }
        sent
    }

    async fn send_parts(
        &self,
        upload: &mut dyn MultipartUpload,
        in_flight: &mut FuturesUnordered<SentPart>,
        mut source: PartReader,
        first: Bytes,
        file: &LocalFile,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<(), TargetError> {
        let failed = |error: &object_store::Error| self.failed(Some(&file.name), error);
        let (mut part, mut sent_bytes) = (first, 0);
        loop {
            let is_last = part.is_empty();
            if !is_last {
                let bytes = part.len() as u64;
                let put = upload.put_part(PutPayload::from_bytes(part));
                in_flight.push(put.map_ok(move |()| bytes).boxed());
            }
            let keep = if is_last { 0 } else { PARTS_IN_FLIGHT - 1 };
            while in_flight.len() > keep {
                let next = self.within(self.deadlines.step, in_flight.next()).await?;
                if let Some(done) = next {
                    sent_bytes += done.map_err(|error| failed(&error))?;
                    // The last bytes are reported when the object is complete.
                    progress(sent_bytes.min(file.bytes.saturating_sub(1)));
                }
            }
            if is_last {
                break;
            }
            (source, part) = next_part(source, &file.path).await?;
        }
        file.check_local(source.meter)?;
        let completed = self.within(self.deadlines.step, upload.complete()).await?;
        completed.map_err(|error| failed(&error))?;
        progress(file.bytes);
        Ok(())
    }

    async fn read_back(
        &self,
        store: &Arc<dyn ObjectStore>,
        object: &ObjectPath,
        file: &LocalFile,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<(), TargetError> {
        let read = |bytes: u64| progress(file.bytes.saturating_add(bytes).min(file.work_bytes()));
        let sink = self.drain(store, object, &file.name, Sink::default(), None, &read).await?;
        let (found_bytes, found_sha256) = (sink.meter.bytes, sink.meter.sha256());
        if found_bytes == file.bytes && found_sha256 == file.sha256 {
            return Ok(());
        }
        self.remove(store, object, &file.name).await?;
        Err(TargetError::Differs {
            target: self.name().to_owned(),
            name: file.name.clone(),
            bytes: file.bytes,
            found_bytes,
            sha256: file.sha256.clone(),
            found_sha256,
        })
    }

    /// Removes what earlier tries left in a directory: the store stages under `NAME#1`, `NAME#2` …
    /// and a killed process or a failed fsync leaves that behind.
    async fn sweep(&self, object: &ObjectPath) -> Result<(), TargetError> {
        let Some(directory) = self.directory() else { return Ok(()) };
        let path = directory.join(object.as_ref());
        let swept = run_blocking(move || sweep(&path));
        self.within(self.deadlines.call, swept).await??.map_err(local(directory))
    }
}

impl LocalFile {
    fn check_local(&self, meter: Meter) -> Result<(), TargetError> {
        let (found_bytes, found_sha256) = (meter.bytes, meter.sha256());
        if found_bytes == self.bytes && found_sha256 == self.sha256 {
            return Ok(());
        }
        Err(TargetError::LocalDiffers {
            path: self.path.clone(),
            bytes: self.bytes,
            found_bytes,
            sha256: self.sha256.clone(),
            found_sha256,
        })
    }
}

async fn next_part(
    mut source: PartReader,
    path: &Path,
) -> Result<(PartReader, Bytes), TargetError> {
    let (source, part) = run_blocking(move || {
        let part = source.part(PART_BYTES);
        (source, part)
    })
    .await?;
    Ok((source, part.map_err(local(path))?))
}

fn sweep(path: &Path) -> io::Result<()> {
    let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else { return Ok(()) };
    let start = format!("{}#", name.to_string_lossy());
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(&start) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
