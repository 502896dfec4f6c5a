//! An interface as JSON.

use serde::Serialize;
use utoipa::ToSchema;

use super::schemas;
use super::time::Time;
use crate::domain::Interface;

/// A port of a device.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Interface)]
pub struct InterfaceView<'a> {
    pub id: u64,
    pub name: &'a str,
    #[schema(schema_with = schemas::interface_type_schema)]
    pub interface_type: &'static str,
    #[schema(schema_with = schemas::status_schema)]
    pub status: &'static str,
    pub device_id: u64,
}

/// A port with its times, as in events.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InterfaceTimed)]
pub struct InterfaceTimedView<'a> {
    #[serde(flatten)]
    pub interface: InterfaceView<'a>,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Time,
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Time,
}

impl<'a> InterfaceView<'a> {
    pub fn new(interface: &'a Interface) -> Self {
        Self {
            id: interface.id.0,
            name: interface.name.as_str(),
            interface_type: interface.interface_type.as_str(),
            status: interface.status.as_str(),
            device_id: interface.device.0,
        }
    }
}

impl<'a> InterfaceTimedView<'a> {
    pub fn new(interface: &'a Interface) -> Self {
        Self {
            interface: InterfaceView::new(interface),
            created_at: Time(interface.created_at),
            updated_at: Time(interface.updated_at),
        }
    }
}
