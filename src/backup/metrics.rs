//! What is measured of the steps of backups.

use std::time::Duration;

use crate::util::metrics::{AttemptDurations, Metric};

/// From a small site on an SSD to the copy of a large one over a slow line.
const STEP_BOUNDS_S: &[f64] = &[0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 1_800.0, 7_200.0];

/// A step that takes long and may fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BackupStep {
    /// The site is saved into a file.
    Make,
    /// A file is restored into a scratch store, and compared.
    Verify,
    /// A file is copied off the host, to one target.
    Copy,
}

impl BackupStep {
    const ALL: [Self; 3] = [Self::Make, Self::Verify, Self::Copy];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Make => "make",
            Self::Verify => "verify",
            Self::Copy => "copy",
        }
    }
}

/// The steps, in the order of [`BackupStep::ALL`].
pub(super) struct BackupMetrics([AttemptDurations; BackupStep::ALL.len()]);

impl Default for BackupMetrics {
    fn default() -> Self {
        Self(BackupStep::ALL.map(|_| AttemptDurations::new(STEP_BOUNDS_S)))
    }
}

impl BackupMetrics {
    pub(super) fn count(&self, step: BackupStep, took: Duration, has_succeeded: bool) {
        self.0[step as usize].observe(took, has_succeeded);
    }

    pub(super) fn read(&self) -> Metric {
        let steps = BackupStep::ALL.iter().zip(&self.0);
        Metric {
            name: "unoc_backup_step_seconds",
            help: "Duration of making a backup, of verifying one, and of copying one off the host",
            series: steps.flat_map(|(step, of)| of.series("step", step.as_str())).collect(),
        }
    }
}
