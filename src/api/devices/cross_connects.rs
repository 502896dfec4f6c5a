//! The cross-connects of an ODF, NVT or HOP: splices and patches that join two of its ports.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::conditional;
use crate::api::error::ApiError;
use crate::api::extract::{Body422, Origin, PathId, PathPort};
use crate::api::precondition::{IfMatch, failed};
use crate::api::state::ApiState;
use crate::api::validation::{Fields, FromFields, parse};
use crate::domain::{
    AddCrossConnects, Command, Device, DeviceId, Interface, InterfaceId, Name, NewCrossConnect,
    Refusal, RemoveCrossConnect, ReplaceCrossConnects, Revised, Revision,
};
use crate::engine::EngineError;
use crate::store::{AuditOrigin, Snapshot};

/// As many as the ports of one device can have.
const CROSS_CONNECTS_MAX: usize = 2_048;

/// A cross-connect of a device, with both of its ports.
#[derive(Serialize, ToSchema)]
#[schema(as = PortPair)]
pub(super) struct PortPairView<'a> {
    a_interface_id: u64,
    a_interface: &'a str,
    b_interface_id: u64,
    b_interface: &'a str,
    /// Its loss in dB; null counts as none beside that of the part.
    loss_db: Option<f64>,
    /// Recorded by the rule for links that name no cross-connect, not by an operator.
    is_assumed: bool,
}

/// The body of a 412: cross-connects that were changed since the caller has seen them.
#[derive(Serialize, ToSchema)]
pub(super) struct ChangedCrossConnects<'a> {
    detail: &'static str,
    /// As they are now; their tag is in the `ETag` of this answer.
    current: Vec<PortPairView<'a>>,
}

/// Cross-connects to record.
#[derive(ToSchema)]
#[schema(as = NewCrossConnects)]
pub(super) struct CrossConnectsBody {
    #[schema(max_items = 2_048)]
    cross_connects: Vec<CrossConnectBody>,
}

/// A cross-connect to record.
struct CrossConnectBody {
    ports: [PortKey; 2],
    loss_db: Option<f64>,
}

/// A cross-connect to record. Each of the two ports is given by its id or by its name.
#[derive(ToSchema)]
#[schema(as = NewCrossConnect)]
#[expect(
    dead_code,
    reason = "read by the OpenAPI generator only; `CrossConnectBody` holds the ports"
)]
struct CrossConnectSchema {
    #[schema(nullable = false)]
    a_interface_id: Option<u64>,
    #[schema(nullable = false)]
    a_interface: Option<String>,
    #[schema(nullable = false)]
    b_interface_id: Option<u64>,
    #[schema(nullable = false)]
    b_interface: Option<String>,
    /// In dB: a splice has about 0.1, a pair of connectors 0.5.
    #[schema(minimum = 0.0)]
    loss_db: Option<f64>,
}

impl utoipa::PartialSchema for CrossConnectBody {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        CrossConnectSchema::schema()
    }
}

impl ToSchema for CrossConnectBody {
    fn name() -> std::borrow::Cow<'static, str> {
        CrossConnectSchema::name()
    }
}

/// A port of a device in a request.
enum PortKey {
    Id(InterfaceId),
    Name(Name),
}

/// A cross-connect by the ids of its ports, as a simulation takes it.
pub(in crate::api) struct CrossConnectByIds(pub(in crate::api) NewCrossConnect);

impl FromFields for CrossConnectsBody {
    /// Names of 4,096 ports.
    const BODY_BYTES_MAX: usize = 1024 * 1024;

    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let cross_connects = fields.objects("cross_connects", CROSS_CONNECTS_MAX)?;
        Some(Self { cross_connects })
    }
}

impl FromFields for CrossConnectBody {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let a = port_key(fields, "a_interface_id", "a_interface");
        let b = port_key(fields, "b_interface_id", "b_interface");
        let loss_db = fields.optional("loss_db", parse::not_negative);
        Some(Self { ports: [a?, b?], loss_db })
    }
}

