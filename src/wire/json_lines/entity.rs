//! The lines of entities. What a device, port or link does not have is left out where version
//! 0.1.0 did not know it: such a file reads the same there.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::domain::{
    Coordinates, CrossConnect, DetailText, Device, DeviceDetails, DeviceId, DeviceType, ID_MAX,
    Interface, InterfaceId, InterfaceType, Lifecycle, Link, LinkId, Medium, Name, Optics, Override,
    OverrideReason, PonClass, Position, Reasons, SplitRatio, Status, Timestamp, Uplink,
};
use crate::wire::interface::CrossConnectView;
use crate::wire::time::Time;

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(super) enum EntityLine<'a> {
    Device(Box<DeviceLine<'a>>),
    Interface(InterfaceLine<'a>),
    Link(LinkLine<'a>),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeviceLine<'a> {
    id: u64,
    name: Cow<'a, str>,
    device_type: Cow<'a, str>,
    status: Cow<'a, str>,
    x: f64,
    y: f64,
    tx_power_dbm: Option<f64>,
    sensitivity_min_dbm: Option<f64>,
    insertion_loss_db: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pon_class: Option<Cow<'a, str>>,
    parent_container_id: Option<u64>,
    status_since: String,
    status_override: Option<Cow<'a, str>>,
    override_reason: Option<Cow<'a, str>>,
    created_at: String,
    updated_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    override_ends_at: Option<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    override_is_planned_work: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    split_ratio: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lifecycle: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    serial: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_reference: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_name: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latitude: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    longitude: Option<f64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tags: Vec<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<Cow<'a, str>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InterfaceLine<'a> {
    id: u64,
    device_id: u64,
    name: Cow<'a, str>,
    interface_type: Cow<'a, str>,
    status: Cow<'a, str>,
    created_at: String,
    updated_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    cross_connect: Option<CrossConnectView>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LinkLine<'a> {
    id: u64,
    a_interface_id: u64,
    b_interface_id: u64,
    length_km: Option<f64>,
    physical_medium_id: Option<Cow<'a, str>>,
    status: Cow<'a, str>,
    status_since: String,
    status_override: Option<Cow<'a, str>>,
    override_reason: Option<Cow<'a, str>>,
    created_at: String,
    updated_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    lifecycle: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    override_ends_at: Option<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    override_is_planned_work: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}

impl<'a> From<&'a Device> for DeviceLine<'a> {
    fn from(device: &'a Device) -> Self {
        let set = device.status_override.as_deref();
        let details = device.details.as_deref().unwrap_or(const { &DeviceDetails::NONE });
        Self {
            id: device.id.0,
            name: device.name.as_str().into(),
            device_type: device.device_type.as_str().into(),
            status: device.status.as_str().into(),
            x: device.position.x,
            y: device.position.y,
            tx_power_dbm: device.optics.tx_power_dbm,
            sensitivity_min_dbm: device.optics.sensitivity_min_dbm,
            insertion_loss_db: device.optics.insertion_loss_db,
            pon_class: device.optics.pon_class.map(|class| class.as_str().into()),
            parent_container_id: device.parent.map(|id| id.0),
            status_since: time_text(device.status_since),
            status_override: set.map(|set| set.status.as_str().into()),
            override_reason: reason_text(set),
            created_at: time_text(device.created_at),
            updated_at: time_text(device.updated_at),
            override_ends_at: set.and_then(|set| set.ends_at).map(time_text),
            override_is_planned_work: set.is_some_and(|set| set.is_planned_work),
            split_ratio: device.optics.split_ratio.map(|ratio| ratio.outputs().into()),
            lifecycle: lifecycle_word(device.lifecycle),
            serial: details.serial.as_deref().map(Cow::from),
            customer_reference: details.customer_reference.as_deref().map(Cow::from),
            customer_name: details.customer_name.as_deref().map(Cow::from),
            phone: details.phone.as_deref().map(Cow::from),
            address: details.address.as_deref().map(Cow::from),
            latitude: details.coordinates.map(|at| at.latitude),
            longitude: details.coordinates.map(|at| at.longitude),
            tags: details.tags.iter().map(|tag| Cow::from(tag.as_ref())).collect(),
            note: details.note.as_deref().map(Cow::from),
        }
    }
}

impl<'a> From<&'a Interface> for InterfaceLine<'a> {
    fn from(interface: &'a Interface) -> Self {
        Self {
            id: interface.id.0,
            device_id: interface.device.0,
            name: interface.name.as_str().into(),
            interface_type: interface.interface_type.as_str().into(),
            status: interface.status.as_str().into(),
            created_at: time_text(interface.created_at),
            updated_at: time_text(interface.updated_at),
            cross_connect: interface.cross_connect.as_deref().map(Into::into),
        }
    }
}

impl<'a> From<&'a Link> for LinkLine<'a> {
    fn from(link: &'a Link) -> Self {
        let set = link.status_override.as_deref();
        Self {
            id: link.id.0,
            a_interface_id: link.a.0,
            b_interface_id: link.b.0,
            length_km: link.length_km,
            physical_medium_id: link.medium.map(|medium| medium.as_str().into()),
            status: link.status.as_str().into(),
            status_since: time_text(link.status_since),
            status_override: set.map(|set| set.status.as_str().into()),
            override_reason: reason_text(set),
            created_at: time_text(link.created_at),
            updated_at: time_text(link.updated_at),
            lifecycle: lifecycle_word(link.lifecycle),
            override_ends_at: set.and_then(|set| set.ends_at).map(time_text),
            override_is_planned_work: set.is_some_and(|set| set.is_planned_work),
        }
    }
}

fn time_text(time: Timestamp) -> String {
    match serde_json::to_value(Time(time)) {
        Ok(serde_json::Value::String(text)) => text,
        _ => String::new(),
    }
}

fn reason_text(set: Option<&Override>) -> Option<Cow<'_, str>> {
    set.and_then(|set| set.reason.as_ref()).map(|reason| reason.as_str().into())
}

