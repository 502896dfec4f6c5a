//! What listeners are told of, once it is durable.

use std::sync::Arc;

use crate::store::{Incident, TimelineKind};

/// Something happened to an incident. Notices follow from these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncidentEvent {
    pub kind: TimelineKind,
    /// As it is after the change.
    pub incident: Arc<Incident>,
    /// Whether nobody is to be notified: it is muted by maintenance, or comes and goes.
    pub is_quiet: bool,
}

/// The incidents that one write changed.
#[derive(Clone, Debug)]
pub struct IncidentNews {
    /// All that changed, also those of which only a number did, or the notices.
    pub incidents: Vec<Arc<Incident>>,
    /// In the order in which they happened.
    pub events: Vec<IncidentEvent>,
    /// Whether maintenance windows changed.
    pub has_windows: bool,
}
