//! The `{kind}/{id}` in a path.

use std::cmp::Reverse;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use serde_json::{Map, Value};

use crate::api::error::ApiError;
use crate::api::validation::{Fields, parse};
use crate::domain::{DeviceId, LinkId, Problem, RootCause};

/// The text of the answer where there is no such problem.
const OVER: &str = "This is not a problem, or it is one no longer";
const KINDS: [&str; 2] = ["device", "link"];

/// The cause that a path names; it may not exist.
pub(super) struct PathCause(pub(super) RootCause);

impl<S: Send + Sync> FromRequestParts<S> for PathCause {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Path((kind, id)) = Path::<(String, String)>::from_request_parts(parts, state)
            .await
            .map_err(|_| ApiError::BadRequest("The path could not be read"))?;
        let texts = [("kind".to_owned(), Value::String(kind)), ("id".to_owned(), id.into())];
        let object = Map::from_iter(texts);
        let mut errors = Vec::new();
        let mut fields = Fields::new(&object, vec!["path".into()], &mut errors);
        let kind = fields.required("kind", parse::one_of(&KINDS));
        let id = fields.required("id", parse::id);
        let (Some(kind), Some(id)) = (kind, id) else { return Err(ApiError::Invalid(errors)) };
        Ok(Self(match kind {
            "link" => RootCause::Link(LinkId(id)),
            _ => RootCause::Device(DeviceId(id)),
        }))
    }
}

/// Returns the place of a cause among the problems: of several, the one that affects the most customers,
/// then the worst.
///
/// # Errors
/// [`ApiError::NotFound`] if it has none.
pub(super) fn index_of(problems: &[Problem], cause: RootCause) -> Result<usize, ApiError> {
    let of_cause = problems.iter().enumerate().filter(|(_, problem)| problem.cause == cause);
    // Of equals, `min_by_key` returns the first one, which is the worst.
    let found = of_cause.min_by_key(|(_, problem)| Reverse(problem.customers.len()));
    let (index, _) = found.ok_or(ApiError::NotFound(OVER))?;
    Ok(index)
}
