//! Devices.

mod availability;
mod bulk;
mod create;
mod cross_connects;
mod details;
mod erase;
mod message;
mod optical_path;
mod overrides;
mod paths;
mod ports;
mod provision;
mod read;
mod update;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) use self::bulk::BULK_ROWS_MAX;
pub(super) use self::cross_connects::CrossConnectByIds;
pub(super) use self::provision::ProvisionBody;
pub(super) use self::update::DevicePatchBody;
use super::state::ApiState;

/// Returns the routes with long answers.
pub(super) fn lists() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(read::list_devices, create::create_device))
        .routes(routes!(bulk::provision_devices))
        .routes(routes!(ports::list_ports))
        .routes(routes!(
            cross_connects::list_cross_connects,
            cross_connects::add_cross_connects,
            cross_connects::replace_cross_connects
        ))
}

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(provision::provision_device))
        .routes(routes!(erase::erase_personal_data))
        .routes(routes!(read::get_device, update::update_device, update::delete_device))
        .routes(routes!(read::list_device_interfaces))
        .routes(routes!(cross_connects::remove_cross_connect))
        .routes(routes!(optical_path::optical_path))
        .routes(routes!(availability::device_availability))
        .routes(routes!(paths::upstream_path))
        .routes(routes!(overrides::set_override, overrides::clear_override))
        .routes(routes!(overrides::set_override_legacy, overrides::clear_override_legacy))
}
