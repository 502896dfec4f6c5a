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
mod ids;
mod interface;
mod invariants;
mod link;
mod links;
mod medium;
mod name;
pub mod network;
mod provision;
mod refusal;
mod replace;
pub mod rules;
mod site;
mod status;
mod time;
mod world;

pub use change::{Change, Edit, EntityKey, Kind};
pub use command::{
    Command, ConnectDevices, Decision, DevicePatch, NewDevice, NewInterface, NewLink, Reply,
};
pub use device::{Device, Optics, Position};
pub use device_type::{DeviceClass, DeviceType};
pub use ids::{DeviceId, IdCounters, InterfaceId, LinkId};
pub use interface::{Interface, InterfaceType};
pub use invariants::Violation;
pub use link::Link;
pub use medium::Medium;
pub use name::{Name, NameFault};
pub use refusal::{Refusal, RowRefusal};
pub use site::Site;
pub use status::{Override, OverrideReason, ReasonTooLong, Status};
pub use time::Timestamp;
pub use world::World;