fn port_key(fields: &mut Fields<'_>, id: &'static str, name: &'static str) -> Option<PortKey> {
    if fields.has(name) && !fields.has(id) {
        fields.required(name, parse::name).map(PortKey::Name)
    } else {
        fields.required(id, parse::id).map(InterfaceId).map(PortKey::Id)
    }
}

impl FromFields for CrossConnectByIds {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let a = fields.required("a_interface_id", parse::id).map(InterfaceId);
        let b = fields.required("b_interface_id", parse::id).map(InterfaceId);
        let loss_db = fields.optional("loss_db", parse::not_negative);
        Some(Self(NewCrossConnect { ports: [a?, b?], loss_db }))
    }
}

/// The cross-connects of an ODF, NVT or HOP, by their older ports.
#[utoipa::path(
    get,
    path = "/api/devices/{id}/cross-connects",
    tag = "cross-connects",
    params(("id" = u64, Path, description = "Device id")),
    responses(
        (status = 200, body = Vec<PortPairView<'_>>),
        (status = 304, description = "Unchanged"),
    )
)]
pub(super) async fn list_cross_connects(
    State(state): State<ApiState>,
    PathId(id): PathId,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let snapshot = state.handle().read();
    let device = snapshot.device(DeviceId(id))?.ok_or(ApiError::NotFound("Device not found"))?;
    let ports = ports_of(&snapshot, &device)?;
    let revision = Revision::of_cross_connects(&ports);
    Ok(conditional::entity(&state, &headers, snapshot.seq(), revision, &pairs(ports.iter())))
}