fn lifecycle_word<'a>(lifecycle: Lifecycle) -> Option<Cow<'a, str>> {
    (lifecycle != Lifecycle::default()).then(|| lifecycle.as_str().into())
}

impl DeviceLine<'_> {
    /// Returns the device of the line, or what is wrong with it.
    pub(super) fn read(self) -> Result<Device, String> {
        let pon_class = self.pon_class.as_deref();
        let pon_class = pon_class
            .map(|word| PonClass::parse(word).ok_or_else(|| format!("unknown pon_class {word:?}")));
        let split_ratio = self.split_ratio;
        let split_ratio = split_ratio.map(|outputs| {
            SplitRatio::new(outputs).ok_or_else(|| format!("unknown split_ratio {outputs}"))
        });
        let device_type = DeviceType::parse(&self.device_type)
            .ok_or_else(|| format!("unknown device_type {:?}", self.device_type))?;
        Ok(Device {
            id: DeviceId(number(self.id)?),
            name: name(&self.name)?,
            device_type,
            position: Position { x: self.x, y: self.y },
            optics: Optics {
                tx_power_dbm: self.tx_power_dbm,
                sensitivity_min_dbm: self.sensitivity_min_dbm,
                insertion_loss_db: self.insertion_loss_db,
                pon_class: pon_class.transpose()?,
                split_ratio: split_ratio.transpose()?,
            },
            lifecycle: lifecycle(self.lifecycle.as_deref())?,
            parent: self.parent_container_id.map(DeviceId),
            status: status(&self.status)?,
            // These are computed when the site is loaded.
            reasons: Reasons::NONE,
            signal: None,
            uplink: Uplink::default(),
            served_by: None,
            through_loss_db: None,
            status_since: time(&self.status_since)?,
            status_override: OverrideKeys {
                status: self.status_override.as_deref(),
                reason: self.override_reason.as_deref(),
                ends_at: self.override_ends_at.as_deref(),
                is_planned_work: self.override_is_planned_work,
            }
            .read()?
            .map(Box::new),
            created_at: time(&self.created_at)?,
            updated_at: time(&self.updated_at)?,
            details: self.details()?.boxed(),
        })
    }

    fn details(self) -> Result<DeviceDetails, String> {
        let coordinates = match (self.latitude, self.longitude) {
            (Some(latitude), Some(longitude)) => Some(Coordinates { latitude, longitude }),
            (None, None) => None,
            _ => return Err("latitude and longitude are only valid together".to_owned()),
        };
        Ok(DeviceDetails {
            serial: detail("serial", DetailText::Serial, self.serial)?,
            customer_reference: detail(
                "customer_reference",
                DetailText::CustomerReference,
                self.customer_reference,
            )?,
            customer_name: detail("customer_name", DetailText::CustomerName, self.customer_name)?,
            phone: detail("phone", DetailText::Phone, self.phone)?,
            address: detail("address", DetailText::Address, self.address)?,
            coordinates,
            tags: self.tags.iter().map(|text| tag(text)).collect::<Result<_, _>>()?,
            note: detail("note", DetailText::Note, self.note)?,
        })
    }
}

