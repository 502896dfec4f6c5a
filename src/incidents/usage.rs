//! How many incidents and maintenance windows there are, of as many as there may be.

use super::book::WINDOWS_MAX;
use super::capacity::{APPLIANCE_INCIDENTS_MAX, NETWORK_INCIDENTS_MAX};
use crate::domain::Timestamp;
use crate::store::{IncidentSource, IncidentState, Snapshot, StoreError};
use crate::util::Usage;

/// How many incidents are not closed, and how many maintenance windows have not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IncidentUsage {
    pub network: Usage,
    pub appliance: Usage,
    pub windows: Usage,
}

impl IncidentUsage {
    /// As a snapshot has them.
    ///
    /// # Errors
    /// When records cannot be read.
    pub fn read(snapshot: &Snapshot, now: Timestamp) -> Result<Self, StoreError> {
        let (mut network, mut appliance) = (0, 0);
        for state in [IncidentState::Open, IncidentState::Acknowledged] {
            for incident in snapshot.incidents(state, None)? {
                match incident?.source {
                    IncidentSource::Network => network += 1,
                    _ => appliance += 1,
                }
            }
        }
        let windows = snapshot.maintenance_windows()?;
        let windows = windows.iter().filter(|window| window.ends_at > now).count();
        Ok(Self {
            network: Usage::of(network, NETWORK_INCIDENTS_MAX),
            appliance: Usage::of(appliance, APPLIANCE_INCIDENTS_MAX),
            windows: Usage::of(windows, WINDOWS_MAX),
        })
    }
}
