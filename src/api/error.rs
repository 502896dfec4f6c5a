//! Errors as answers: the only place where they become status codes.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::validation::{FieldError, ValidationErrors};
use crate::backup::BackupError;
use crate::domain::{Refusal, RowRefusal};
use crate::engine::EngineError;
use crate::jobs::JobError;
use crate::store::StoreError;
use crate::sync::SyncError;
use crate::util::BlockingError;
use crate::wire::ImportErrors;

/// Why a request was not carried out.
#[derive(Debug)]
pub(super) enum ApiError {
    Engine(EngineError),
    Store(StoreError),
    Sync(SyncError),
    Job(JobError),
    Backup(BackupError),
    Table(ImportErrors),
    /// An answer could not be made, for a reason that stays inside.
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

/// The body of an error.
#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
pub(super) struct ErrorBody {
    pub(super) detail: String,
    /// For bulk calls: what is wrong with which row.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    errors: Option<Vec<RowErrorView>>,
}

/// What is wrong with one row of a bulk call.
#[derive(Serialize, ToSchema)]
#[schema(as = RowError)]
struct RowErrorView {
    /// Index in the request, from 0.
    index: usize,
    detail: String,
}

/// Marks a response whose cause the request log should name.
#[derive(Clone)]
pub(super) struct LoggedCause(pub(super) String);

impl From<EngineError> for ApiError {
    fn from(error: EngineError) -> Self {
        Self::Engine(error)
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

impl From<BackupError> for ApiError {
    fn from(error: BackupError) -> Self {
        match error {
            BackupError::Engine(error) => Self::Engine(error),
            other => Self::Backup(other),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        match self {
            Self::Engine(EngineError::Refused(refusal)) => refused(&refusal),
            Self::Engine(error @ EngineError::ReadOnly { .. }) => {
                answer(StatusCode::INSUFFICIENT_STORAGE, error.to_string())
            }
            Self::Engine(
                error @ (EngineError::Busy | EngineError::Stopped | EngineError::Volume { .. }),
            ) => answer(StatusCode::SERVICE_UNAVAILABLE, error.to_string()),
            Self::Engine(error @ EngineError::Panicked) => internal(&error),
            Self::Engine(EngineError::Store(error)) | Self::Store(error) => internal(&error),
            Self::Broken(error) => internal(error.as_ref()),
            Self::Sync(error) => mirror(&error),
            Self::Job(error) => job(&error),
            Self::Backup(error) => backup(&error),
            Self::Table(errors) => (StatusCode::BAD_REQUEST, Json(errors)).into_response(),
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

/// An error answer with a text.
pub(super) fn answer(status: StatusCode, detail: impl Into<String>) -> Response {
    (status, Json(ErrorBody { detail: detail.into(), errors: None })).into_response()
}

fn refused(refusal: &Refusal) -> Response {
    let status = match refusal {
        Refusal::DeviceNotFound
        | Refusal::InterfaceNotFound
        | Refusal::LinkNotFound
        | Refusal::ParentNotFound
        | Refusal::EndNotFound { .. } => StatusCode::NOT_FOUND,
        _ => StatusCode::BAD_REQUEST,
    };
    let errors = match refusal {
        Refusal::Rows { rows, .. } => Some(rows.iter().map(row_error).collect()),
        _ => None,
    };
    (status, Json(ErrorBody { detail: refusal.to_string(), errors })).into_response()
}

fn row_error(row: &RowRefusal) -> RowErrorView {
    RowErrorView { index: row.index, detail: row.refusal.to_string() }
}

/// An operator asked the mirror, and is told what keeps it.
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

/// What keeps a backup from being made or restored is told; what went wrong inside is not.
fn backup(error: &BackupError) -> Response {
    let status = match error {
        BackupError::NotFound(_) | BackupError::NotLocal(_) | BackupError::NoBackup => {
            StatusCode::NOT_FOUND
        }
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
        // The directory is what the operator named; what is wrong with it is theirs to mend.
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

/// What went wrong inside stays in the log.
fn internal(error: &dyn std::error::Error) -> Response {
    let mut response = answer(
        StatusCode::INTERNAL_SERVER_ERROR,
        "Internal error; the log has the cause under this request's id",
    );
    response.extensions_mut().insert(LoggedCause(error.to_string()));
    response
}
