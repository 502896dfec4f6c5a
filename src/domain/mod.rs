//! The network: devices, ports, links, and the rules that bind them.
//!
//! Pure and synchronous. A [`Command`] goes into [`World::execute`]; a [`Decision`] with the
//! [`Change`]s it made comes out, or a [`Refusal`] that left the world as it was. Nothing here
//! knows the clock, threads, disks or the wire: the current time is an argument.

mod bulk;
mod change;
mod command;
mod containers;
mod derive;
mod device;
mod device_type;
mod edits;
mod execute;
mod fold;
mod ids;
mod import;
mod import_links;
mod interface;
mod invariants;
mod link;
mod links;
mod medium;
mod name;
pub mod network;
mod optics;
mod problems;
mod provision;
mod reasons;
mod refusal;
mod replace;
pub mod rules;
mod signal;
mod site;
mod status;
mod survey;
mod time;
mod world;

pub use change::{Change, Edit, EntityKey, Kind};
pub use command::{
    Command, ConnectDevices, Decision, DevicePatch, LinkPatch, NewDevice, NewInterface, NewLink,
    Reply,
};
pub use device::{Device, Optics, Position, Uplink};
pub use device_type::{DeviceClass, DeviceType};
pub use fold::fold;
pub use ids::{DeviceId, ID_MAX, IdCounters, InterfaceId, LinkId};
pub use import::{DeviceRow, ImportCounts, LinkEnd, LinkRow};
pub use interface::{Interface, InterfaceType};
pub use invariants::Violation;
pub use link::Link;
pub use medium::{Attenuation, DOWNSTREAM_NM, Medium, UPSTREAM_NM};
pub use name::{Lookalike, Lookalikes, Name, NameFault};
pub use optics::{PON_CLASSES, PonClass, PonClassRow};
pub use problems::{Cause, Problem, ProblemKind, Severity, problems};
pub use reasons::{Reason, Reasons};
pub use refusal::{Refusal, RowRefusal};
pub use signal::{Direction, Signal, SignalClass};
pub use site::Site;
pub use status::{Override, OverrideReason, ReasonTooLong, Status};
pub use survey::Survey;
pub use time::Timestamp;
pub use world::{Neighbour, World};
