//! The network: devices, ports, links, and the rules that bind them.
//!
//! Pure and synchronous. A [`Command`] goes into [`World::execute`]; a [`Decision`] with its reply
//! and its [`Change`]s comes out, or a [`Refusal`], which leaves the world as it was. Nothing here
//! knows the clock, threads, disks or the wire: the current time is an argument.

mod change;
mod command;
mod device;
mod execute;
mod fold;
mod ids;
mod import;
mod interface;
mod invariants;
mod lifecycle;
mod link;
mod name;
mod optics;
mod outage;
mod plant;
mod problems;
mod recompute;
mod refusal;
mod revision;
mod seed;
mod selection;
mod site;
mod status;
mod time;
mod transaction;
mod undo;
mod world;

pub use change::{Change, Edit, EntityKey, EntityKind};
pub use command::{Command, CommandKind, Decision, SimulatedCommand};
pub use device::access_line::{AccessLine, AccessLines, ServedBy};
pub use device::create::{CreateDevice, DeviceReply, NewDevice};
pub use device::delete::DeleteDevice;
pub use device::details::{Coordinates, DetailError, DetailText, DetailsPatch, DeviceDetails};
pub use device::device_type::{DeviceClass, DeviceType};
pub use device::erase::ErasePersonalData;
pub use device::provision::{
    ProvisionDevice, ProvisionDevices, ProvisionedDevice, ProvisionedDevices,
};
pub use device::status_override::{ClearDeviceOverride, SetDeviceOverride};
pub use device::update::{DevicePatch, UpdateDevice};
pub use device::{Device, Optics, Position, Uplink};
pub use fold::fold;
pub use ids::{DeviceId, ID_MAX, IdCounters, InterfaceId, LinkId};
pub use import::counts::{IMPORT_ENTITIES_MAX, ImportCounts, TypeCounts};
pub use import::cross_connects::CrossConnectTableRow;
pub use import::device_row::{DeviceTableRow, TableConnection};
pub use import::links::{LinkTableEnd, LinkTableRow};
pub use import::table::{ImportReply, ImportTable};
pub use interface::create::CreateInterface;
pub use interface::cross_connect::CrossConnect;
pub use interface::join::{
    AddCrossConnects, NewCrossConnect, RemoveCrossConnect, ReplaceCrossConnects,
};
pub use interface::splitter_side::SplitterSide;
pub use interface::{Interface, InterfaceType};
pub use invariants::error::InvariantError;
pub use invariants::site_checker::SiteChecker;
pub use lifecycle::Lifecycle;
pub use lifecycle::set_lifecycles::{LifecycleGroup, SetLifecycles};
pub use link::Link;
pub use link::connect::{ConnectDevices, ConnectedDevices, NewConnection};
pub use link::create::{CreateLink, EndJoin};
pub use link::delete::DeleteLink;
pub use link::medium::{Attenuation, DOWNSTREAM_NM, Medium, UPSTREAM_NM};
pub use link::rules::{LINK_RULES, LinkRule, rule_between};
pub use link::update::{LinkPatch, UpdateLink};
pub use name::{Lookalike, Lookalikes, Name, NameError};
pub use optics::pon_class::{PON_CLASSES, PonClass, PonClassRow};
pub use optics::pon_limits::PonLimits;
pub use optics::signal::{Direction, Signal, SignalClass};
pub use optics::split_ratio::SplitRatio;
pub use outage::cause_path::{CausePath, PathPart, cause_path};
pub use outage::customer_counts::CustomerCounts;
pub use outage::designed_path::{DarkReason, DesignedPath, designed_path};
pub use outage::device_outage::DeviceOutage;
pub use outage::outage_tracker::{OutageChange, OutageTracker};
pub use outage::planned_outage::PlannedOutage;
pub use outage::redundancy::{Redundancy, UplinkState, redundancy};
pub use plant::ports::{DevicePorts, PartPassage, PonExcess, PonLoad, PortUse, device_ports};
pub use problems::{Problem, ProblemKind, RootCause, Severity, problems};
pub use refusal::{Refusal, RowRefusal};
pub use revision::{IfUnchanged, Revised, Revision};
pub use seed::Blueprint;
pub use selection::Selection;
pub use site::Site;
pub use site::assume_joins::AssumeCrossConnects;
pub use site::refresh::RefreshStatus;
pub use site::replace::ReplaceSite;
pub use site::reseed::ReseedSite;
pub use status::end_overrides::EndOverrides;
pub use status::reasons::{Reason, Reasons};
pub use status::set_overrides::{OverrideGroup, SetOverrides};
pub use status::{Override, OverrideReason, OverrideReasonError, Status};
pub use time::Timestamp;
pub use undo::obstacle::{UndoObstacle, UndoObstacles};
pub use undo::undo_changes::{UndoChanges, UndoneCounts};
pub use world::{Neighbour, World};
