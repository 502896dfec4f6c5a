//! What is recorded of planned maintenance.

use crate::domain::{DeviceId, Timestamp};

/// A time during which incidents of a place are muted: they are kept, but nobody is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaintenanceWindow {
    /// Grows by one with each window; never used twice.
    pub id: u64,
    /// The device, and everything in it if it is a container; `None` is the whole site.
    pub device: Option<DeviceId>,
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
    pub reason: String,
    /// Who planned it.
    pub name: String,
}
