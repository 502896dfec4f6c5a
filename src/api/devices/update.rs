//! Changing and deleting a device.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use utoipa::ToSchema;

use super::details::{DETAIL_KEYS, DetailsBody};
use super::message::{DeviceMessage, with_message};
use crate::api::error::{ApiError, ErrorBody};
use crate::api::extract::{Body422, Origin, PathId};
use crate::api::precondition::{ChangedDevice, IfMatch};
use crate::api::state::ApiState;
use crate::api::validation::{Fields, FromFields, parse};
use crate::domain::{
    DeleteDevice, DeviceId, DevicePatch, DeviceReply, Lifecycle, Name, PonClass, Position,
    SplitRatio, UpdateDevice,
};
use crate::wire;

/// Changes to a device; absent keys do not change. `x` and `y` must be set together.
#[derive(ToSchema)]
#[schema(as = DevicePatch)]
pub(in crate::api) struct DevicePatchBody {
    #[schema(value_type = Option<f64>, nullable = false)]
    x: Option<f64>,
    #[schema(value_type = Option<f64>, nullable = false)]
    y: Option<f64>,
    /// 1 to 128 characters, not blank, no control characters; unique.
    #[schema(value_type = Option<String>, nullable = false, min_length = 1, max_length = 128)]
    name: Option<Name>,
    /// A POP or CORE_SITE; null removes the device from its container.
    #[schema(value_type = Option<u64>)]
    parent_container_id: Option<Option<DeviceId>>,
    /// Null restores the default of the type.
    #[schema(value_type = Option<f64>)]
    tx_power_dbm: Option<Option<f64>>,
    /// Null restores the default of the type.
    #[schema(value_type = Option<f64>)]
    sensitivity_min_dbm: Option<Option<f64>>,
    /// Null restores the default of the type.
    #[schema(value_type = Option<f64>, minimum = 0.0)]
    insertion_loss_db: Option<Option<f64>>,
    /// Only for an OLT; null restores the planning values.
    #[schema(schema_with = wire::nullable_pon_class_schema, required = false)]
    pon_class: Option<Option<PonClass>>,
    /// Only for a splitter; null restores that of its outputs.
    #[schema(schema_with = wire::nullable_split_ratio_schema, required = false)]
    split_ratio: Option<Option<SplitRatio>>,
    /// Only what is in service alarms.
    #[schema(schema_with = wire::lifecycle_schema, required = false)]
    lifecycle: Option<Lifecycle>,
    #[serde(flatten)]
    details: DetailsBody,
}

/// The keys that UNOC adds to v2's change of position.
const FURTHER_KEYS: [&str; 8] = [
    "name",
    "parent_container_id",
    "tx_power_dbm",
    "sensitivity_min_dbm",
    "insertion_loss_db",
    "pon_class",
    "split_ratio",
    "lifecycle",
];

impl FromFields for DevicePatchBody {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let mut further = FURTHER_KEYS.into_iter().chain(DETAIL_KEYS);
        let has_further = further.any(|key| fields.has(key));
        let moves = fields.has("x") || fields.has("y");
        let (x, y) = if moves || !has_further {
            (fields.required("x", parse::number), fields.required("y", parse::number))
        } else {
            (None, None)
        };
        let parent = fields.nullable("parent_container_id", parse::id);
        Some(Self {
            x,
            y,
            name: fields.present("name", parse::name),
            parent_container_id: parent.map(|id| id.map(DeviceId)),
            tx_power_dbm: fields.nullable("tx_power_dbm", parse::number),
            sensitivity_min_dbm: fields.nullable("sensitivity_min_dbm", parse::number),
            insertion_loss_db: fields.nullable("insertion_loss_db", parse::not_negative),
            pon_class: fields.nullable("pon_class", parse::pon_class),
            split_ratio: fields.nullable("split_ratio", parse::split_ratio),
            lifecycle: fields.present("lifecycle", parse::lifecycle),
            details: DetailsBody::from_fields(fields),
        })
    }
}

impl DevicePatchBody {
    fn position(&self) -> Option<Position> {
        Some(Position { x: self.x?, y: self.y? })
    }
}

impl From<DevicePatchBody> for DevicePatch {
    fn from(body: DevicePatchBody) -> Self {
        Self {
            position: body.position(),
            name: body.name,
            parent: body.parent_container_id,
            tx_power_dbm: body.tx_power_dbm,
            sensitivity_min_dbm: body.sensitivity_min_dbm,
            insertion_loss_db: body.insertion_loss_db,
            pon_class: body.pon_class,
            split_ratio: body.split_ratio,
            lifecycle: body.lifecycle,
            details: body.details.into(),
        }
    }
}

/// Moves, renames or regroups a device, or sets its optical values, its lifecycle, serial or customer.
#[utoipa::path(
    patch,
    path = "/api/devices/{id}",
    tag = "devices",
    params(
        ("id" = u64, Path, description = "Device id"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that the change is meant for")
    ),
    request_body = DevicePatchBody,
    responses(
        (status = 200, body = DeviceMessage<'_>),
        (status = 409, description = "The serial belongs to another device", body = ErrorBody),
        (status = 412, body = ChangedDevice<'_>, description = "Changed meanwhile")
    )
)]
pub(super) async fn update_device(
    State(state): State<ApiState>,
    PathId(id): PathId,
    if_match: IfMatch,
    Origin(origin): Origin,
    Body422(body): Body422<DevicePatchBody>,
) -> Result<Response, ApiError> {
    let patch = DevicePatch::from(body);
    let message = match patch.position {
        Some(Position { x, y }) if patch.is_move_only() => {
            format!("Device position updated to ({x}, {y})")
        }
        _ => "Device updated".to_owned(),
    };
    let command = UpdateDevice { id: DeviceId(id), patch };
    let reply = if_match.on_device(&state, DeviceId(id), command, origin).await?;
    let DeviceReply { device, lookalikes } = reply;
    Ok(with_message(message, &device, &lookalikes))
}

/// Deletes a device with its interfaces and links; its children lose their parent.
#[utoipa::path(
    delete,
    path = "/api/devices/{id}",
    tag = "devices",
    params(
        ("id" = u64, Path, description = "Device id"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that the change is meant for")
    ),
    responses(
        (status = 204, description = "Deleted"),
        (status = 412, body = ChangedDevice<'_>, description = "Changed meanwhile")
    )
)]
pub(super) async fn delete_device(
    State(state): State<ApiState>,
    PathId(id): PathId,
    if_match: IfMatch,
    Origin(origin): Origin,
) -> Result<StatusCode, ApiError> {
    let id = DeviceId(id);
    if_match.on_device(&state, id, DeleteDevice(id), origin).await?;
    Ok(StatusCode::NO_CONTENT)
}
