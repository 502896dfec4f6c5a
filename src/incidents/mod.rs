//! Incidents: one per problem that someone has to know of, until its cause is gone.
//!
//! Sources report what is wrong; [`IncidentBook`] decides what that means, without time, threads or disks.
//! One task owns the book, makes each change durable, and only then tells listeners of it. Sources report
//! states, not events: what a killed process did not write, the next one finds again.

mod action;
mod book;
mod capacity;
mod draft;
mod erasure;
mod error;
mod event;
mod flapping;
mod handle;
mod job_source;
mod metrics;
mod network_source;
mod planner;
mod report;
mod service;
mod usage;

pub use action::{ActionKind, IncidentAction, WindowPlan};
pub use book::{BookChanges, IncidentBook, REOPEN_WITHIN};
pub use capacity::NETWORK_INCIDENTS_MAX;
pub use error::IncidentError;
pub use event::{IncidentEvent, IncidentNews};
pub use handle::IncidentsHandle;
pub use job_source::watch_jobs;
pub use network_source::watch_network;
pub use planner::NoticePlanner;
pub use report::ProblemReport;
pub use service::{IncidentService, start};
pub use usage::IncidentUsage;

pub use crate::store::{
    Acknowledgement, Closure, Incident, IncidentPosition, IncidentSource, IncidentState,
    MaintenanceWindow, TimelineEntry, TimelineKind,
};
