//! The ports of a device: what is connected with them, and who is behind those of an OLT.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ArrayBuilder, Schema};

use crate::api::conditional;
use crate::api::error::ApiError;
use crate::api::extract::PathId;
use crate::api::state::ApiState;
use crate::domain::{
    DeviceId, DevicePorts, Interface, PartPassage, PonExcess, PonLimits, PonLoad, PortUse,
    SplitRatio, SplitterSide, device_ports,
};
use crate::wire::{self, InterfaceView};

/// The ports of a device.
#[derive(Serialize, ToSchema)]
#[schema(as = DevicePorts)]
pub(super) struct DevicePortsView<'a> {
    device_id: u64,
    /// How a passive part passes light on; null of other devices.
    #[schema(schema_with = passes_schema)]
    passes: Option<&'static str>,
    /// Of a splitter: its own, or else that of its outputs.
    #[schema(schema_with = wire::nullable_split_ratio_schema)]
    split_ratio: Option<u8>,
    /// Of all ports that can carry a link.
    counts: PortCounts,
    /// Only of a splitter.
    inputs: Option<PortCounts>,
    /// Only of a splitter.
    outputs: Option<PortCounts>,
    /// Only of an OLT: its ports towards subscribers.
    pon_ports: Option<PortCounts>,
    /// Only of an OLT: the planning limits of each of these ports.
    pon_limits: Option<PonLimitsView>,
    /// In the order of their creation.
    ports: Vec<PortView<'a>>,
}

/// How many ports carry a link.
#[derive(Serialize, ToSchema)]
struct PortCounts {
    total: usize,
    used: usize,
    free: usize,
}

/// The planning limits of a PON: ITU-T G.984.1, or G.9807.1 for the classes of XGS-PON.
#[derive(Serialize, ToSchema)]
#[schema(as = PonLimits)]
struct PonLimitsView {
    reach_km: f64,
    split: u32,
    subscribers: u32,
}

/// A port, and what is connected with it.
#[derive(Serialize, ToSchema)]
#[schema(as = Port)]
struct PortView<'a> {
    #[serde(flatten)]
    interface: InterfaceView<'a>,
    /// Whether it can carry a link: management and loopback ports cannot.
    can_carry_link: bool,
    /// Only of a port of a splitter.
    #[schema(schema_with = side_schema)]
    side: Option<&'static str>,
    link: Option<PortLinkView>,
    /// The port at the other end of the link.
    far_end: Option<FarEndView<'a>>,
    /// Only of a port of an OLT towards subscribers.
    pon: Option<PonLoadView>,
}

/// The link at a port.
#[derive(Serialize, ToSchema)]
#[schema(as = PortLink)]
struct PortLinkView {
    id: u64,
    #[schema(schema_with = wire::status_schema)]
    status: &'static str,
    length_km: Option<f64>,
    #[schema(schema_with = wire::lifecycle_schema)]
    lifecycle: &'static str,
}

/// The port at the other end of a link, and its device.
#[derive(Serialize, ToSchema)]
#[schema(as = PortFarEnd)]
struct FarEndView<'a> {
    device_id: u64,
    device_name: &'a str,
    #[schema(schema_with = wire::device_type_schema)]
    device_type: &'static str,
    interface_id: u64,
    interface_name: &'a str,
}

/// Who is behind a port of an OLT, as the plant is built, whatever its status. What is planned
/// counts, what is retired does not.
#[derive(Serialize, ToSchema)]
#[schema(as = PonLoad)]
struct PonLoadView {
    subscribers: u32,
    /// Fibre to the farthest subscriber; null without subscribers.
    farthest_km: Option<f64>,
    /// Some fibres on the way have no length recorded, and count as 0.
    has_unknown_length: bool,
    /// The greatest product of split ratios on a way down; 1 without a splitter.
    split: u32,
    /// The limits that are exceeded.
    #[schema(schema_with = warnings_schema)]
    warnings: Vec<&'static str>,
}

