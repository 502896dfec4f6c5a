//! How many incidents may be open at once.

use std::sync::Arc;

use crate::domain::Severity;
use crate::store::{Incident, IncidentSource};

/// Incidents of the network that are open at once and at least as severe as the next one: nobody reads
/// more, and a storm stays a bounded number of writes. The others are counted by one more incident.
pub const NETWORK_INCIDENTS_MAX: usize = 1000;
/// Incidents of the network of every severity. Without it, those that became less severe after they were
/// opened would not be bounded.
const NETWORK_TOTAL_MAX: usize = 3 * NETWORK_INCIDENTS_MAX;
/// Incidents of the jobs and checks, which are less than a hundred.
pub(super) const APPLIANCE_INCIDENTS_MAX: usize = 200;

/// Whether there are too many incidents for one more of this source and severity. What is minor never
/// takes the place of what is critical, nor the network that of the appliance.
pub(super) fn is_full<'a>(
    open: impl ExactSizeIterator<Item = &'a Arc<Incident>>,
    source: IncidentSource,
    severity: Severity,
) -> bool {
    let is_of_network = match source {
        IncidentSource::Network => true,
        IncidentSource::Job | IncidentSource::Check | IncidentSource::Duty => false,
        // It has two problems.
        IncidentSource::Service => return false,
    };
    if open.len() < APPLIANCE_INCIDENTS_MAX {
        return false;
    }
    let (mut alike, mut as_severe) = (0, 0);
    for incident in open {
        if (incident.source == IncidentSource::Network) == is_of_network {
            alike += 1;
            // The most severe is the smallest.
            as_severe += usize::from(incident.severity <= severity);
        }
    }
    if is_of_network {
        as_severe >= NETWORK_INCIDENTS_MAX || alike >= NETWORK_TOTAL_MAX
    } else {
        alike >= APPLIANCE_INCIDENTS_MAX
    }
}
