//! All routes and the layers around them.

use std::any::Any;

use axum::Router;
use axum::http::StatusCode;
use axum::response::Response;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::{CompressionLayer, CompressionLevel};
use tower_http::csrf::{CsrfLayer, ProtectionError};
use utoipa_axum::router::OpenApiRouter;

use super::error::{LoggedCause, answer};
use super::state::ApiState;
use super::{
    audit, devices, export, health, interfaces, links, openapi, request_log, seed, shutdown, ui,
};

/// Every resource with its documentation.
pub(super) fn resources() -> OpenApiRouter<ApiState> {
    let mut router = openapi::base()
        .merge(health::router())
        .merge(devices::router())
        .merge(interfaces::router())
        .merge(links::router())
        .merge(export::router())
        .merge(audit::router())
        .merge(seed::router())
        .merge(shutdown::router());
    openapi::add_common_answers(router.get_openapi_mut());
    router
}

/// The whole HTTP side: API, documentation, embedded page.
pub fn router(state: ApiState) -> Router {
    let (routes, document) = resources().split_for_parts();
    let routes = routes
        .route("/openapi.json", openapi::serve(&document))
        .method_not_allowed_fallback(method_not_allowed);
    let base = state.options().base_path.clone();
    let routes = if base.is_empty() { routes } else { Router::new().nest(&base, routes) };
    routes
        .fallback(ui::fallback)
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest))
        .layer(CsrfLayer::new().with_rejection_response(cross_site))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(axum::middleware::from_fn(request_log::log))
        .with_state(state)
}

async fn method_not_allowed() -> Response {
    answer(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed")
}

/// A page of another site must not operate the network through its visitor's browser.
fn cross_site(_: ProtectionError) -> Response {
    answer(StatusCode::FORBIDDEN, "Requests from pages of another site are refused")
}

#[expect(clippy::needless_pass_by_value, reason = "the layer hands the box over")]
fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
    let mut response = answer(
        StatusCode::INTERNAL_SERVER_ERROR,
        "Internal error; the log names it under this request's id",
    );
    response.extensions_mut().insert(LoggedCause(format!("panic: {text}")));
    response
}
