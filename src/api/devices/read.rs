//! Reading devices.
#![expect(unused_qualifications, reason = "utoipa's `params` expands to a qualified name")]

use std::ops::Bound;
use std::sync::Arc;

use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use utoipa::IntoParams;

use crate::api::conditional;
use crate::api::error::ApiError;
use crate::api::extract::{PathId, Query422};
use crate::api::listing::{self, PageQuery, Selected};
use crate::api::state::ApiState;
use crate::api::validation::{Fields, FromFields, parse};
use crate::domain::{
    AccessLine, DetailText, Device, DeviceDetails, DeviceId, DeviceType, InterfaceId, Lifecycle,
    Revision, Status, fold,
};
use crate::store::{Snapshot, StoreError};
use crate::wire::{self, DeviceView, InterfaceView};

/// Which devices to list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct DeviceQuery {
    /// At most this many devices; the next page is in a `Link` header with `rel="next"`.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 10_000)]
    limit: Option<u64>,
    /// Only devices with a greater id.
    #[param(value_type = Option<u64>)]
    after: Option<u64>,
    #[param(schema_with = wire::device_type_schema, required = false)]
    device_type: Option<DeviceType>,
    /// Effective status: the override if there is one, or else the computed status.
    #[param(schema_with = wire::status_schema, required = false)]
    status: Option<Status>,
    #[param(value_type = Option<u64>)]
    parent_container_id: Option<DeviceId>,
    #[param(schema_with = wire::lifecycle_schema, required = false)]
    lifecycle: Option<Lifecycle>,
    /// In either form of a GPON serial.
    #[param(value_type = Option<String>, min_length = 1, max_length = 64)]
    serial: Option<Box<str>>,
    /// Only the leaves that this OLT or AON switch serves; during an outage those that it is designed to.
    #[param(value_type = Option<u64>)]
    olt_id: Option<DeviceId>,
    /// Only the leaves that this port of an OLT or AON switch serves.
    #[param(value_type = Option<u64>)]
    pon_interface_id: Option<InterfaceId>,
    /// Only the leaves next to this splitter.
    #[param(value_type = Option<u64>)]
    splitter_id: Option<DeviceId>,
    /// One of the tags.
    #[param(value_type = Option<String>, min_length = 1, max_length = 40)]
    tag: Option<Box<str>>,
    /// Part of the name, serial, customer, phone or address; case, accents and Unicode normal forms are
    /// ignored.
    #[param(value_type = Option<String>, max_length = 128)]
    q: Option<String>,
}

impl FromFields for DeviceQuery {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let PageQuery { limit, after } = PageQuery::from_fields(fields)?;
        Some(Self {
            limit,
            after: Some(after),
            device_type: fields.optional("device_type", parse::device_type),
            status: fields.optional("status", parse::status),
            parent_container_id: fields.optional("parent_container_id", parse::id).map(DeviceId),
            lifecycle: fields.optional("lifecycle", parse::lifecycle),
            serial: fields.optional("serial", parse::present_detail(DetailText::Serial)),
            olt_id: fields.optional("olt_id", parse::id).map(DeviceId),
            pon_interface_id: fields.optional("pon_interface_id", parse::id).map(InterfaceId),
            splitter_id: fields.optional("splitter_id", parse::id).map(DeviceId),
            tag: fields.optional("tag", parse::present_detail(DetailText::Tag)),
            q: fields.optional("q", parse::text).map(|text| fold(&text)),
        })
    }
}

impl DeviceQuery {
    fn has_filter(&self) -> bool {
        self.device_type.is_some()
            || self.status.is_some()
            || self.parent_container_id.is_some()
            || self.lifecycle.is_some()
            || self.serial.is_some()
            || self.olt_id.is_some()
            || self.pon_interface_id.is_some()
            || self.splitter_id.is_some()
            || self.tag.is_some()
            || self.q.is_some()
    }

    fn matches(&self, device: &Device) -> bool {
        self.device_type.is_none_or(|wanted| device.device_type == wanted)
            && self.status.is_none_or(|wanted| device.effective_status() == wanted)
            && self.parent_container_id.is_none_or(|wanted| device.parent == Some(wanted))
            && self.lifecycle.is_none_or(|wanted| device.lifecycle == wanted)
            && self.serial.as_deref().is_none_or(|wanted| device.serial() == Some(wanted))
            && self.matches_line(device)
            && self.tag.as_ref().is_none_or(|wanted| has_tag(device, wanted))
            && self.q.as_ref().is_none_or(|wanted| is_about(device, wanted))
    }

    fn matches_line(&self, device: &Device) -> bool {
        let line = device.served_by.as_ref().map(|served| served.line.as_ref());
        let has = |suits: &dyn Fn(&AccessLine) -> bool| line.is_some_and(suits);
        self.olt_id.is_none_or(|wanted| has(&|line| line.node == wanted))
            && self.pon_interface_id.is_none_or(|wanted| has(&|line| line.port == wanted))
            && self.splitter_id.is_none_or(|wanted| has(&|line| line.splitter == Some(wanted)))
    }
}

fn has_tag(device: &Device, wanted: &str) -> bool {
    device.details.as_ref().is_some_and(|details| details.tags.iter().any(|tag| **tag == *wanted))
}

/// Whether one of the texts by which a device is known contains `wanted`, which is folded.
fn is_about(device: &Device, wanted: &str) -> bool {
    let has = |text: &Option<Box<str>>| text.as_ref().is_some_and(|text| contains(text, wanted));
    let in_details = |details: &DeviceDetails| {
        has(&details.serial)
            || has(&details.customer_reference)
            || has(&details.customer_name)
            || has(&details.phone)
            || has(&details.address)
    };
    contains(device.name.as_str(), wanted) || device.details.as_deref().is_some_and(in_details)
}

