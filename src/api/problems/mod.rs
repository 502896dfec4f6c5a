//! The problems of the network: one entry per cause, and everything about one cause.

mod cause;
mod changes;
mod customers;
mod detail;
mod list;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::state::ApiState;

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list::list_problems))
        .routes(routes!(detail::get_problem))
        .routes(routes!(customers::list_customers))
        .routes(routes!(customers::export_customers))
}