impl InterfaceLine<'_> {
    /// Returns the interface of the line, or what is wrong with it.
    pub(super) fn read(self) -> Result<Interface, String> {
        Ok(Interface {
            id: InterfaceId(number(self.id)?),
            device: DeviceId(self.device_id),
            name: name(&self.name)?,
            interface_type: InterfaceType::parse(&self.interface_type)
                .ok_or_else(|| format!("unknown interface_type {:?}", self.interface_type))?,
            cross_connect: self.cross_connect.map(|view| Box::new(CrossConnect::from(view))),
            status: status(&self.status)?,
            created_at: time(&self.created_at)?,
            updated_at: time(&self.updated_at)?,
        })
    }
}

impl LinkLine<'_> {
    /// Returns the link of the line, or what is wrong with it.
    pub(super) fn read(self) -> Result<Link, String> {
        let medium = self.physical_medium_id.as_deref();
        let medium =
            medium.map(|key| Medium::parse(key).ok_or_else(|| format!("unknown medium {key:?}")));
        Ok(Link {
            id: LinkId(number(self.id)?),
            a: InterfaceId(self.a_interface_id),
            b: InterfaceId(self.b_interface_id),
            length_km: self.length_km,
            medium: medium.transpose()?,
            lifecycle: lifecycle(self.lifecycle.as_deref())?,
            status: status(&self.status)?,
            status_since: time(&self.status_since)?,
            status_override: OverrideKeys {
                status: self.status_override.as_deref(),
                reason: self.override_reason.as_deref(),
                ends_at: self.override_ends_at.as_deref(),
                is_planned_work: self.override_is_planned_work,
            }
            .read()?
            .map(Box::new),
            created_at: time(&self.created_at)?,
            updated_at: time(&self.updated_at)?,
        })
    }
}

/// The keys of an override.
struct OverrideKeys<'a> {
    status: Option<&'a str>,
    reason: Option<&'a str>,
    ends_at: Option<&'a str>,
    is_planned_work: bool,
}

impl OverrideKeys<'_> {
    fn read(&self) -> Result<Option<Override>, String> {
        let reason = self.reason.map(OverrideReason::new).transpose();
        let reason = reason.map_err(|error| error.to_string())?;
        let ends_at = self.ends_at.map(time).transpose()?;
        let Some(word) = self.status else { return Ok(None) };
        let status = status(word)?;
        Ok(Some(Override { status, reason, ends_at, is_planned_work: self.is_planned_work }))
    }
}

fn detail(
    key: &str,
    field: DetailText,
    text: Option<Cow<'_, str>>,
) -> Result<Option<Box<str>>, String> {
    let read = text.map(|text| field.exported(&text)).transpose();
    read.map_err(|error| format!("{key}: {error}"))
}

fn tag(text: &str) -> Result<Box<str>, String> {
    DetailText::Tag.exported(text).map_err(|error| format!("tags: {error}"))
}

fn number(id: u64) -> Result<u64, String> {
    if (1..=ID_MAX).contains(&id) {
        Ok(id)
    } else {
        Err(format!("id {id} is not between 1 and {ID_MAX}"))
    }
}

fn name(text: &str) -> Result<Name, String> {
    Name::stored(text).map_err(|error| error.to_string())
}

fn status(word: &str) -> Result<Status, String> {
    Status::parse(word).ok_or_else(|| format!("unknown status {word:?}"))
}

/// The lifecycle with this word; files of 0.1.0 have none.
fn lifecycle(word: Option<&str>) -> Result<Lifecycle, String> {
    let Some(word) = word else { return Ok(Lifecycle::default()) };
    Lifecycle::parse(word).ok_or_else(|| format!("unknown lifecycle {word:?}"))
}

fn time(text: &str) -> Result<Timestamp, String> {
    Time::parse(text).ok_or_else(|| format!("{text:?} is not an RFC 3339 time"))
}
