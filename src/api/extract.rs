//! Extractors: bodies, ids and queries, with v2's validation errors, and the origin of a request.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::{HeaderMap, header, request::Parts};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::{Map, Value};

use super::access::{RequestClient, audit_origin};
use super::error::ApiError;
use super::validation::{FieldError, Fields, FromFields, parse};
use crate::auth::Caller;
use crate::store::AuditOrigin;
use crate::util::without_bom;

/// How long a body may take to arrive.
const BODY_WAIT: Duration = Duration::from_secs(30);

/// A JSON body, read and validated.
pub(super) struct Body422<T>(pub(super) T);

impl<S: Sync, T: FromFields> FromRequest<S> for Body422<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let is_json = is_json(request.headers());
        let bytes = read_body(request.into_body(), T::BODY_BYTES_MAX).await?;
        let invalid = |error: FieldError| invalid::<T>(vec![error.bounded()]);
        if bytes.is_empty() {
            return Err(invalid(FieldError::whole("missing", "Field required", Value::Null)));
        }
        let value = if is_json {
            // v2 accepts a byte order mark, too.
            let bytes = without_bom(&bytes);
            serde_json::from_slice(bytes).map_err(|error| invalid(unparsable(bytes, &error)))?
        } else {
            Value::String(String::from_utf8_lossy(&bytes).into_owned())
        };
        let Value::Object(object) = value else {
            let msg = "Input should be a valid dictionary or object to extract fields from";
            return Err(invalid(FieldError::whole("model_attributes_type", msg, value)));
        };
        read_fields(&object, "body").map(Self)
    }
}

/// The bytes of a body, at most `BYTES_MAX`.
pub(super) struct BodyBytes<const BYTES_MAX: usize>(pub(super) Bytes);

impl<S: Sync, const BYTES_MAX: usize> FromRequest<S> for BodyBytes<BYTES_MAX> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        read_body(request.into_body(), BYTES_MAX).await.map(Self)
    }
}

/// The query string, read and validated. Unknown keys are ignored, as in v2.
pub(super) struct Query422<T>(pub(super) T);

impl<S: Send + Sync, T: FromFields> FromRequestParts<S> for Query422<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let pairs: Query<Vec<(String, String)>> = Query::try_from_uri(&parts.uri)
            .map_err(|_| ApiError::BadRequest("The query string could not be read"))?;
        let object: Map<String, Value> =
            pairs.0.into_iter().map(|(key, value)| (key, Value::String(value))).collect();
        read_fields(&object, "query").map(Self)
    }
}

/// The `{id}` in a path. An integer that cannot be an id becomes 0, which no entity has.
pub(super) struct PathId(pub(super) u64);

impl<S: Send + Sync> FromRequestParts<S> for PathId {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|_| ApiError::BadRequest("The path could not be read"))?;
        if let Ok(id) = text.parse() {
            return Ok(Self(id));
        }
        let object = Map::from_iter([("id".to_owned(), Value::String(text))]);
        let mut errors = Vec::new();
        let id = Fields::new(&object, vec!["path".into()], &mut errors).required("id", parse::id);
        id.map(Self).ok_or(ApiError::Invalid(errors))
    }
}

/// The `{id}` of a device and the `{interface_id}` of its port in a path, each as [`PathId`].
pub(super) struct PathPort {
    pub(super) id: u64,
    pub(super) interface_id: u64,
}

impl<S: Send + Sync> FromRequestParts<S> for PathPort {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Path((id, port)) = Path::<(String, String)>::from_request_parts(parts, state)
            .await
            .map_err(|_| ApiError::BadRequest("The path could not be read"))?;
        let texts = [("id", id), ("interface_id", port)];
        let object = texts.map(|(key, text)| (key.to_owned(), Value::String(text)));
        read_fields(&Map::from_iter(object), "path")
    }
}

impl FromFields for PathPort {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let id = fields.required("id", parse::id);
        let interface_id = fields.required("interface_id", parse::id);
        Some(Self { id: id?, interface_id: interface_id? })
    }
}

/// The `{name}` in a path; the handler checks whether it exists.
pub(super) struct PathName(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for PathName {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Path(name) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|_| ApiError::BadRequest("The path could not be read"))?;
        Ok(Self(name))
    }
}

/// Who sent the request, for the audit trail.
pub(super) struct Origin(pub(super) AuditOrigin);

impl<S: Sync> FromRequestParts<S> for Origin {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(audit_origin(&parts.extensions)))
    }
}

/// Who sends the request, from where.
pub(super) struct Sender {
    pub(super) caller: Caller,
    pub(super) client: RequestClient,
}

impl<S: Sync> FromRequestParts<S> for Sender {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let known = (parts.extensions.get::<Caller>(), parts.extensions.get::<RequestClient>());
        let (Some(caller), Some(client)) = known else {
            return Err(ApiError::Broken("the gate is not in front of the router".into()));
        };
        Ok(Self { caller: caller.clone(), client: client.clone() })
    }
}

fn read_fields<T: FromFields>(object: &Map<String, Value>, place: &str) -> Result<T, ApiError> {
    let mut errors = Vec::new();
    let read = T::from_fields(&mut Fields::new(object, vec![place.into()], &mut errors));
    match read {
        Some(read) if errors.is_empty() => Ok(read),
        _ => Err(invalid::<T>(errors)),
    }
}

/// Returns the errors of a request. They quote what is wrong, but no secret.
fn invalid<T: FromFields>(mut errors: Vec<FieldError>) -> ApiError {
    if T::HAS_SECRETS {
        errors.iter_mut().for_each(|error| error.input = Value::Null);
    }
    ApiError::Invalid(errors)
}

async fn read_body(body: Body, bytes_max: usize) -> Result<Bytes, ApiError> {
    let collected = tokio::time::timeout(BODY_WAIT, Limited::new(body, bytes_max).collect()).await;
    match collected {
        Err(_) => Err(ApiError::BodyTimeout),
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            Err(ApiError::BodyTooLarge { bytes_max })
        }
        Ok(Err(_)) => Err(ApiError::BodyUnreadable),
    }
}

/// Returns whether the body is JSON. As in FastAPI, a missing content type counts as JSON.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return true };
    let mime = value.to_str().unwrap_or("").split(';').next().unwrap_or("").trim();
    let mime = mime.to_ascii_lowercase();
    mime == "application/json" || (mime.starts_with("application/") && mime.ends_with("+json"))
}

/// Returns v2's error for a body that is not JSON, with the offset of the error.
fn unparsable(bytes: &[u8], error: &serde_json::Error) -> FieldError {
    let line_start: usize = bytes
        .split_inclusive(|byte| *byte == b'\n')
        .take(error.line().saturating_sub(1))
        .map(<[u8]>::len)
        .sum();
    let offset = line_start + error.column().saturating_sub(1);
    FieldError {
        kind: "json_invalid",
        loc: vec!["body".into(), offset.into()],
        msg: "JSON decode error".to_owned(),
        input: Value::Object(Map::new()),
        ctx: Some(serde_json::json!({ "error": error.to_string() })),
    }
}
