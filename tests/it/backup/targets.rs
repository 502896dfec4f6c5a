//! Copies off the host, to a real S3-compatible server and into directories.

mod directory;
mod faults;
mod s3;
mod secrets;

use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;

use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use unoc::backup::targets::{BackupTarget, LocalFile, TargetError};
use uuid::Uuid;

const MIB: usize = 1024 * 1024;
const SITE: Uuid = Uuid::from_u128(0x0000_0000_0000_4000_8000_0000_0000_0001);
const OTHER_SITE: Uuid = Uuid::from_u128(0x0000_0000_0000_4000_8000_0000_0000_0002);
const NAME: &str = "unoc_20261125_021500.sql.zst.age";

/// A directory for local files, and a runtime to wait in.
struct Bench {
    directory: TempDir,
    runtime: Runtime,
}

impl Bench {
    fn new() -> Self {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(2).enable_all().build().expect("a runtime");
        Self { directory: tempfile::tempdir().expect("a temporary directory"), runtime }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A file of this many bytes, no two parts of which are equal.
    fn file(&self, name: &str, bytes: usize) -> LocalFile {
        let mut state = u64::try_from(bytes).expect("it fits") | 1;
        let mut content = Vec::with_capacity(bytes + 8);
        while content.len() < bytes {
            // A linear congruential generator (Knuth, MMIX).
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            content.extend_from_slice(&state.to_be_bytes());
        }
        content.truncate(bytes);
        let path = self.path(name);
        fs::write(&path, &content).expect("a writable directory");
        LocalFile { name: name.to_owned(), path, sha256: hex(&content), bytes: bytes as u64 }
    }

    fn upload(&self, target: &BackupTarget, file: &LocalFile) -> Result<(), TargetError> {
        self.runtime.block_on(target.upload(SITE, file, &|_| {}))
    }

    /// Uploads a file, calls `at` once when this many bytes are done, and returns all progress
    /// reports.
    fn upload_with(
        &self,
        target: &BackupTarget,
        file: &LocalFile,
        when_bytes: u64,
        at: impl FnOnce() + Send,
    ) -> (Result<(), TargetError>, Vec<u64>) {
        let (at, told) = (Mutex::new(Some(at)), Mutex::new(Vec::new()));
        let progress = |bytes: u64| {
            told.lock().expect("nobody panics").push(bytes);
            if bytes >= when_bytes
                && let Some(at) = at.lock().expect("nobody panics").take()
            {
                at();
            }
        };
        let result = self.runtime.block_on(target.upload(SITE, file, &progress));
        (result, told.into_inner().expect("nobody panics"))
    }

    fn names(&self, target: &BackupTarget, site: Uuid) -> Vec<String> {
        let files = self.runtime.block_on(target.list(site)).expect("a listing");
        let mut names: Vec<_> = files.into_iter().map(|file| file.name).collect();
        names.sort();
        names
    }
}

fn hex(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn key(site: Uuid, name: &str) -> String {
    format!("sites/{site}/{name}")
}
