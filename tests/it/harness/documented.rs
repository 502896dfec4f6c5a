//! Whether the OpenAPI document describes an answer: every test of a request is one of the document, too.

use std::sync::LazyLock;

use http::Method;
use serde_json::Value;

/// Errors that any request can get: the document adds them to all operations, 405 has none.
const COMMON_ERRORS: [u16; 12] = [400, 401, 403, 404, 405, 408, 413, 421, 422, 500, 503, 507];

/// An error or a redirection has to be one that the document has for the operation. What is no operation,
/// such as the page, is not looked at.
#[track_caller]
pub(super) fn assert_documented(method: &Method, path: &str, status: u16) {
    if (200..300).contains(&status) || COMMON_ERRORS.contains(&status) {
        return;
    }
    if let Some(responses) = responses_of(method, path) {
        let is_documented = responses.get(status.to_string()).is_some();
        assert!(is_documented, "the OpenAPI document has no status {status} of {method} {path}");
    }
}

fn responses_of(method: &Method, path: &str) -> Option<&'static Value> {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
        serde_json::from_str(&unoc::api::document()).expect("the document is JSON")
    });
    let path = path.split('?').next()?;
    let paths = DOCUMENT["paths"].as_object()?.iter();
    let matching = paths.filter(|(template, _)| is_path_of(template, path));
    // `/api/devices/bulk` is not the device with the id `bulk`.
    let (_, item) = matching.min_by_key(|(template, _)| template.matches('{').count())?;
    item.get(method.as_str().to_lowercase())?.get("responses")
}

fn is_path_of(template: &str, path: &str) -> bool {
    let (parts, found) = (template.split('/'), path.split('/'));
    parts.clone().count() == found.clone().count()
        && parts
            .zip(found)
            .all(|(part, found)| part == found || (part.starts_with('{') && !found.is_empty()))
}
