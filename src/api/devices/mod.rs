//! Devices.

mod bulk;
mod create;
mod overrides;
mod paths;
mod read;
mod update;

use axum::Json;
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) use self::create::NewDeviceBody;
use super::state::ApiState;
use crate::domain::{Device, Lookalikes};
use crate::wire::DeviceView;

/// Returns the routes with long answers.
pub(super) fn lists() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(read::list_devices, create::create_device))
        .routes(routes!(bulk::provision_devices))
}

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(create::provision_device))
        .routes(routes!(read::get_device, update::update_device, update::delete_device))
        .routes(routes!(read::list_device_interfaces))
        .routes(routes!(paths::optical_path))
        .routes(routes!(paths::upstream_path))
        .routes(routes!(overrides::set_override, overrides::clear_override))
        .routes(routes!(overrides::set_override_legacy, overrides::clear_override_legacy))
}

/// A message and the device.
#[derive(Serialize, ToSchema)]
struct DeviceMessage<'a> {
    message: String,
    device: DeviceView<'a>,
    /// Warnings about a new name, such as another name that looks like it; absent if there are
    /// none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

fn with_message(message: String, device: &Device, lookalikes: &Lookalikes) -> Response {
    let (device, warnings) = (DeviceView::new(device), lookalikes.warnings());
    Json(DeviceMessage { message, device, warnings }).into_response()
}

/// Returns the path and the query for a `Link` header.
fn uri_of(uri: &Uri) -> String {
    uri.path_and_query().map_or_else(|| uri.path().to_owned(), ToString::to_string)
}

type Headers = HeaderMap;
