//! Provisioning a device, with its link where that is asked for.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::create::NewDeviceBody;
use crate::api::error::{ApiError, ErrorBody};
use crate::api::extract::{Body422, Origin};
use crate::api::state::ApiState;
use crate::api::validation::{Fields, FromFields, parse};
use crate::domain::{
    Change, ConnectedDevices, Device, DeviceId, InterfaceId, Lifecycle, LifecycleGroup, Link,
    Medium, NewConnection, ProvisionDevice, ProvisionedDevice, Selection, SetLifecycles, Signal,
};
use crate::wire::{self, DeviceView, InterfaceView, LinkView, SignalView};

/// A device to provision, and to connect if `connect_to` is given.
#[derive(ToSchema)]
#[schema(as = DeviceToProvision)]
pub(in crate::api) struct ProvisionBody {
    #[serde(flatten)]
    device: NewDeviceBody,
    /// The device to link the new one with.
    #[schema(required = false)]
    connect_to: Option<ConnectToBody>,
    /// Only with `connect_to`: the length of the link.
    #[schema(minimum = 0.0)]
    length_km: Option<f64>,
    /// Only with `connect_to`: the fibre of the link.
    #[schema(schema_with = wire::nullable_medium_schema, required = false)]
    medium: Option<Medium>,
}

/// The far end of the link of a new device.
#[derive(ToSchema)]
#[schema(as = ConnectTo)]
struct ConnectToBody {
    #[schema(value_type = u64)]
    device_id: DeviceId,
    /// A free port of it to take instead of the next one of the right kind.
    #[schema(value_type = Option<u64>)]
    interface_id: Option<InterfaceId>,
}

impl FromFields for ProvisionBody {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let device = NewDeviceBody::from_fields(fields);
        let connect_to = fields.nullable_object("connect_to").flatten();
        let length_km = fields.optional("length_km", parse::not_negative);
        let medium = fields.optional("medium", parse::medium);
        if !fields.has_value("connect_to") && (length_km.is_some() || medium.is_some()) {
            fields.missing("connect_to");
        }
        Some(Self { device: device?, connect_to, length_km, medium })
    }
}

impl FromFields for ConnectToBody {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let device_id = fields.required("device_id", parse::id).map(DeviceId);
        let interface_id = fields.optional("interface_id", parse::id).map(InterfaceId);
        Some(Self { device_id: device_id?, interface_id })
    }
}

impl From<ProvisionBody> for ProvisionDevice {
    fn from(body: ProvisionBody) -> Self {
        let ProvisionBody { device, connect_to, length_km, medium } = body;
        let connection = connect_to.map(|ConnectToBody { device_id, interface_id }| {
            NewConnection { to: device_id, port: interface_id, length_km, medium }
        });
        Self { device: device.into(), connection }
    }
}

/// A provisioned device with its ports.
#[derive(Serialize, ToSchema)]
pub(super) struct Provisioned<'a> {
    device: DeviceView<'a>,
    interfaces: Vec<InterfaceView<'a>>,
    message: String,
    /// Warnings about the name, such as another name that looks like it; absent if there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
    /// The link with the device of `connect_to`. Like the keys below, absent without `connect_to`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    link: Option<LinkView<'a>>,
    /// The port that the link takes at the device of `connect_to`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    interface_a: Option<InterfaceView<'a>>,
    /// The port that the link takes at the new device.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    interface_b: Option<InterfaceView<'a>>,
    /// The signal to expect: of what is planned, once device and link are in service. Null if no light
    /// reaches the device, and for devices that are not optical leaves.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<SignalView>)]
    signal: Option<Option<SignalView>>,
}

/// Creates a device with the ports of its type. With `connect_to`, also links it with that device, at
/// the next free port of the right kind or the chosen one: in one step, all or nothing.
#[utoipa::path(
    post,
    path = "/api/devices/provision",
    tag = "devices",
    request_body = ProvisionBody,
    responses(
        (status = 201, body = Provisioned<'_>),
        (status = 409, description = "The serial belongs to another device", body = ErrorBody)
    )
)]
pub(super) async fn provision_device(
    State(state): State<ApiState>,
    Origin(origin): Origin,
    Body422(body): Body422<ProvisionBody>,
) -> Result<Response, ApiError> {
    let ProvisionedDevice { device, interfaces, connected, lookalikes } =
        state.handle().execute(ProvisionDevice::from(body), origin).await?;
    let mut message = format!(
        "Device '{}' provisioned successfully with {} interfaces",
        device.name,
        interfaces.len()
    );
    let mut signal = None;
    if let Some(ConnectedDevices { link, a, names: [to, _], .. }) = &connected {
        message.push_str(&format!(" and connected to '{to}' ({})", a.name));
        let expected = expected_signal(&state, &device, link).await;
        signal = Some(expected.as_ref().map(SignalView::new));
    }
    let connected = connected.as_ref();
    let answer = Provisioned {
        device: DeviceView::new(&device),
        interfaces: interfaces.iter().map(|port| InterfaceView::new(port)).collect(),
        message,
        warnings: lookalikes.warnings(),
        link: connected.map(|connected| LinkView::new(&connected.link)),
        interface_a: connected.map(|connected| InterfaceView::new(&connected.a)),
        interface_b: connected.map(|connected| InterfaceView::new(&connected.b)),
        signal,
    };
    Ok((StatusCode::CREATED, Json(answer)).into_response())
}

/// The signal of a new device, once it and its link are in service.
async fn expected_signal(state: &ApiState, device: &Device, link: &Link) -> Option<Signal> {
    if device.is_in_service() || !device.device_type.is_optical_leaf() {
        return device.signal;
    }
    let selection = Selection { devices: vec![device.id], links: vec![link.id] };
    let lifecycle = Lifecycle::InService;
    let group = LifecycleGroup { selection, replaces: None, lifecycle, with_links: None };
    let simulated = state.handle().simulate(vec![SetLifecycles(vec![group]).into()]).await;
    // The device is provisioned, even if it was deleted or the engine stopped since.
    simulated.unwrap_or_default().into_iter().find_map(|change| match change {
        Change::Device(edit) if edit.latest().id == device.id => edit.latest().signal,
        _ => None,
    })
}
