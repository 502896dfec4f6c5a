//! Listing, fetching and deleting the objects at a target.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt;
use object_store::path::Path as ObjectPath;
use object_store::{GetResult, GetResultPayload, ObjectMeta, ObjectStore, ObjectStoreExt};
use rustix::fs::{Advice, fadvise};
use uuid::Uuid;

use crate::domain::Timestamp;

use super::error::{TargetError, local};
use super::target::{BackupTarget, check_name};
use super::transfer::{BATCH_BYTES, OutputFile, Sink};
use crate::util::files::{self, PRIVATE_MODE, part_path};
use crate::util::run_blocking;

/// Most objects of a site at a target: five thousand backups with their manifests, far beyond every
/// retention.
const NAMES_MAX: usize = 10_000;

/// An object at a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteFile {
    pub name: String,
    pub bytes: u64,
    /// When the target took it, by the target's clock.
    pub modified: Timestamp,
}

/// A file that was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    pub bytes: u64,
    /// SHA-256 in lower-case hex; the caller compares it with the manifest.
    pub sha256: String,
}

impl BackupTarget {
    /// Lists the files of a site in no particular order; objects that no backup names are left out.
    ///
    /// # Errors
    /// [`TargetError::TooMany`] above 10,000 objects; otherwise the target's.
    pub async fn list(&self, site: Uuid) -> Result<Vec<RemoteFile>, TargetError> {
        let store = self.open().await?;
        let prefix = self.site_prefix(site);
        let mut found = Vec::new();
        let mut seen = 0;
        let mut objects = store.list(Some(&prefix));
        while let Some(next) = self.within(self.deadlines.call, objects.next()).await? {
            let meta = match next {
                // A directory that nothing was copied to yet, or a file that has just gone.
                Err(object_store::Error::NotFound { .. }) if self.directory().is_some() => continue,
                next => next.map_err(|error| self.failed(None, &error))?,
            };
            seen += 1;
            if seen > NAMES_MAX {
                let (target, names_max) = (self.name().to_owned(), NAMES_MAX);
                return Err(TargetError::TooMany { target, names_max });
            }
            found.extend(remote_file(&prefix, &meta));
        }
        Ok(found)
    }

    /// Fetches an object into the file `into`, which appears there, synced, when it is complete;
    /// its directory must exist.
    ///
    /// # Errors
    /// [`TargetError::TooLarge`] above `bytes_max`, [`TargetError::NotFound`]; otherwise the
    /// target's or the local file's. `into` is then as it was.
    pub async fn fetch(
        &self,
        site: Uuid,
        name: &str,
        into: &Path,
        bytes_max: u64,
    ) -> Result<Fetched, TargetError> {
        let object = self.object(site, name)?;
        let store = self.open().await?;
        let part = part_path(into);
        let path = part.clone();
        let file = run_blocking(move || files::create_new(&path, PRIVATE_MODE))
            .await?
            .map_err(local(&part))?;
        let output = Some(OutputFile { file, path: part.clone() });
        let sink = Sink { output, ..Sink::default() };
        let fetched = self.drain(&store, &object, name, sink, Some(bytes_max), &|_| {}).await;
        let (from, to) = (part.clone(), into.to_owned());
        let kept = run_blocking(move || match fetched {
            Ok(sink) => keep(sink, &from, &to).map_err(local(&to)),
            Err(error) => {
                fs::remove_file(&from).ok();
                Err(error)
            }
        });
        kept.await?
    }

    /// Returns a small object, such as a manifest.
    ///
    /// # Errors
    /// As [`Self::fetch`].
    pub async fn get_small(
        &self,
        site: Uuid,
        name: &str,
        bytes_max: u64,
    ) -> Result<Bytes, TargetError> {
        let object = self.object(site, name)?;
        let store = self.open().await?;
        let result = self.get(&store, &object, name, Some(bytes_max)).await?;
        let bytes = self.within(self.deadlines.call, result.bytes()).await?;
        bytes.map_err(|error| self.failed(Some(name), &error))
    }

