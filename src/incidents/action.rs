//! What people do with incidents and maintenance windows.

use crate::domain::{DeviceId, Timestamp};

/// What a person does with an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncidentAction {
    /// Who does it.
    pub name: String,
    pub kind: ActionKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActionKind {
    /// Takes it on.
    Acknowledge { note: Option<String> },
    /// Adds a note, also to one that is closed.
    Note { text: String },
    /// Closes one whose cause does not exist any longer, but which cannot know it.
    Close { note: Option<String> },
}

/// A maintenance window that a person plans.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WindowPlan {
    /// The device, and everything in it if it is a container; `None` is the whole site.
    pub device: Option<DeviceId>,
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
    pub reason: String,
    pub name: String,
}
