//! Creating a device without ports.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::details::DetailsBody;
use crate::api::error::{ApiError, ErrorBody};
use crate::api::extract::{Body422, Origin};
use crate::api::state::ApiState;
use crate::api::validation::{Fields, FromFields, parse};
use crate::domain::{
    CreateDevice, DetailsPatch, DeviceId, DeviceReply, DeviceType, Lifecycle, Name, NewDevice,
    Optics, PonClass, Position, SplitRatio,
};
use crate::wire::{self, DeviceView};

/// A device to create.
#[derive(ToSchema)]
#[schema(as = NewDevice)]
pub(in crate::api) struct NewDeviceBody {
    /// 1 to 128 characters, not blank, no control characters; unique.
    #[schema(value_type = String, min_length = 1, max_length = 128)]
    name: Name,
    #[schema(schema_with = wire::device_type_schema)]
    device_type: DeviceType,
    /// A POP or CORE_SITE.
    #[schema(value_type = Option<u64>)]
    parent_container_id: Option<DeviceId>,
    /// Refuse the device if nothing exists that it could connect to. Default true.
    #[schema(value_type = Option<bool>, nullable = false, default = true)]
    validate_upstream: bool,
    #[schema(value_type = Option<f64>, nullable = false, default = 0.0)]
    x: f64,
    #[schema(value_type = Option<f64>, nullable = false, default = 0.0)]
    y: f64,
    tx_power_dbm: Option<f64>,
    sensitivity_min_dbm: Option<f64>,
    #[schema(minimum = 0.0)]
    insertion_loss_db: Option<f64>,
    /// Only for an OLT: the source of the limits that devices do not set themselves.
    #[schema(schema_with = wire::nullable_pon_class_schema, required = false)]
    pon_class: Option<PonClass>,
    /// Only for a splitter: the number N of a 1:N or 2:N splitter. By default that of its outputs.
    #[schema(schema_with = wire::nullable_split_ratio_schema, required = false)]
    split_ratio: Option<SplitRatio>,
    /// Only what is in service alarms. Default `in_service`.
    #[schema(schema_with = wire::lifecycle_schema, required = false)]
    lifecycle: Lifecycle,
    #[serde(flatten)]
    details: DetailsBody,
}

impl FromFields for NewDeviceBody {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let name = fields.required("name", parse::name);
        let device_type = fields.required("device_type", parse::device_type);
        let parent_container_id = fields.optional("parent_container_id", parse::id).map(DeviceId);
        let validate_upstream = fields.present("validate_upstream", parse::boolean);
        let x = fields.present("x", parse::number);
        let y = fields.present("y", parse::number);
        let tx_power_dbm = fields.optional("tx_power_dbm", parse::number);
        let sensitivity_min_dbm = fields.optional("sensitivity_min_dbm", parse::number);
        let insertion_loss_db = fields.optional("insertion_loss_db", parse::not_negative);
        let pon_class = fields.optional("pon_class", parse::pon_class);
        let split_ratio = fields.optional("split_ratio", parse::split_ratio);
        let lifecycle = fields.present("lifecycle", parse::lifecycle);
        let details = DetailsBody::from_fields(fields);
        Some(Self {
            name: name?,
            device_type: device_type?,
            parent_container_id,
            validate_upstream: validate_upstream.unwrap_or(true),
            x: x.unwrap_or(0.0),
            y: y.unwrap_or(0.0),
            tx_power_dbm,
            sensitivity_min_dbm,
            insertion_loss_db,
            pon_class,
            split_ratio,
            lifecycle: lifecycle.unwrap_or_default(),
            details,
        })
    }
}

impl From<NewDeviceBody> for NewDevice {
    fn from(body: NewDeviceBody) -> Self {
        Self {
            name: body.name,
            device_type: body.device_type,
            parent: body.parent_container_id,
            validate_upstream: body.validate_upstream,
            position: Position { x: body.x, y: body.y },
            optics: Optics {
                tx_power_dbm: body.tx_power_dbm,
                sensitivity_min_dbm: body.sensitivity_min_dbm,
                insertion_loss_db: body.insertion_loss_db,
                pon_class: body.pon_class,
                split_ratio: body.split_ratio,
            },
            lifecycle: body.lifecycle,
            details: DetailsPatch::from(body.details).applied_to(None),
        }
    }
}

/// A bare device.
#[derive(Serialize, ToSchema)]
pub(super) struct Created<'a> {
    #[serde(flatten)]
    device: DeviceView<'a>,
    /// Warnings about the name, such as another name that looks like it; absent if there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

/// Creates a bare device, without ports and without checking for an upstream.
#[utoipa::path(
    post,
    path = "/api/devices",
    tag = "devices",
    request_body = NewDeviceBody,
    responses(
        (status = 201, body = Created<'_>),
        (status = 409, description = "The serial belongs to another device", body = ErrorBody)
    )
)]
pub(super) async fn create_device(
    State(state): State<ApiState>,
    Origin(origin): Origin,
    Body422(body): Body422<NewDeviceBody>,
) -> Result<Response, ApiError> {
    let command = CreateDevice(body.into());
    let DeviceReply { device, lookalikes } = state.handle().execute(command, origin).await?;
    let answer = Created { device: DeviceView::new(&device), warnings: lookalikes.warnings() };
    Ok((StatusCode::CREATED, Json(answer)).into_response())
}
