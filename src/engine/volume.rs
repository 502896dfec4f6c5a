//! Free space on the data volume, and whether it suffices for writing.

use std::time::Duration;

use super::error::EngineError;
use crate::store::{DiskSpace, Store, StoreError};
use crate::util::{BlockingError, Observation, SharedProbe};

/// Space that a change may need on disk: its record, audit image, index entries and the pages
/// that copy-on-write takes around them. Measured below 1 KiB; doubled.
pub(super) const BYTES_PER_CHANGE: u64 = 2048;
/// Space for an ordinary command above what is kept free: an ODF with its 48 ports makes 49 changes.
/// Without it most writes are refused, although a smaller one might still succeed.
const ORDINARY_WRITE_BYTES: u64 = 64 * BYTES_PER_CHANGE;
/// How long the data volume may take to report its free space: a system call of a microsecond.
const MEASURE_TIMEOUT: Duration = Duration::from_secs(2);
/// How old a measurement may be: a monitoring agent asks less often, and a benchmark measures once a
/// second. What a write measured is used at once.
const MEASUREMENT_AGE_MAX: Duration = Duration::from_secs(1);

/// Free space on the data volume.
#[derive(Clone, Debug)]
pub struct DataVolume {
    pub space: DiskSpace,
    /// Below this the store is read-only.
    pub min_free_bytes: u64,
}

impl DataVolume {
    /// Whether an ordinary command can be written.
    pub fn is_writable(&self) -> bool {
        self.space.free_bytes >= self.min_free_bytes + ORDINARY_WRITE_BYTES
    }
}

/// The data volume has too little free space for a write.
pub(super) struct LowSpace {
    space: DiskSpace,
    needed_bytes: u64,
}

impl From<&LowSpace> for EngineError {
    fn from(low: &LowSpace) -> Self {
        Self::ReadOnly { space: low.space.clone(), needed_bytes: low.needed_bytes }
    }
}

/// Measures the data volume. Clones share the last measurement.
#[derive(Clone)]
pub(super) struct VolumeMonitor {
    store: Store,
    pub(super) min_free_bytes: u64,
    measurements: SharedProbe<Result<DataVolume, String>>,
}

impl VolumeMonitor {
    pub(super) fn new(store: Store, min_free_bytes: u64) -> Self {
        Self { store, min_free_bytes, measurements: SharedProbe::default() }
    }

    /// Measures now. Blocks while the volume does not answer.
    pub(super) fn measure(&self) -> Result<DataVolume, StoreError> {
        Ok(DataVolume { space: self.store.disk_space()?, min_free_bytes: self.min_free_bytes })
    }

    /// A measurement up to [`MEASUREMENT_AGE_MAX`] old; one thread measures for all callers.
    ///
    /// # Errors
    /// [`EngineError::Volume`], also after [`MEASURE_TIMEOUT`] without an answer.
    pub(super) async fn observe(&self) -> Result<DataVolume, EngineError> {
        let monitor = self.clone();
        let measure = move || monitor.measure().map_err(|error| error.to_string());
        let observed = match self.measurements.latest(MEASUREMENT_AGE_MAX) {
            Some(recent) => Ok(recent),
            None => self.measurements.run(MEASURE_TIMEOUT, measure).await,
        };
        let what = match observed {
            Ok(Observation { value, is_fresh: true, .. }) => match value.as_ref() {
                Ok(volume) => return Ok(volume.clone()),
                Err(error) => error.clone(),
            },
            Ok(_) => BlockingError::TimedOut.to_string(),
            Err(error) => error.to_string(),
        };
        Err(EngineError::Volume { directory: self.store.directory().to_owned(), what })
    }

    /// Checks that there is space for a write of `change_count` changes; blocks like
    /// [`VolumeMonitor::measure`].
    pub(super) fn check_space(
        &self,
        change_count: usize,
    ) -> Result<Result<(), LowSpace>, StoreError> {
        self.check_above(self.min_free_bytes, change_count)
    }

    /// As [`VolumeMonitor::check_space`], for a write that may use half of what is kept free.
    pub(super) fn check_reserve(
        &self,
        change_count: usize,
    ) -> Result<Result<(), LowSpace>, StoreError> {
        self.check_above(self.min_free_bytes / 2, change_count)
    }

    fn check_above(
        &self,
        free_bytes: u64,
        change_count: usize,
    ) -> Result<Result<(), LowSpace>, StoreError> {
        let volume = self.measure()?;
        self.measurements.record(Ok(volume.clone()));
        let needed_bytes = free_bytes + change_count as u64 * BYTES_PER_CHANGE;
        let space = volume.space;
        Ok(if space.free_bytes < needed_bytes {
            Err(LowSpace { space, needed_bytes })
        } else {
            Ok(())
        })
    }
}
