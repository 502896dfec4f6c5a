//! All routes and what is around them.

use axum::Router;
use axum::http::StatusCode;
use axum::response::Response;
use tower_http::compression::{CompressionLayer, CompressionLevel};
use utoipa_axum::router::OpenApiRouter;

use super::error::answer;
use super::state::ApiState;
use super::{
    audit, backups, csv, devices, export, health, interfaces, jobs, links, metrics, openapi,
    optics, problems, request, seed, shutdown, simulate, sync, topology, ui,
};

/// Every resource with its documentation.
pub(super) fn resources() -> OpenApiRouter<ApiState> {
    let large = openapi::base()
        .merge(devices::lists())
        .merge(interfaces::router())
        .merge(links::lists())
        .merge(problems::router())
        .merge(simulate::router())
        .merge(audit::router())
        .merge(backups::router())
        .merge(sync::router())
        .merge(jobs::router())
        .merge(export::router())
        .merge(csv::router())
        .layer(compression());
    // Compressing one entity would cost more than it saves.
    let mut router = large
        .merge(health::router())
        .merge(backups::downloads())
        .merge(metrics::router())
        .merge(devices::router())
        .merge(links::router())
        .merge(topology::router())
        .merge(optics::router())
        .merge(seed::router())
        .merge(shutdown::router());
    openapi::add_common_answers(router.get_openapi_mut());
    router
}

/// The whole HTTP side: API, documentation, embedded page.
pub fn router(state: ApiState) -> Router {
    let (routes, document) = resources().split_for_parts();
    let routes = routes
        .route("/openapi.json", openapi::serve(&document).layer(compression()))
        .method_not_allowed_fallback(method_not_allowed);
    let base = state.options().base_path.clone();
    let routes = if base.is_empty() { routes } else { Router::new().nest(&base, routes) };
    let pages = Router::new().fallback(ui::fallback).layer(compression());
    routes
        .fallback_service(pages.with_state(state.clone()))
        .layer(axum::middleware::from_fn(request::guard))
        .with_state(state)
}

fn compression() -> CompressionLayer {
    CompressionLayer::new().quality(CompressionLevel::Fastest)
}

async fn method_not_allowed() -> Response {
    answer(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed")
}
