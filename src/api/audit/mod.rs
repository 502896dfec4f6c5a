//! The audit trail: who changed what and when, with the values before and after; and what else people did.

mod check;
mod export;
mod list;
mod record;
mod undo;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) use undo::read_undo;

use super::state::ApiState;

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list::list_audit))
        .routes(routes!(export::export_audit))
        .routes(routes!(check::verify_audit))
        .routes(routes!(check::accept_problems))
        .routes(routes!(undo::undo_row))
        .routes(routes!(undo::undo_request))
}
