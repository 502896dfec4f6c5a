//! Errors as answers: the only module that maps errors to status codes.

use std::time::Duration;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::validation::{FieldError, ValidationErrors};
use crate::auth::{AuthError, LoginError};
use crate::backup::BackupError;
use crate::domain::{Refusal, RowRefusal};
use crate::engine::EngineError;
use crate::health::HealthError;
use crate::incidents::IncidentError;
use crate::jobs::JobError;
use crate::logs::LevelError;
use crate::query::NotUndoable;
use crate::settings::RuntimeSetting;
use crate::store::StoreError;
use crate::sync::SyncError;
use crate::util::BlockingError;
use crate::wire::ImportErrors;

/// Why a request was not carried out.
#[derive(Debug)]
pub(super) enum ApiError {
    Engine(EngineError),
    Store(StoreError),
    Auth(AuthError),
    Login(LoginError),
    Sync(SyncError),
    Job(JobError),
    Incident(IncidentError),
    Health(HealthError),
    Backup(BackupError),
    LogLevel(LevelError),
    /// An operator switched the feature off.
    SwitchedOff(RuntimeSetting),
    Table(ImportErrors),
    NotUndoable(NotUndoable),
    /// The answer failed; the client is not told the cause.
    Broken(Box<dyn std::error::Error + Send + Sync>),
    /// What was to be changed is not what the caller has seen; the answer shows it.
    Changed(Box<Response>),
    Invalid(Vec<FieldError>),
    NotFound(&'static str),
    BadRequest(&'static str),
    Forbidden(&'static str),
    BodyTooLarge {
        bytes_max: usize,
    },
    BodyTimeout,
    BodyUnreadable,
}

/// The body of an error answer.
#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
pub(super) struct ErrorBody {
    pub(super) detail: String,
    /// For bulk requests: the error of each invalid row.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    errors: Option<Vec<RowErrorView>>,
    /// For an undo: what stands in its way, at most 20 sentences.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    obstacles: Option<Vec<String>>,
    /// For a login: `code`, if the password is right and a code of the second factor is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    needs: Option<&'static str>,
}

/// The error of one row of a bulk request.
#[derive(Serialize, ToSchema)]
#[schema(as = RowError)]
struct RowErrorView {
    /// Index in the request, from 0.
    index: usize,
    detail: String,
    /// For an undo: what stands in its way, at most 20 sentences.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    obstacles: Option<Vec<String>>,
}

/// The cause of an error, for the request log.
#[derive(Clone)]
pub(super) struct LoggedCause(pub(super) String);

/// Marks an answer with a status of a fault that is none: an operator wants it.
#[derive(Clone, Copy)]
pub(super) struct Intended;

impl From<EngineError> for ApiError {
    fn from(error: EngineError) -> Self {
        Self::Engine(error)
    }
}

impl From<AuthError> for ApiError {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Engine(error) => Self::Engine(error),
            other => Self::Auth(other),
        }
    }
}

impl From<LoginError> for ApiError {
    fn from(error: LoginError) -> Self {
        match error {
            LoginError::Engine(error) => Self::Engine(error),
            other => Self::Login(other),
        }
    }
}

impl From<NotUndoable> for ApiError {
    fn from(reason: NotUndoable) -> Self {
        Self::NotUndoable(reason)
    }
}

impl From<BlockingError> for ApiError {
    fn from(error: BlockingError) -> Self {
        Self::Broken(error.into())
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<SyncError> for ApiError {
    fn from(error: SyncError) -> Self {
        match error {
            SyncError::Engine(error) => Self::Engine(error),
            SyncError::Store(error) => Self::Store(error),
            other => Self::Sync(other),
        }
    }
}

impl From<JobError> for ApiError {
    fn from(error: JobError) -> Self {
        match error {
            JobError::Engine(error) => Self::Engine(error),
            JobError::Store(error) => Self::Store(error),
            other => Self::Job(other),
        }
    }
}

impl From<IncidentError> for ApiError {
    fn from(error: IncidentError) -> Self {
        match error {
            IncidentError::Engine(error) => Self::Engine(error),
            IncidentError::Store(error) => Self::Store(error),
            IncidentError::Blocking(error) => error.into(),
            other => Self::Incident(other),
        }
    }
}

impl From<HealthError> for ApiError {
    fn from(error: HealthError) -> Self {
        Self::Health(error)
    }
}

impl From<BackupError> for ApiError {
    fn from(error: BackupError) -> Self {
        match error {
            BackupError::Engine(error) => Self::Engine(error),
            other => Self::Backup(other),
        }
    }
}

impl From<LevelError> for ApiError {
    fn from(error: LevelError) -> Self {
        Self::LogLevel(error)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        match self {
            Self::Engine(EngineError::Refused(refusal)) => refused(&refusal),
            Self::Engine(error @ EngineError::ReadOnly { .. }) => {
                answer(StatusCode::INSUFFICIENT_STORAGE, error.to_string())
            }
            Self::Engine(error @ EngineError::PastRemoved) => {
                answer(StatusCode::CONFLICT, error.to_string())
            }
            Self::Engine(
                error @ (EngineError::Busy | EngineError::Stopped | EngineError::Volume { .. }),
            ) => answer(StatusCode::SERVICE_UNAVAILABLE, error.to_string()),
            Self::Engine(error @ EngineError::Panicked) => internal(&error),
            Self::Engine(EngineError::Store(error)) | Self::Store(error) => internal(&error),
            Self::Broken(error) => internal(error.as_ref()),
            Self::Auth(error) => account(&error),
            Self::Login(error) => login(&error),
            Self::Sync(error) => mirror(&error),
            Self::Job(error) => job(&error),
            Self::Incident(error) => incident(&error),
            Self::Health(error) => health(&error),
            Self::Backup(error) => backup(&error),
            Self::LogLevel(error @ LevelError::TooMany) => {
                answer(StatusCode::CONFLICT, error.to_string())
            }
            Self::LogLevel(error) => answer(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()),
            Self::SwitchedOff(feature) => switched_off(feature),
            Self::Table(errors) => (StatusCode::BAD_REQUEST, Json(errors)).into_response(),
            Self::NotUndoable(reason) => answer(StatusCode::CONFLICT, reason.to_string()),
            Self::Changed(answer) => *answer,
            Self::Invalid(detail) => {
                (StatusCode::UNPROCESSABLE_ENTITY, Json(ValidationErrors { detail }))
                    .into_response()
            }
            Self::NotFound(detail) => answer(StatusCode::NOT_FOUND, detail),
            Self::BadRequest(detail) => answer(StatusCode::BAD_REQUEST, detail),
            Self::Forbidden(detail) => answer(StatusCode::FORBIDDEN, detail),
            Self::BodyTooLarge { bytes_max } => answer(
                StatusCode::PAYLOAD_TOO_LARGE,
                format!("The request body is larger than {bytes_max} bytes"),
            ),
            Self::BodyTimeout => {
                answer(StatusCode::REQUEST_TIMEOUT, "The request body did not arrive in time")
            }
            Self::BodyUnreadable => {
                answer(StatusCode::BAD_REQUEST, "The request body could not be read")
            }
        }
    }
}

/// Returns an error answer with a text.
pub(super) fn answer(status: StatusCode, detail: impl Into<String>) -> Response {
    let detail = detail.into();
    (status, Json(ErrorBody { detail, errors: None, obstacles: None, needs: None })).into_response()
}

/// Returns the answer of a change of users, sessions or tokens that was not made.
fn account(error: &AuthError) -> Response {
    match error {
        AuthError::Refused(_) | AuthError::Wrong(_) => {
            answer(StatusCode::BAD_REQUEST, error.to_string())
        }
        AuthError::NotFound(_) => answer(StatusCode::NOT_FOUND, error.to_string()),
        AuthError::Throttled { retry_after } => throttled(error.to_string(), *retry_after),
        AuthError::Busy => answer(StatusCode::SERVICE_UNAVAILABLE, error.to_string()),
        AuthError::Engine(_) => internal(error),
    }
}

/// Returns the answer to somebody who was not logged in.
fn login(error: &LoginError) -> Response {
    let detail = error.to_string();
    match error {
        LoginError::Wrong => answer(StatusCode::UNAUTHORIZED, detail),
        LoginError::NeedsCode => {
            let needs = Some("code");
            let body = ErrorBody { detail, errors: None, obstacles: None, needs };
            (StatusCode::UNAUTHORIZED, Json(body)).into_response()
        }
        LoginError::Refused(_) => answer(StatusCode::BAD_REQUEST, detail),
        LoginError::Throttled { retry_after } => throttled(detail, *retry_after),
        LoginError::Busy => answer(StatusCode::SERVICE_UNAVAILABLE, detail),
        LoginError::Engine(_) => internal(error),
    }
}

/// Returns 429 with the time after which a client may try again.
pub(super) fn throttled(detail: String, retry_after: Duration) -> Response {
    let mut response = answer(StatusCode::TOO_MANY_REQUESTS, detail);
    let seconds = HeaderValue::from(retry_after.as_secs().max(1));
    response.headers_mut().insert(header::RETRY_AFTER, seconds);
    response
}

fn refused(refusal: &Refusal) -> Response {
    let status = match refusal {
        Refusal::DeviceNotFound
        | Refusal::InterfaceNotFound
        | Refusal::LinkNotFound
        | Refusal::EntityNotFound(_)
        | Refusal::ParentNotFound
        | Refusal::PortNotOfDevice(_)
        | Refusal::NoPortNamed { .. }
        | Refusal::NotCrossConnected(_)
        | Refusal::EndNotFound { .. } => StatusCode::NOT_FOUND,
        Refusal::SerialTaken { .. } | Refusal::CannotUndo(_) | Refusal::NothingToUndo => {
            StatusCode::CONFLICT
        }
        _ => StatusCode::BAD_REQUEST,
    };
    let errors = match refusal {
        Refusal::Rows { rows, .. } => Some(rows.iter().map(row_error).collect()),
        Refusal::Simulated { row, .. } => Some(vec![row_error(row)]),
        _ => None,
    };
    let (detail, obstacles) = (refusal.to_string(), obstacles(refusal));
    let body = ErrorBody { detail, errors, obstacles, needs: None };
    (status, Json(body)).into_response()
}

/// Returns what stands in the way of an undo, as sentences.
fn obstacles(refusal: &Refusal) -> Option<Vec<String>> {
    let Refusal::CannotUndo(obstacles) = refusal else { return None };
    Some(obstacles.listed().iter().map(ToString::to_string).collect())
}

fn row_error(row: &RowRefusal) -> RowErrorView {
    RowErrorView {
        index: row.index,
        detail: row.refusal.to_string(),
        obstacles: obstacles(&row.refusal),
    }
}

/// Returns the answer of a request to the mirror that failed, with the reason.
fn mirror(error: &SyncError) -> Response {
    match error {
        SyncError::Off | SyncError::NothingToAdopt => {
            answer(StatusCode::CONFLICT, error.to_string())
        }
        SyncError::Stopped(obstacle) => {
            answer(StatusCode::CONFLICT, format!("{}; {}", obstacle.message, obstacle.remedy))
        }
        other => answer(StatusCode::SERVICE_UNAVAILABLE, other.to_string()),
    }
}

fn job(error: &JobError) -> Response {
    let status = match error {
        JobError::NotFound => StatusCode::NOT_FOUND,
        JobError::AlreadyRunning => StatusCode::CONFLICT,
        JobError::Schedule(_) => StatusCode::UNPROCESSABLE_ENTITY,
        JobError::Stopping | JobError::Engine(_) | JobError::Store(_) => {
            StatusCode::SERVICE_UNAVAILABLE
        }
    };
    answer(status, error.to_string())
}

fn incident(error: &IncidentError) -> Response {
    let status = match error {
        IncidentError::NotFound | IncidentError::WindowNotFound => StatusCode::NOT_FOUND,
        IncidentError::Closed | IncidentError::StillActive | IncidentError::WindowsFull { .. } => {
            StatusCode::CONFLICT
        }
        IncidentError::WindowOrder | IncidentError::WindowOver => StatusCode::BAD_REQUEST,
        IncidentError::Full { .. }
        | IncidentError::Stopping
        | IncidentError::Blocking(_)
        | IncidentError::Engine(_)
        | IncidentError::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    answer(status, error.to_string())
}

fn health(error: &HealthError) -> Response {
    let status = match error {
        HealthError::NotFound => StatusCode::NOT_FOUND,
        HealthError::Stopping => StatusCode::SERVICE_UNAVAILABLE,
    };
    answer(status, error.to_string())
}

/// Returns the answer of a request for a backup that failed. The text has the reason, but no
/// internal error.
fn backup(error: &BackupError) -> Response {
    let status = match error {
        BackupError::NotFound(_)
        | BackupError::NotLocal(_)
        | BackupError::NoBackup
        | BackupError::NoCopy => StatusCode::NOT_FOUND,
        BackupError::Busy(_)
        | BackupError::NoFreeName
        | BackupError::NothingToUndo
        | BackupError::Damaged { .. }
        | BackupError::WrongKey { .. }
        | BackupError::Newer { .. }
        | BackupError::OtherSite { .. }
        | BackupError::Differs(_)
        | BackupError::Key(_) => StatusCode::CONFLICT,
        BackupError::NoRoom { .. } => StatusCode::INSUFFICIENT_STORAGE,
        // The operator set the directory and can correct the error.
        BackupError::Io { .. }
        | BackupError::DirectoryUnresponsive(_)
        | BackupError::NotMade(_)
        | BackupError::Unverified { .. }
        | BackupError::RunFailed(_)
        | BackupError::TargetNotSetUp { .. }
        | BackupError::Stopping
        | BackupError::Target(_) => StatusCode::SERVICE_UNAVAILABLE,
        BackupError::Shared(error) => return backup(error),
        BackupError::Panicked
        | BackupError::Time(_)
        | BackupError::Row(_)
        | BackupError::Store(_)
        | BackupError::Engine(_) => return internal(error),
    };
    answer(status, error.to_string())
}

fn switched_off(feature: RuntimeSetting) -> Response {
    let (title, key) = (feature.spec().title, feature.spec().key);
    let remedy = format!("PATCH /api/settings with {{\"{key}\": true}} switches them on");
    let cause = format!("{title} are switched off");
    let mut response = answer(StatusCode::SERVICE_UNAVAILABLE, format!("{cause}; {remedy}"));
    response.extensions_mut().insert(LoggedCause(cause));
    response.extensions_mut().insert(Intended);
    response
}

/// Returns 500. The cause is only in the log.
fn internal(error: &dyn std::error::Error) -> Response {
    let mut response = answer(
        StatusCode::INTERNAL_SERVER_ERROR,
        "Internal error; the log has the cause under this request's id",
    );
    response.extensions_mut().insert(LoggedCause(error.to_string()));
    response
}
