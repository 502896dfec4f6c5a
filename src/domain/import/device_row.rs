//! The rows of a table of devices.

use crate::domain::{DetailsPatch, DeviceId, DeviceType, Lifecycle, Medium, Name, Optics};

/// A device as a row of a table describes it. What is absent stays as it is, or has its default.
#[derive(Clone, Debug, Default)]
pub struct DeviceTableRow {
    pub id: Option<DeviceId>,
    pub name: Option<Name>,
    pub device_type: Option<DeviceType>,
    /// The name of a container, of the site or of another row; or its id, with or without a `#`.
    pub container: Option<String>,
    pub x: Option<f64>,
    pub y: Option<f64>,
    pub optics: Optics,
    /// Not read with `lifecycle_of_new`.
    pub lifecycle: Option<Lifecycle>,
    /// Of a new device and its link; existing ones keep theirs then.
    pub lifecycle_of_new: Option<Lifecycle>,
    pub connection: Option<TableConnection>,
    /// Removes nothing.
    pub details: DetailsPatch,
    /// A value of the row could not be read, which is reported elsewhere.
    pub is_partial: bool,
}

/// What the device of a row is linked with, and how. What is absent stays as it is.
#[derive(Clone, Debug)]
pub struct TableConnection {
    /// The name of a device, of the site or of another row; or its id, with or without a `#`.
    pub to: String,
    /// A port of that device, by its name.
    pub port: Option<Name>,
    pub length_km: Option<f64>,
    pub medium: Option<Medium>,
}
