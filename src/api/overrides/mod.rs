//! The statuses that operators have set, of devices and of links.

mod bulk;
mod list;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) use bulk::OverrideGroupBody;

use super::state::ApiState;

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(list::list_overrides)).routes(routes!(bulk::set_overrides))
}
