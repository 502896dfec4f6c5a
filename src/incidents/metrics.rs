//! How many incidents are open, for monitoring systems.

use std::sync::atomic::{AtomicU64, Ordering};

use super::book::IncidentBook;
use crate::domain::Severity;
use crate::util::metrics::{Metric, float};

/// Incidents that are not closed, in the order of [`Severity::ALL`]. The owner of the book writes it.
#[derive(Default)]
pub(super) struct OpenCounts([AtomicU64; Severity::ALL.len()]);

impl OpenCounts {
    pub(super) fn update(&self, book: &IncidentBook) {
        for (severity, count) in Severity::ALL.iter().zip(&self.0) {
            let alike = book.open().filter(|incident| incident.severity == *severity).count();
            count.store(alike as u64, Ordering::Relaxed);
        }
    }

    pub(super) fn read(&self) -> Metric {
        let counts = self.0.iter().map(|count| float(count.load(Ordering::Relaxed)));
        let severities = Severity::ALL.iter().map(|severity| severity.as_str());
        Metric::gauges(
            "unoc_incidents_open",
            "Number of incidents that are not closed",
            "severity",
            severities.zip(counts),
        )
    }
}
