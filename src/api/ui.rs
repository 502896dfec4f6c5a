//! The embedded page.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::conditional::is_known;
use super::error::answer;
use super::state::ApiState;
use crate::util::hex;

/// The built page: `assets/dist`, which is committed, so that a build does not need Node.
#[derive(RustEmbed)]
#[folder = "assets/dist"]
struct Dist;

/// Directory of the files with a hash in their name.
const HASHED_PREFIX: &str = "assets/";
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
/// The element in the built pages that is replaced with the base path.
const BASE_PLACEHOLDER: &str = "<base href=\"/\">";
/// Allows no external and no inline sources; see docs/ARCHITECTURE.md.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; script-src 'self'; \
     style-src 'self'; img-src 'self' data:; connect-src 'self'; object-src 'none'; \
     base-uri 'self'; frame-ancestors 'self'; form-action 'self'";

/// Paths that are not pages: an unknown path below them is an error and not answered with the page.
const NOT_PAGES: [&str; 5] = ["/api", "/health", "/metrics", "/socket.io", "/openapi.json"];

/// Answers every request that no route matches: files of the page, its own routes, redirects, 404.
pub(super) async fn fallback(
    State(state): State<ApiState>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let base = state.options().base_path.as_str();
    let Some(path) = uri.path().strip_prefix(base) else { return not_found() };
    if !is_page_path(path) {
        return without_slash(&uri, base).unwrap_or_else(not_found);
    }
    if method != Method::GET && method != Method::HEAD {
        return not_found();
    }
    if path.is_empty() && !base.is_empty() {
        return redirect(&format!("{base}/"), &uri);
    }
    match path.trim_start_matches('/') {
        "" | "index.html" => page(base, "index.html", &headers),
        "docs" | "docs.html" => page(base, "docs.html", &headers),
        "docs/" => redirect(&format!("{base}/docs"), &uri),
        name => match Dist::get(name) {
            Some(file) => asset(name, &file, &headers),
            None if wants_html(&headers) => page(base, "index.html", &headers),
            None => not_found(),
        },
    }
}

/// Returns whether a path without the base path may be one of the page or its files.
pub(super) fn is_page_path(path: &str) -> bool {
    !NOT_PAGES.iter().any(|prefix| {
        path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

fn not_found() -> Response {
    answer(StatusCode::NOT_FOUND, "Not Found")
}

/// Redirects `/api/devices/` to `/api/devices`, as FastAPI does.
fn without_slash(uri: &Uri, base: &str) -> Option<Response> {
    let path = uri.path().strip_suffix('/').filter(|path| path.len() > base.len())?;
    Some(redirect(path, uri))
}

fn redirect(path: &str, uri: &Uri) -> Response {
    // With one leading slash, because two would name another host.
    let path = format!("/{}", path.trim_start_matches('/'));
    let target = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path,
    };
    match HeaderValue::try_from(target) {
        Ok(target) => {
            (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, target)]).into_response()
        }
        Err(_) => not_found(),
    }
}

/// Returns a page of the application with the base path filled in.
fn page(base: &str, name: &str, request: &HeaderMap) -> Response {
    let Some(file) = Dist::get(name) else { return not_found() };
    let etag = etag(&file);
    if let Some(response) = not_modified(&etag, request) {
        return response;
    }
    let html = String::from_utf8_lossy(&file.data)
        .replace(BASE_PLACEHOLDER, &format!("<base href=\"{base}/\">"));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (header::ETAG, etag),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY)),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
        // Who opens the page from another site gets no hold of its window.
        (OPENER_POLICY, HeaderValue::from_static("same-origin")),
    ];
    (headers, html).into_response()
}

fn asset(name: &str, file: &EmbeddedFile, request: &HeaderMap) -> Response {
    let etag = etag(file);
    if let Some(response) = not_modified(&etag, request) {
        return response;
    }
    let is_hashed = name.starts_with(HASHED_PREFIX);
    let cache = if is_hashed { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mime = HeaderValue::try_from(file.metadata.mimetype())
        .unwrap_or(HeaderValue::from_static("application/octet-stream"));
    let headers = [
        (header::CONTENT_TYPE, mime),
        (header::CACHE_CONTROL, HeaderValue::from_static(cache)),
        (header::ETAG, etag),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    let body = match &file.data {
        std::borrow::Cow::Borrowed(data) => Body::from(*data),
        std::borrow::Cow::Owned(data) => Body::from(data.clone()),
    };
    (headers, body).into_response()
}

/// Returns a weak tag, because compression changes the bytes. It has 64 bits of the file's hash.
fn etag(file: &EmbeddedFile) -> HeaderValue {
    let hash = hex(&file.metadata.sha256_hash()[..8]);
    HeaderValue::try_from(format!("W/\"{hash}\"")).expect("hexadecimal digits are a header value")
}

fn not_modified(etag: &HeaderValue, request: &HeaderMap) -> Option<Response> {
    let headers = [(header::ETAG, etag.clone())];
    is_known(etag, request).then(|| (StatusCode::NOT_MODIFIED, headers).into_response())
}

fn wants_html(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}
