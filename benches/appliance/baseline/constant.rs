//! The same bytes for every request.

use axum::Router;
use axum::extract::State;
use axum::http::HeaderName;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use bytes::Bytes;

pub(super) fn router(body: Bytes) -> Router {
    Router::new()
        .route("/api/devices", get(answer))
        .route("/api/devices/{id}", get(answer))
        .with_state(body)
}

async fn answer(State(body): State<Bytes>) -> ([(HeaderName, &'static str); 1], Bytes) {
    ([(CONTENT_TYPE, "application/json")], body)
}