    /// Deletes an object; an absent one is deleted already.
    ///
    /// # Errors
    /// The target's.
    pub async fn delete(&self, site: Uuid, name: &str) -> Result<(), TargetError> {
        let object = self.object(site, name)?;
        let store = self.open().await?;
        self.remove(&store, &object, name).await
    }

    pub(super) async fn remove(
        &self,
        store: &Arc<dyn ObjectStore>,
        object: &ObjectPath,
        name: &str,
    ) -> Result<(), TargetError> {
        let deleted = self.within(self.deadlines.call, store.delete(object)).await?;
        match deleted.map_err(|error| self.failed(Some(name), &error)) {
            Ok(()) | Err(TargetError::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Reads an object to its end into `sink`; `progress` is told the bytes so far.
    pub(super) async fn drain(
        &self,
        store: &Arc<dyn ObjectStore>,
        object: &ObjectPath,
        name: &str,
        mut sink: Sink,
        bytes_max: Option<u64>,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Sink, TargetError> {
        let mut stream = self.get(store, object, name, bytes_max).await?.into_stream();
        let (mut batch, mut batch_bytes, mut is_last) = (Vec::new(), 0, false);
        while !is_last {
            match self.within(self.deadlines.step, stream.next()).await? {
                Some(piece) => {
                    let piece: Bytes = piece.map_err(|error| self.failed(Some(name), &error))?;
                    batch_bytes += piece.len();
                    batch.push(piece);
                }
                None => is_last = true,
            }
            if is_last || batch_bytes >= BATCH_BYTES {
                let pieces = std::mem::take(&mut batch);
                batch_bytes = 0;
                sink = run_blocking(move || sink.take(&pieces).map(|()| sink)).await??;
                self.check_size(name, sink.meter.bytes, bytes_max)?;
                progress(sink.meter.bytes);
            }
        }
        Ok(sink)
    }

    async fn get(
        &self,
        store: &Arc<dyn ObjectStore>,
        object: &ObjectPath,
        name: &str,
        bytes_max: Option<u64>,
    ) -> Result<GetResult, TargetError> {
        let result = self.within(self.deadlines.call, store.get(object)).await?;
        let result = result.map_err(|error| self.failed(Some(name), &error))?;
        self.check_size(name, result.meta.size, bytes_max)?;
        if let GetResultPayload::File(file, _) = &result.payload {
            // What was just written is read from the disk or the server, not from memory; where
            // that cannot be had, memory has to do.
            fadvise(file, 0, None, Advice::DontNeed).ok();
        }
        Ok(result)
    }

    fn check_size(
        &self,
        name: &str,
        bytes: u64,
        bytes_max: Option<u64>,
    ) -> Result<(), TargetError> {
        match bytes_max.filter(|bytes_max| bytes > *bytes_max) {
            Some(bytes_max) => {
                let (target, name) = (self.name().to_owned(), name.to_owned());
                Err(TargetError::TooLarge { target, name, bytes_max })
            }
            None => Ok(()),
        }
    }
}

/// Returns the file that an object is; `None` if it is deeper or its name is no backup's.
fn remote_file(prefix: &ObjectPath, meta: &ObjectMeta) -> Option<RemoteFile> {
    let mut parts = meta.location.prefix_match(prefix)?;
    let name = parts.next()?.as_ref().to_owned();
    if parts.next().is_some() || check_name(&name).is_err() {
        return None;
    }
    let modified = Timestamp(meta.last_modified.timestamp_micros());
    Some(RemoteFile { name, bytes: meta.size, modified })
}

/// Syncs the file and puts it under its name.
fn keep(sink: Sink, from: &Path, to: &Path) -> io::Result<Fetched> {
    let Sink { output, meter } = sink;
    if let Some(OutputFile { file, .. }) = output {
        file.sync_all()?;
    }
    files::rename_durably(from, to)?;
    Ok(Fetched { bytes: meter.bytes, sha256: meter.sha256() })
}
