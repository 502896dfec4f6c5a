//! All routes and their layers.

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use tower_http::compression::{CompressionLayer, CompressionLevel};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use super::access::{Authorization, authorize};
use super::error::answer;
use super::state::ApiState;
use super::{
    account, audit, backups, checks, csv, devices, export, health, history, incidents, interfaces,
    jobs, lifecycle, limits, links, logs, metrics, notices, oidc, openapi, optics, overrides,
    problems, reports, request, runbook, seed, session, sessions, settings, shutdown, simulate,
    support, sync, tokens, topology, ui, users,
};

/// Returns the routes of every resource with their documentation.
fn resources() -> OpenApiRouter<ApiState> {
    let large = openapi::base()
        .merge(devices::lists())
        .merge(interfaces::router())
        .merge(links::lists())
        .merge(problems::router())
        .merge(overrides::router())
        .merge(history::router())
        .merge(simulate::router())
        .merge(audit::router())
        .merge(backups::router())
        .merge(sync::router())
        .merge(jobs::router())
        .merge(logs::router())
        .merge(incidents::router())
        .merge(notices::router())
        .merge(runbook::router())
        .merge(reports::router())
        .merge(export::router())
        .merge(csv::router())
        .layer(compression());
    // One entity is too small to be compressed.
    let mut router = large
        .merge(health::router())
        .merge(checks::router())
        .merge(backups::downloads())
        .merge(metrics::router())
        .merge(devices::router())
        .merge(links::router())
        .merge(topology::router())
        .merge(lifecycle::router())
        .merge(optics::router())
        .merge(seed::router())
        .merge(settings::router())
        .merge(limits::router())
        .merge(shutdown::router())
        .merge(session::router())
        .merge(sessions::router())
        .merge(oidc::router())
        .merge(account::router())
        .merge(tokens::router())
        .merge(users::router())
        .merge(support::router());
    openapi::add_common_answers(router.get_openapi_mut());
    openapi::add_security(router.get_openapi_mut());
    router
}

/// Returns the router of the API, its documentation and the embedded page.
pub fn router(state: ApiState) -> Router {
    let (routes, document) = resources().split_for_parts();
    let routes = routes
        .route("/openapi.json", openapi::serve(&document).layer(compression()))
        .method_not_allowed_fallback(method_not_allowed);
    let base = state.options().base_path.clone();
    state.http().set_routes(&document, &base);
    let routes = if base.is_empty() { routes } else { Router::new().nest(&base, routes) };
    let pages = Router::new().fallback(ui::fallback).layer(compression());
    let authorization = Authorization::new(state.auth().clone(), state.handle().clone(), &base);
    routes
        .fallback_service(pages.with_state(state.clone()))
        .layer(from_fn_with_state(Arc::new(authorization), authorize))
        .layer(from_fn_with_state(Arc::clone(state.http()), request::guard))
        .with_state(state)
}

/// Returns the OpenAPI document as JSON.
pub fn document() -> String {
    documented().to_pretty_json().expect("the document is plain data")
}

/// Returns the document of every resource.
pub(super) fn documented() -> OpenApi {
    resources().split_for_parts().1
}

fn compression() -> CompressionLayer {
    CompressionLayer::new().quality(CompressionLevel::Fastest)
}

async fn method_not_allowed() -> Response {
    answer(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed")
}
