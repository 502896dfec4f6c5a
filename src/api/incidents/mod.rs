//! Incidents, what people do with them, and maintenance, which mutes them.

mod actions;
mod list;
mod maintenance;
mod view;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::state::ApiState;

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list::list_incidents))
        .routes(routes!(list::get_incident))
        .routes(routes!(actions::acknowledge_incident))
        .routes(routes!(actions::add_incident_note))
        .routes(routes!(actions::close_incident))
        .routes(routes!(maintenance::list_maintenance, maintenance::add_maintenance))
        .routes(routes!(maintenance::delete_maintenance))
}
