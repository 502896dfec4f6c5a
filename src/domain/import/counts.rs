//! What an import did, and how much one may do.

use std::collections::BTreeMap;

use crate::domain::DeviceType;

/// Devices and interfaces that one import may create: a commit of some seconds that needs 0.5 GB of
/// disk space and less than 200 MB of memory.
pub const IMPORT_ENTITIES_MAX: usize = 250_000;

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportCounts {
    pub created: usize,
    pub updated: usize,
    pub unchanged: usize,
    /// New interfaces, also those of new devices.
    pub interfaces: usize,
    /// New links of the devices of a table of devices.
    pub connected: usize,
    /// New devices and links that are planned.
    pub planned: usize,
    /// Of a table of devices.
    pub by_type: BTreeMap<DeviceType, TypeCounts>,
}

/// What an import did with the devices of one type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TypeCounts {
    pub created: usize,
    pub updated: usize,
    pub unchanged: usize,
    pub connected: usize,
    /// New devices that are planned.
    pub planned: usize,
}
