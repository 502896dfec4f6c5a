//! Incidents and maintenance windows: writing, listing and forgetting them.
//!
//! They are written without a new seq: they are no part of the site, of its backups or of its mirror.

mod incident;
mod maintenance;
mod read;
mod record;
mod write;

pub use incident::{
    Acknowledgement, Closure, Incident, IncidentSource, IncidentState, TIMELINE_BYTES_MAX,
    TIMELINE_ENTRIES_MAX, TimelineEntry, TimelineKind,
};
pub use maintenance::MaintenanceWindow;
pub use read::{IncidentCounters, IncidentPosition};
pub use write::{CLOSED_INCIDENT_AGE_US_MAX, CLOSED_INCIDENTS_MAX, IncidentBatch};
