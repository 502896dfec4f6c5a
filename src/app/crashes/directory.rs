//! The directory of the crash reports: a file for each place in the code, and how the last run ended.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::report::CrashReport;
use crate::util::files::{PRIVATE_MODE, sync_directory, write_durably};

/// Its name inside the data directory.
const DIRECTORY: &str = "crashes";
/// Most reports; a program with more places that panic has other problems. The oldest are removed.
pub(super) const REPORTS_MAX: usize = 50;
/// Largest file: more than the bounds of a report's texts add up to. A larger one is not ours.
const FILE_BYTES_MAX: u64 = 256 * 1024;
/// With what the names of the reports begin.
const REPORT_PREFIX: &str = "panic-";
/// The files whose names end with it are reports, and those of [`write_durably`] are not.
const SUFFIX: &str = ".json";

/// Where the reports of a data directory are.
#[derive(Clone, Debug)]
pub(super) struct CrashDirectory {
    path: PathBuf,
}

impl CrashDirectory {
    pub(super) fn of(data_dir: &Path) -> Self {
        Self { path: data_dir.join(DIRECTORY) }
    }

    /// Makes the directory, for this user alone, and takes the right to write in it until the file is
    /// dropped; `None` while another process has it.
    pub(super) fn lock(&self) -> io::Result<Option<File>> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.path)?;
        let directory = File::open(&self.path)?;
        match directory.try_lock() {
            Ok(()) => Ok(Some(directory)),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(error)) => Err(error),
        }
    }

    /// Removes the directory if nothing is in it.
    pub(super) fn remove_if_empty(&self) {
        // One with reports stays.
        fs::remove_dir(&self.path).ok();
    }

    /// Returns the path of the report of a place in the code.
    pub(super) fn path_of(&self, location: &str) -> PathBuf {
        self.path.join(report_name(location))
    }

    /// Reads the report of a place; `None` if there is none that is valid.
    pub(super) fn report(&self, location: &str) -> Option<CrashReport> {
        self.read(&report_name(location)).ok().flatten()
    }

    /// Writes a report durably, and removes the oldest ones beyond [`REPORTS_MAX`].
    pub(super) fn write_report(&self, report: &CrashReport) -> io::Result<()> {
        self.write(&report_name(&report.location), report)?;
        let mut files: Vec<(SystemTime, PathBuf)> = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            if is_report(&entry.file_name().to_string_lossy()) {
                files.push((entry.metadata()?.modified()?, entry.path()));
            }
        }
        files.sort();
        let excess = files.len().saturating_sub(REPORTS_MAX);
        files.iter().take(excess).try_for_each(|(_, path)| fs::remove_file(path))
    }

    /// Reads all reports that are valid, by their file's name. Without a directory there are none.
    pub(super) fn reports(&self) -> io::Result<BTreeMap<String, CrashReport>> {
        let entries = match fs::read_dir(&self.path) {
            Err(error) if is_missing(&error) => return Ok(BTreeMap::new()),
            entries => entries?,
        };
        let mut reports = BTreeMap::new();
        for entry in entries {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if is_report(&name)
                && let Some(report) = self.read(&name)?
            {
                reports.insert(name, report);
            }
        }
        Ok(reports)
    }

    /// Reads a JSON file; `None` if it is missing, too large or not what it should be.
    pub(super) fn read<T: DeserializeOwned>(&self, name: &str) -> io::Result<Option<T>> {
        let file = match File::open(self.path.join(name)) {
            Err(error) if is_missing(&error) => return Ok(None),
            file => file?,
        };
        let mut bytes = Vec::new();
        file.take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
        Ok(serde_json::from_slice(&bytes).ok())
    }

    pub(super) fn write(&self, name: &str, value: &impl Serialize) -> io::Result<()> {
        let mut bytes = serde_json::to_vec_pretty(value)?;
        bytes.push(b'\n');
        write_durably(&self.path.join(name), &bytes, PRIVATE_MODE)
    }

    /// Removes a file, which may be missing, durably.
    pub(super) fn remove(&self, name: &str) -> io::Result<()> {
        match fs::remove_file(self.path.join(name)) {
            Err(error) if is_missing(&error) => Ok(()),
            removed => removed.and_then(|()| sync_directory(&self.path)),
        }
    }
}

/// Returns the reports of a data directory as files: names, and JSON.
pub(crate) fn crash_files(data_dir: &Path) -> io::Result<Vec<(String, Vec<u8>)>> {
    let reports = CrashDirectory::of(data_dir).reports()?.into_iter();
    reports.map(|(name, report)| Ok((name, serde_json::to_vec_pretty(&report)?))).collect()
}

/// Whether a file does not exist. A file in place of the directory was reported at the start.
fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

fn is_report(name: &str) -> bool {
    name.starts_with(REPORT_PREFIX) && name.ends_with(SUFFIX)
}

/// Returns `panic-src+engine+writer.rs@120.json` for `src/engine/writer.rs:120`.
fn report_name(location: &str) -> String {
    let safe = location.chars().map(|c| match c {
        '/' => '+',
        ':' => '@',
        c if c.is_ascii_alphanumeric() || "._-".contains(c) => c,
        _ => '_',
    });
    format!("{REPORT_PREFIX}{}{SUFFIX}", safe.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_are_bounded_in_number_and_other_files_are_not_read() {
        let data_dir = tempfile::tempdir().unwrap();
        let directory = CrashDirectory::of(data_dir.path());
        assert!(directory.reports().unwrap().is_empty());
        let lock = directory.lock().unwrap();
        assert!(lock.is_some() && directory.lock().unwrap().is_none(), "one process writes");
        for line in 0..REPORTS_MAX + 3 {
            directory.write_report(&CrashReport::example(&format!("src/x.rs:{line}"))).unwrap();
        }
        assert_eq!(directory.reports().unwrap().len(), REPORTS_MAX);
        let newest = format!("src/x.rs:{}", REPORTS_MAX + 2);
        assert_eq!(directory.report(&newest), Some(CrashReport::example(&newest)));
        assert_eq!(directory.report("src/x.rs:0"), None, "the oldest was removed");

        let huge = " ".repeat(usize::try_from(FILE_BYTES_MAX).unwrap() + 1);
        for (name, text) in [("panic-a.json", "{"), ("panic-b.json", &huge), ("c", "")] {
            fs::write(data_dir.path().join(DIRECTORY).join(name), text).unwrap();
        }
        assert_eq!(directory.reports().unwrap().len(), REPORTS_MAX);
    }
}
