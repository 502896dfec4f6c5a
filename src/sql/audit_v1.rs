//! Images of changed entities as version 1 of the schema had them: a backup of that version is
//! verified by writing its rows again.

use serde::Serialize;

use crate::domain::{Device, Interface, Link};
use crate::wire::{DeviceView, InterfaceView, LinkView, ReasonCodes, SignalView, Time};

#[derive(Serialize)]
pub(super) struct DeviceImageV1<'a> {
    id: u64,
    name: &'a str,
    device_type: &'static str,
    status: &'static str,
    x: f64,
    y: f64,
    tx_power_dbm: Option<f64>,
    sensitivity_min_dbm: Option<f64>,
    insertion_loss_db: Option<f64>,
    parent_container_id: Option<u64>,
    status_override: Option<&'static str>,
    override_reason: Option<&'a str>,
    effective_status: &'static str,
    status_reasons: ReasonCodes,
    signal: Option<SignalView>,
    pon_class: Option<&'static str>,
    status_since: Time,
    created_at: Time,
    updated_at: Time,
}

#[derive(Serialize)]
pub(super) struct InterfaceImageV1<'a> {
    id: u64,
    name: &'a str,
    interface_type: &'static str,
    status: &'static str,
    device_id: u64,
}

#[derive(Serialize)]
pub(super) struct LinkImageV1<'a> {
    id: u64,
    status: &'static str,
    a_interface_id: u64,
    b_interface_id: u64,
    length_km: Option<f64>,
    physical_medium_id: Option<&'static str>,
    link_loss_db: Option<f64>,
    status_override: Option<&'static str>,
    override_reason: Option<&'a str>,
    status_since: Time,
}

impl<'a> DeviceImageV1<'a> {
    pub(super) fn new(device: &'a Device) -> Self {
        let view = DeviceView::new(device);
        Self {
            id: view.id,
            name: view.name,
            device_type: view.device_type,
            status: view.status,
            x: view.x,
            y: view.y,
            tx_power_dbm: view.tx_power_dbm,
            sensitivity_min_dbm: view.sensitivity_min_dbm,
            insertion_loss_db: view.insertion_loss_db,
            parent_container_id: view.parent_container_id,
            status_override: view.status_override,
            override_reason: view.override_reason,
            effective_status: view.effective_status,
            status_reasons: view.status_reasons,
            signal: view.signal,
            pon_class: view.pon_class,
            status_since: view.status_since,
            created_at: view.created_at,
            updated_at: view.updated_at,
        }
    }
}

impl<'a> InterfaceImageV1<'a> {
    pub(super) fn new(interface: &'a Interface) -> Self {
        let view = InterfaceView::new(interface);
        Self {
            id: view.id,
            name: view.name,
            interface_type: view.interface_type,
            status: view.status,
            device_id: view.device_id,
        }
    }
}

impl<'a> LinkImageV1<'a> {
    pub(super) fn new(link: &'a Link) -> Self {
        let view = LinkView::new(link);
        Self {
            id: view.id,
            status: view.status,
            a_interface_id: view.a_interface_id,
            b_interface_id: view.b_interface_id,
            length_km: view.length_km,
            physical_medium_id: view.physical_medium_id,
            link_loss_db: view.link_loss_db,
            status_override: view.status_override,
            override_reason: view.override_reason,
            status_since: view.status_since,
        }
    }
}