/// Returns whether `text` contains `wanted`, which is folded.
fn contains(text: &str, wanted: &str) -> bool {
    if text.is_ascii() && wanted.is_ascii() {
        return wanted.is_empty()
            || text
                .as_bytes()
                .windows(wanted.len())
                .any(|window| window.eq_ignore_ascii_case(wanted.as_bytes()));
    }
    fold(text).contains(wanted)
}

type Devices = Selected<Device>;

/// Selects devices by the narrowest index: a serial, a splitter, a port, an OLT, a container, a type, or all.
fn select(
    snapshot: &Arc<Snapshot>,
    query: &Arc<DeviceQuery>,
    after: u64,
) -> Result<Devices, StoreError> {
    let query = Arc::clone(query);
    if let Some(serial) = &query.serial {
        let found = snapshot.device_with_serial(serial)?;
        let found = found.filter(|device| device.id.0 > after && query.matches(device));
        return Ok(Box::new(found.map(Ok).into_iter()));
    }
    let candidates: Devices = if let Some(splitter) = query.splitter_id {
        by_ids(snapshot, snapshot.ids_served_by_splitter(splitter, after)?)
    } else if let Some(port) = query.pon_interface_id {
        by_ids(snapshot, snapshot.ids_served_by_port(port, after)?)
    } else if let Some(olt) = query.olt_id {
        by_ids(snapshot, ids_served_by(snapshot, olt, after)?.into_iter().map(Ok))
    } else if let Some(parent) = query.parent_container_id {
        by_ids(snapshot, snapshot.ids_in_container(parent, after)?)
    } else if let Some(device_type) = query.device_type {
        by_ids(snapshot, snapshot.ids_of_type(device_type, after)?)
    } else {
        Box::new(snapshot.devices((Bound::Excluded(after), Bound::Unbounded))?)
    };
    Ok(Box::new(
        candidates
            .filter(move |device| device.as_ref().map_or(true, |device| query.matches(device))),
    ))
}

/// Ids above `after` of the leaves that an OLT or AON switch serves, ascending. They are no more than what its
/// ports can serve.
fn ids_served_by(snapshot: &Snapshot, olt: DeviceId, after: u64) -> Result<Vec<u64>, StoreError> {
    let mut ids = Vec::new();
    for port in snapshot.ids_of_ports(olt)? {
        for id in snapshot.ids_served_by_port(InterfaceId(port?), after)? {
            ids.push(id?);
        }
    }
    ids.sort_unstable();
    Ok(ids)
}

fn by_ids(
    snapshot: &Arc<Snapshot>,
    ids: impl Iterator<Item = Result<u64, StoreError>> + 'static,
) -> Devices {
    let snapshot = Arc::clone(snapshot);
    Box::new(ids.filter_map(move |id| id.and_then(|id| snapshot.device(DeviceId(id))).transpose()))
}

/// All devices, or those that match the query, ascending by id.
#[utoipa::path(
    get,
    path = "/api/devices",
    tag = "devices",
    params(DeviceQuery),
    responses((status = 200, body = Vec<DeviceView<'_>>), (status = 304, description = "Unchanged"))
)]
pub(super) async fn list_devices(
    State(state): State<ApiState>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    Query422(query): Query422<DeviceQuery>,
) -> Result<Response, ApiError> {
    let page = PageQuery { limit: query.limit, after: query.after.unwrap_or(0) };
    let path = uri.path_and_query().map_or_else(|| uri.path().to_owned(), ToString::to_string);
    if query.has_filter() {
        let query = Arc::new(query);
        let select = move |snapshot: &Arc<Snapshot>, after| select(snapshot, &query, after);
        listing::filtered(&state, &headers, &page, &path, select).await
    } else {
        listing::list::<Device>(&state, &headers, &page, &path).await
    }
}

/// One device.
#[utoipa::path(
    get,
    path = "/api/devices/{id}",
    tag = "devices",
    params(("id" = u64, Path, description = "Device id")),
    responses((status = 200, body = DeviceView<'_>), (status = 304, description = "Unchanged"))
)]
pub(super) async fn get_device(
    State(state): State<ApiState>,
    PathId(id): PathId,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let snapshot = state.handle().read();
    let device = snapshot.device(DeviceId(id))?.ok_or(ApiError::NotFound("Device not found"))?;
    let seq = snapshot.seq();
    let revision = Revision::of_device(&device);
    Ok(conditional::entity(&state, &headers, seq, revision, &DeviceView::new(&device)))
}

/// The ports of a device, in the order of their creation.
#[utoipa::path(
    get,
    path = "/api/devices/{id}/interfaces",
    tag = "devices",
    params(("id" = u64, Path, description = "Device id")),
    responses((status = 200, body = Vec<InterfaceView<'_>>), (status = 304, description = "Unchanged"))
)]
pub(super) async fn list_device_interfaces(
    State(state): State<ApiState>,
    PathId(id): PathId,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let snapshot = state.handle().read();
    snapshot.device(DeviceId(id))?.ok_or(ApiError::NotFound("Device not found"))?;
    let seq = snapshot.seq();
    if let Some(response) = conditional::not_modified(&state, &headers, seq) {
        return Ok(response);
    }
    let ports = snapshot.ports(DeviceId(id))?;
    let views: Vec<_> = ports.iter().map(InterfaceView::new).collect();
    Ok((conditional::headers(&state, seq), Json(views)).into_response())
}
