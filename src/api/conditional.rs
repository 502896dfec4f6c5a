//! `ETag` from the sequence number: an unchanged site costs a client 304 and no body.

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use bytes::Bytes;
use serde::Serialize;

use super::state::ApiState;

/// The seq of the snapshot that an answer shows.
pub(super) const SEQ_HEADER: HeaderName = HeaderName::from_static("x-unoc-seq");

/// Most entities are smaller: one allocation.
const ENTITY_BYTES: usize = 1024;

/// The headers of an answer that shows the site at `seq`.
pub(super) fn headers(state: &ApiState, seq: u64) -> [(HeaderName, HeaderValue); 3] {
    [
        (header::ETAG, etag(state, seq)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (SEQ_HEADER, HeaderValue::from(seq)),
    ]
}

/// An answer with one entity.
pub(super) fn json(state: &ApiState, seq: u64, view: &impl Serialize) -> Response {
    let mut body = Vec::with_capacity(ENTITY_BYTES);
    serde_json::to_writer(&mut body, view).expect("views hold finite numbers and text only");
    json_bytes(state, seq, body.into())
}

/// An answer with JSON that is there already.
pub(super) fn json_bytes(state: &ApiState, seq: u64, body: Bytes) -> Response {
    let json = HeaderValue::from_static("application/json");
    (headers(state, seq), [(header::CONTENT_TYPE, json)], body).into_response()
}

/// 304, when the client already has what the site looks like at `seq`.
pub(super) fn not_modified(state: &ApiState, request: &HeaderMap, seq: u64) -> Option<Response> {
    let known = request.get(header::IF_NONE_MATCH)?.to_str().ok()?;
    let etag = etag(state, seq);
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let current = opaque(etag.to_str().ok()?);
    let matches = known.trim() == "*" || known.split(',').any(|tag| opaque(tag) == current);
    matches.then(|| (StatusCode::NOT_MODIFIED, headers(state, seq)).into_response())
}

/// Weak, because compression changes the bytes; with the build, because it may change the view, and
/// with the run, because a store that was put back repeats seqs.
fn etag(state: &ApiState, seq: u64) -> HeaderValue {
    HeaderValue::try_from(format!("W/\"{}-{seq}\"", state.etag_prefix()))
        .expect("a tag of hexadecimal digits and dots is a header value")
}
