//! The answer to a change of a device.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{Device, Lookalikes};
use crate::wire::DeviceView;

/// A message and the device.
#[derive(Serialize, ToSchema)]
pub(super) struct DeviceMessage<'a> {
    message: String,
    device: DeviceView<'a>,
    /// Warnings about a new name, such as another name that looks like it; absent if there are
    /// none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

pub(super) fn with_message(message: String, device: &Device, lookalikes: &Lookalikes) -> Response {
    let (device, warnings) = (DeviceView::new(device), lookalikes.warnings());
    Json(DeviceMessage { message, device, warnings }).into_response()
}
