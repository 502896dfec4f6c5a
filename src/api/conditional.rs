//! `ETag` headers made from the sequence number: while the site does not change, the answer is 304
//! without a body.

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use bytes::Bytes;
use serde::Serialize;

use super::state::ApiState;
use crate::domain::Revision;

/// The header with the seq of the snapshot that an answer shows.
pub(super) const SEQ_HEADER: HeaderName = HeaderName::from_static("x-unoc-seq");

/// Length of a revision in a tag: 64 bits in hexadecimal. No other part of a tag is as long.
const REVISION_DIGITS: usize = 16;

/// Initial capacity of an answer with one entity; most entities fit.
const ENTITY_BYTES: usize = 1024;

/// Returns the headers of an answer that shows the site at `seq`.
pub(super) fn headers(state: &ApiState, seq: u64) -> [(HeaderName, HeaderValue); 3] {
    headers_with(etag(state, seq), seq)
}

fn headers_with(etag: HeaderValue, seq: u64) -> [(HeaderName, HeaderValue); 3] {
    [
        (header::ETAG, etag),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (SEQ_HEADER, HeaderValue::from(seq)),
    ]
}

/// Returns an answer with one entity, or 304 if the client already has it. The tag also contains
/// the entity's revision, for `If-Match`.
pub(super) fn entity(
    state: &ApiState,
    request: &HeaderMap,
    seq: u64,
    revision: Revision,
    view: &impl Serialize,
) -> Response {
    let etag = entity_tag(state, seq, revision);
    if is_known(&etag, request) {
        return (StatusCode::NOT_MODIFIED, headers_with(etag, seq)).into_response();
    }
    let mut body = Vec::with_capacity(ENTITY_BYTES);
    serde_json::to_writer(&mut body, view).expect("views hold finite numbers and text only");
    let json = HeaderValue::from_static("application/json");
    (headers_with(etag, seq), [(header::CONTENT_TYPE, json)], body).into_response()
}

/// Returns an answer with serialised JSON.
pub(super) fn json_bytes(state: &ApiState, seq: u64, body: Bytes) -> Response {
    let json = HeaderValue::from_static("application/json");
    (headers(state, seq), [(header::CONTENT_TYPE, json)], body).into_response()
}

/// Returns 304 if the client already has the answer for `seq`.
pub(super) fn not_modified(state: &ApiState, request: &HeaderMap, seq: u64) -> Option<Response> {
    let is_known = is_known(&etag(state, seq), request);
    is_known.then(|| (StatusCode::NOT_MODIFIED, headers(state, seq)).into_response())
}

/// Returns whether the request's `If-None-Match` has this tag in it, by the weak comparison (RFC
/// 9110, sections 8.8.3.2 and 13.1.2).
pub(super) fn is_known(etag: &HeaderValue, request: &HeaderMap) -> bool {
    let known = request.get(header::IF_NONE_MATCH).and_then(|known| known.to_str().ok());
    let (Some(known), Ok(etag)) = (known, etag.to_str()) else { return false };
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    known.trim() == "*" || known.split(',').any(|tag| opaque(tag) == opaque(etag))
}

/// Returns a weak tag, because compression changes the bytes. It contains the build, which may
/// change the views, and the run, because a store restored from a copy repeats seqs.
fn etag(state: &ApiState, seq: u64) -> HeaderValue {
    HeaderValue::try_from(format!("W/\"{}-{seq}\"", state.etag_prefix()))
        .expect("a tag of hexadecimal digits and dots is a header value")
}

/// The tag of one entity.
fn entity_tag(state: &ApiState, seq: u64, Revision(revision): Revision) -> HeaderValue {
    HeaderValue::try_from(format!("W/\"{}-{revision:016x}-{seq}\"", state.etag_prefix()))
        .expect("a tag of hexadecimal digits and dots is a header value")
}

/// The revisions in the tags of an `If-Match`; other tags name no state of an entity. `W/` is ignored:
/// proxies that compress add it, and a revision does not depend on the encoding.
pub(super) fn revisions(tags: &str) -> Vec<Revision> {
    let revision = |tag: &str| {
        let opaque = tag.trim().trim_start_matches("W/").trim_matches('"');
        let digits = opaque.rsplit('-').nth(1).filter(|digits| digits.len() == REVISION_DIGITS)?;
        u64::from_str_radix(digits, 16).ok().map(Revision)
    };
    tags.split(',').filter_map(revision).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_compared_weakly() {
        let check = |known: Option<&'static str>, expected: bool| {
            let known = known.map(|it| (header::IF_NONE_MATCH, HeaderValue::from_static(it)));
            let request = HeaderMap::from_iter(known);
            let etag = HeaderValue::from_static("W/\"a-7\"");
            assert_eq!(is_known(&etag, &request), expected, "{request:?}");
        };
        check(None, false);
        check(Some("W/\"a-7\""), true);
        check(Some("\"a-7\""), true);
        check(Some("W/\"a-6\", W/\"a-7\""), true);
        check(Some(" * "), true);
        check(Some("W/\"a-71\""), false);
        check(Some("a-7"), false);
    }

    #[test]
    fn revisions_are_read_from_tags() {
        let rows: [(&str, &[u64]); 6] = [
            ("W/\"0a1b2c3d-0.2.0-0123456789ab-00000000000000ff-7\"", &[255]),
            ("\"0a1b2c3d-0.2.0-0123456789ab-00000000000000ff-7\"", &[255]),
            ("\"x-0000000000000001-7\" , W/\"x-0000000000000002-9\"", &[1, 2]),
            ("W/\"0a1b2c3d-0.2.0-0123456789ab-7\"", &[]),
            ("\"x-000000000000000g-7\", \"\", -,", &[]),
            ("", &[]),
        ];
        for (tags, expected) in rows {
            let expected: Vec<Revision> = expected.iter().copied().map(Revision).collect();
            assert_eq!(revisions(tags), expected, "{tags}");
        }
    }
}