/// The ports of a device with what is connected with each, in the order of their creation.
#[utoipa::path(
    get,
    path = "/api/devices/{id}/ports",
    tag = "devices",
    params(("id" = u64, Path, description = "Device id")),
    responses(
        (status = 200, body = DevicePortsView<'_>),
        (status = 304, description = "Unchanged"),
    )
)]
pub(super) async fn list_ports(
    State(state): State<ApiState>,
    PathId(id): PathId,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let seq = state.handle().read().seq();
    if let Some(response) = conditional::not_modified(&state, &headers, seq) {
        return Ok(response);
    }
    let (seq, ports) =
        state.handle().inspect(move |world| device_ports(world, DeviceId(id))).await?;
    let ports = ports.ok_or(ApiError::NotFound("Device not found"))?;
    Ok((conditional::headers(&state, seq), Json(DevicePortsView::new(&ports))).into_response())
}

impl<'a> DevicePortsView<'a> {
    fn new(found: &'a DevicePorts) -> Self {
        let DevicePorts { device, passage, split_ratio, ports } = found;
        let on_side = |side| {
            let ports = || ports.iter().filter(move |port| port.side == Some(side));
            split_ratio.map(|_| PortCounts::of(ports()))
        };
        let pons = || ports.iter().filter(|port| port.pon.is_some());
        let limits = pons().next().map(|_| PonLimits::of(device.optics.pon_class));
        Self {
            device_id: device.id.0,
            passes: passage.map(PartPassage::as_str),
            split_ratio: split_ratio.map(SplitRatio::outputs),
            counts: PortCounts::of(ports.iter()),
            inputs: on_side(SplitterSide::Input),
            outputs: on_side(SplitterSide::Output),
            pon_ports: limits.map(|_| PortCounts::of(pons())),
            pon_limits: limits.as_ref().map(PonLimitsView::new),
            ports: ports.iter().map(|port| PortView::new(port, limits.as_ref())).collect(),
        }
    }
}

impl PortCounts {
    fn of<'p>(ports: impl Iterator<Item = &'p PortUse>) -> Self {
        let mut counts = Self { total: 0, used: 0, free: 0 };
        for port in ports.filter(|port| Interface::can_carry_link(&port.port)) {
            counts.total += 1;
            let count = if port.link.is_some() { &mut counts.used } else { &mut counts.free };
            *count += 1;
        }
        counts
    }
}

impl PonLimitsView {
    fn new(limits: &PonLimits) -> Self {
        let PonLimits { reach_km, split, subscribers } = *limits;
        Self { reach_km, split, subscribers }
    }
}

impl<'a> PortView<'a> {
    fn new(found: &'a PortUse, limits: Option<&PonLimits>) -> Self {
        let PortUse { port, side, link, far, pon } = found;
        Self {
            interface: InterfaceView::new(port),
            can_carry_link: port.can_carry_link(),
            side: side.map(SplitterSide::as_str),
            link: link.as_ref().map(|link| PortLinkView {
                id: link.id.0,
                status: link.status.as_str(),
                length_km: link.length_km,
                lifecycle: link.lifecycle.as_str(),
            }),
            far_end: far.as_ref().map(|(device, port)| FarEndView {
                device_id: device.id.0,
                device_name: device.name.as_str(),
                device_type: device.device_type.as_str(),
                interface_id: port.id.0,
                interface_name: port.name.as_str(),
            }),
            pon: pon.as_ref().zip(limits).map(|(load, limits)| PonLoadView::new(load, limits)),
        }
    }
}

impl PonLoadView {
    fn new(load: &PonLoad, limits: &PonLimits) -> Self {
        let PonLoad { subscribers, farthest_km, has_unknown_length, split } = *load;
        let warnings = load.excesses(limits).into_iter().map(PonExcess::as_str).collect();
        Self { subscribers, farthest_km, has_unknown_length, split, warnings }
    }
}

fn passes_schema() -> Schema {
    wire::nullable_words_schema(PartPassage::ALL.map(PartPassage::as_str))
}

fn side_schema() -> Schema {
    wire::nullable_words_schema(SplitterSide::ALL.map(SplitterSide::as_str))
}

fn warnings_schema() -> Schema {
    let words = wire::words_schema(PonExcess::ALL.map(PonExcess::as_str));
    ArrayBuilder::new().items(RefOr::T(words)).into()
}