/// Records cross-connects: all of them, or none. One that exists gets the loss that is given, and is
/// no longer assumed. The answer has all cross-connects of the device.
#[utoipa::path(
    post,
    path = "/api/devices/{id}/cross-connects",
    tag = "cross-connects",
    params(
        ("id" = u64, Path, description = "Device id"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that the change is meant for")
    ),
    request_body = CrossConnectsBody,
    responses(
        (status = 201, body = Vec<PortPairView<'_>>),
        (status = 412, body = ChangedCrossConnects<'_>, description = "Changed meanwhile")
    )
)]
pub(super) async fn add_cross_connects(
    State(state): State<ApiState>,
    PathId(id): PathId,
    if_match: IfMatch,
    Origin(origin): Origin,
    Body422(body): Body422<CrossConnectsBody>,
) -> Result<Response, ApiError> {
    let device = DeviceId(id);
    let command = AddCrossConnects { device, cross_connects: by_ids(&state, device, body)? };
    let ports = execute(&state, if_match, device, command, origin).await?;
    Ok((StatusCode::CREATED, Json(pairs(ports.iter().map(AsRef::as_ref)))).into_response())
}

/// Records these cross-connects, and removes all others of the device.
#[utoipa::path(
    put,
    path = "/api/devices/{id}/cross-connects",
    tag = "cross-connects",
    params(
        ("id" = u64, Path, description = "Device id"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that the change is meant for")
    ),
    request_body = CrossConnectsBody,
    responses(
        (status = 200, body = Vec<PortPairView<'_>>),
        (status = 412, body = ChangedCrossConnects<'_>, description = "Changed meanwhile")
    )
)]
pub(super) async fn replace_cross_connects(
    State(state): State<ApiState>,
    PathId(id): PathId,
    if_match: IfMatch,
    Origin(origin): Origin,
    Body422(body): Body422<CrossConnectsBody>,
) -> Result<Response, ApiError> {
    let device = DeviceId(id);
    let command = ReplaceCrossConnects { device, cross_connects: by_ids(&state, device, body)? };
    let ports = execute(&state, if_match, device, command, origin).await?;
    Ok(Json(pairs(ports.iter().map(AsRef::as_ref))).into_response())
}

/// Removes the cross-connect at a port.
#[utoipa::path(
    delete,
    path = "/api/devices/{id}/cross-connects/{interface_id}",
    tag = "cross-connects",
    params(
        ("id" = u64, Path, description = "Device id"),
        ("interface_id" = u64, Path, description = "Id of one of the two ports"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that the change is meant for")
    ),
    responses(
        (status = 204, description = "Removed"),
        (status = 412, body = ChangedCrossConnects<'_>, description = "Changed meanwhile")
    )
)]
pub(super) async fn remove_cross_connect(
    State(state): State<ApiState>,
    PathPort { id, interface_id }: PathPort,
    if_match: IfMatch,
    Origin(origin): Origin,
) -> Result<StatusCode, ApiError> {
    let device = DeviceId(id);
    let command = RemoveCrossConnect { device, port: InterfaceId(interface_id) };
    execute(&state, if_match, device, command, origin).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn execute<C: Command>(
    state: &ApiState,
    if_match: IfMatch,
    device: DeviceId,
    command: C,
    origin: AuditOrigin,
) -> Result<C::Reply, ApiError> {
    let of = Revised::CrossConnects(device);
    if_match.execute(state, of, command, origin, || changed(state, device)).await
}

fn changed(state: &ApiState, id: DeviceId) -> Result<Response, ApiError> {
    let snapshot = state.handle().read();
    let ports = snapshot.ports(id)?;
    let detail = "The cross-connects were changed since they were read; nothing was done";
    let body = ChangedCrossConnects { detail, current: pairs(ports.iter()) };
    Ok(failed(state, snapshot.seq(), Revision::of_cross_connects(&ports), &body))
}

/// The ports of an ODF, NVT or HOP.
fn ports_of(snapshot: &Snapshot, device: &Device) -> Result<Vec<Interface>, ApiError> {
    if !device.device_type.takes_cross_connects() {
        let refusal = Refusal::HasNoCrossConnects(device.device_type);
        return Err(EngineError::Refused(refusal).into());
    }
    Ok(snapshot.ports(device.id)?)
}

/// The cross-connects of a body by the ids of their ports; names of ports never change.
fn by_ids(
    state: &ApiState,
    device: DeviceId,
    body: CrossConnectsBody,
) -> Result<Vec<NewCrossConnect>, ApiError> {
    let snapshot = state.handle().read();
    let found = snapshot.device(device)?.ok_or(ApiError::NotFound("Device not found"))?;
    let ports = snapshot.ports(device)?;
    let id_of = |port: PortKey| match port {
        PortKey::Id(id) => Ok(id),
        PortKey::Name(name) => {
            let port = ports.iter().find(|port| port.name == name).map(|port| port.id);
            let (name, device) = (name.to_string(), found.name.to_string());
            port.ok_or(EngineError::Refused(Refusal::NoPortNamed { name, device }))
        }
    };
    let new = body.cross_connects.into_iter().map(|new| {
        let [a, b] = new.ports;
        let ports = [id_of(a)?, id_of(b)?];
        Ok(NewCrossConnect { ports, loss_db: new.loss_db })
    });
    new.collect()
}

/// The cross-connects of these ports, which are all those of a device that have one.
fn pairs<'p>(ports: impl Iterator<Item = &'p Interface>) -> Vec<PortPairView<'p>> {
    let joined: Vec<&Interface> = ports.filter(|port| port.cross_connect.is_some()).collect();
    let pair = |port: &&'p Interface| {
        let cross_connect = port.cross_connect.as_deref().filter(|there| port.id < there.to)?;
        // Ports are in the order of their creation, which is ascending by id.
        let other = joined.binary_search_by_key(&cross_connect.to, |other| other.id).ok()?;
        let other = joined[other];
        Some(PortPairView {
            a_interface_id: port.id.0,
            a_interface: port.name.as_str(),
            b_interface_id: other.id.0,
            b_interface: other.name.as_str(),
            loss_db: cross_connect.loss_db,
            is_assumed: cross_connect.is_assumed,
        })
    };
    joined.iter().filter_map(pair).collect()
}
