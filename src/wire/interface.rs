//! An interface as JSON.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::schemas;
use super::time::Time;
use crate::domain::{CrossConnect, Interface, InterfaceId};

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
    /// The splice or patch inside an ODF, NVT or HOP; null without one.
    pub cross_connect: Option<CrossConnectView>,
}

/// A splice or patch, as one of its two ports has it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = CrossConnect)]
#[serde(deny_unknown_fields)]
pub struct CrossConnectView {
    /// The other port, of the same device.
    pub interface_id: u64,
    /// Its loss in dB; null counts as none beside that of the part.
    pub loss_db: Option<f64>,
    /// Recorded by the rule for links that name no cross-connect, not by an operator.
    pub is_assumed: bool,
}

impl From<&CrossConnect> for CrossConnectView {
    fn from(joined: &CrossConnect) -> Self {
        let CrossConnect { to, loss_db, is_assumed } = *joined;
        Self { interface_id: to.0, loss_db, is_assumed }
    }
}

impl From<CrossConnectView> for CrossConnect {
    fn from(view: CrossConnectView) -> Self {
        let CrossConnectView { interface_id, loss_db, is_assumed } = view;
        Self { to: InterfaceId(interface_id), loss_db, is_assumed }
    }
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
            cross_connect: interface.cross_connect.as_deref().map(Into::into),
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
