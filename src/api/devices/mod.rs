//! Devices.

mod bulk;
mod create;
mod details;
mod erase;
mod message;
mod overrides;
mod paths;
mod read;
mod update;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) use self::create::NewDeviceBody;
use super::state::ApiState;

/// Returns the routes with long answers.
pub(super) fn lists() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(read::list_devices, create::create_device))
        .routes(routes!(bulk::provision_devices))
}

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(create::provision_device))
        .routes(routes!(erase::erase_personal_data))
        .routes(routes!(read::get_device, update::update_device, update::delete_device))
        .routes(routes!(read::list_device_interfaces))
        .routes(routes!(paths::optical_path))
        .routes(routes!(paths::upstream_path))
        .routes(routes!(overrides::set_override, overrides::clear_override))
        .routes(routes!(overrides::set_override_legacy, overrides::clear_override_legacy))
}
