//! A device as JSON.

use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use super::schemas;
use super::signal::SignalView;
use super::time::Time;
use crate::domain::{
    AccessLine, Device, DeviceDetails, OverrideReason, PonClass, Reasons, ServedBy, SplitRatio,
    Status,
};

/// A device. The first ten keys are v2's.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Device)]
pub struct DeviceView<'a> {
    pub id: u64,
    /// Unique among all devices.
    pub name: &'a str,
    #[schema(schema_with = schemas::device_type_schema)]
    pub device_type: &'static str,
    /// Computed from the network.
    #[schema(schema_with = schemas::status_schema)]
    pub status: &'static str,
    pub x: f64,
    pub y: f64,
    pub tx_power_dbm: Option<f64>,
    pub sensitivity_min_dbm: Option<f64>,
    pub insertion_loss_db: Option<f64>,
    pub parent_container_id: Option<u64>,
    /// The status that an operator set.
    #[schema(schema_with = schemas::nullable_status_schema)]
    pub status_override: Option<&'static str>,
    pub override_reason: Option<&'a str>,
    /// The override if there is one, or else the computed status.
    #[schema(schema_with = schemas::status_schema)]
    pub effective_status: &'static str,
    /// The reasons for the status: codes such as `no_signal`; docs/03_status_and_overrides.md.
    #[schema(value_type = Vec<String>)]
    pub status_reasons: ReasonCodes,
    /// Only for leaves with an optical path to a working OLT.
    pub signal: Option<SignalView>,
    /// Only for an OLT: its transceiver class.
    #[schema(schema_with = schemas::nullable_pon_class_schema)]
    pub pon_class: Option<&'static str>,
    /// When the effective status last changed.
    #[schema(value_type = String, format = DateTime)]
    pub status_since: Time,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Time,
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Time,
    /// When the override ends by itself; absent for one that stays until it is cleared.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub override_ends_at: Option<Time>,
    /// Whether the override is planned work, which alarms nobody.
    pub override_is_planned_work: bool,
    /// Only of a splitter: the ratio that was set; absent for that of its outputs.
    #[schema(schema_with = schemas::nullable_split_ratio_schema)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split_ratio: Option<u8>,
    /// Only what is in service alarms.
    #[schema(schema_with = schemas::lifecycle_schema)]
    pub lifecycle: &'static str,
    /// Unique among all devices. Like the fields below, absent where nothing is recorded: most devices of
    /// most sites have none, and lists are long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_reference: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<&'a str>,
    /// In degrees (WGS 84).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latitude: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub longitude: Option<f64>,
    #[schema(value_type = Vec<String>)]
    pub tags: &'a [Box<str>],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<&'a str>,
    /// Only for leaves that a fibre leads to: what serves them; during an outage, what is designed to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub served_by: Option<ServedByView<'a>>,
}

impl<'a> DeviceView<'a> {
    pub fn new(device: &'a Device) -> Self {
        let set = device.status_override.as_deref();
        let details = device.details.as_deref().unwrap_or(const { &DeviceDetails::NONE });
        Self {
            id: device.id.0,
            name: device.name.as_str(),
            device_type: device.device_type.as_str(),
            status: device.status.as_str(),
            x: device.position.x,
            y: device.position.y,
            tx_power_dbm: device.optics.tx_power_dbm,
            sensitivity_min_dbm: device.optics.sensitivity_min_dbm,
            insertion_loss_db: device.optics.insertion_loss_db,
            parent_container_id: device.parent.map(|id| id.0),
            status_override: set.map(|set| Status::as_str(set.status)),
            override_reason: set.and_then(|set| set.reason.as_ref()).map(OverrideReason::as_str),
            effective_status: device.effective_status().as_str(),
            status_reasons: ReasonCodes(device.reasons),
            signal: device.signal.as_ref().map(SignalView::new),
            pon_class: device.optics.pon_class.map(PonClass::as_str),
            status_since: Time(device.status_since),
            created_at: Time(device.created_at),
            updated_at: Time(device.updated_at),
            override_ends_at: set.and_then(|set| set.ends_at).map(Time),
            override_is_planned_work: set.is_some_and(|set| set.is_planned_work),
            split_ratio: device.optics.split_ratio.map(SplitRatio::outputs),
            lifecycle: device.lifecycle.as_str(),
            serial: details.serial.as_deref(),
            customer_reference: details.customer_reference.as_deref(),
            customer_name: details.customer_name.as_deref(),
            phone: details.phone.as_deref(),
            address: details.address.as_deref(),
            latitude: details.coordinates.map(|at| at.latitude),
            longitude: details.coordinates.map(|at| at.longitude),
            tags: &details.tags,
            note: details.note.as_deref(),
            served_by: device.served_by.as_ref().map(ServedByView::new),
        }
    }
}

/// What serves a leaf.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ServedBy)]
pub struct ServedByView<'a> {
    /// The OLT; for an AON_CPE the AON switch.
    pub olt_id: u64,
    /// The port of the OLT or AON switch.
    pub pon_interface_id: u64,
    /// The name of that port, such as `pon0`.
    pub pon_port: &'a str,
    /// The splitter next to the leaf; absent without one, as is its port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub splitter_id: Option<u64>,
    /// The port of the splitter that leads to the leaf.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub splitter_interface_id: Option<u64>,
}

impl<'a> ServedByView<'a> {
    pub fn new(served: &'a ServedBy) -> Self {
        let AccessLine { node, port, port_name, splitter } = served.line.as_ref();
        Self {
            olt_id: node.0,
            pon_interface_id: port.0,
            pon_port: port_name.as_str(),
            splitter_id: splitter.map(|id| id.0),
            splitter_interface_id: served.splitter_port.map(|id| id.0),
        }
    }
}

/// Reasons as a list of their codes.
#[derive(Clone, Copy, Debug)]
pub struct ReasonCodes(Reasons);

impl ReasonCodes {
    pub fn of(device: &Device) -> Self {
        Self(device.reasons)
    }
}

impl Serialize for ReasonCodes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|reason| reason.as_str()))
    }
}
