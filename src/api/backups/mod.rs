//! Backups: listing, making, verifying, restoring, undoing and pruning.

mod download;
mod pruning_view;
mod restore_view;
mod views;

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::json;
use tokio::runtime::Handle as Runtime;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::{ApiError, ErrorBody};
use super::extract::{Body422, Origin, PathName, Query422};
use super::state::ApiState;
use super::validation::{Fields, FromFields, parse};
use crate::backup::{BackupError, Backups, CatalogEntry, Depth, Overview, RestoreSource};
use crate::jobs::Trigger;

pub use pruning_view::PruningView;
pub use restore_view::RestoreView;
pub use views::{BackupView, BackupsView};

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(backups, back_up))
        .routes(routes!(pruning, prune))
        .routes(routes!(undo))
        .routes(routes!(discover))
        .routes(routes!(backup))
        .routes(routes!(verify))
        .routes(routes!(restore))
}

/// Returns the route of downloads, which is not compressed: the files are.
pub(super) fn downloads() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(download::download))
}

/// How to restore.
#[derive(ToSchema)]
#[schema(as = RestoreOptions)]
struct RestoreBody {
    /// Show what would change, and change nothing.
    #[schema(value_type = Option<bool>, nullable = false, default = true)]
    dry_run: bool,
}

impl FromFields for RestoreBody {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { dry_run: fields.present("dry_run", parse::boolean).unwrap_or(true) })
    }
}

/// How to undo a restore.
struct UndoQuery {
    dry_run: bool,
}

impl FromFields for UndoQuery {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { dry_run: fields.present("dry_run", parse::boolean).unwrap_or(false) })
    }
}

/// Whether the site can be restored, to which time and how fast; all backups; the current
/// operation.
#[utoipa::path(
    get,
    path = "/api/backups",
    tag = "backups",
    responses((status = 200, body = BackupsView))
)]
async fn backups(State(state): State<ApiState>) -> Result<Json<BackupsView>, ApiError> {
    let overview = state.backups().observe().await?;
    Ok(Json(BackupsView::new(state.backups(), overview)))
}

/// Backs the site up, verifies the backup and copies it to the off-host targets. Answers when all
/// is done; `activity` of `GET /api/backups` shows the progress. A copy that could not be made is
/// `failed` in the answer.
#[utoipa::path(
    post,
    path = "/api/backups",
    tag = "backups",
    responses(
        (status = 201, body = BackupView),
        (status = 409, description = "Another backup is being made", body = ErrorBody),
        (status = 503, description = "The backup was not made or not verified", body = ErrorBody),
        (status = 507, description = "There is not enough space for a backup", body = ErrorBody),
    )
)]
async fn back_up(
    State(state): State<ApiState>,
    Origin(origin): Origin,
) -> Result<(StatusCode, Json<BackupView>), ApiError> {
    let backups = state.backups();
    let known: BTreeSet<_> =
        answering(backups).await?.entries.into_iter().map(|entry| entry.id).collect();
    backups.work(|backups| backups.check_ready()).await?;
    let run = state.jobs().run_now("backup", Trigger::Manual).await?;
    state.record_if_space(origin, "run job", json!({ "job": "backup", "run": run.id })).await?;
    let run = state.jobs().wait("backup", run.id).await?;
    // Found by its id: after the clock was set back, another backup may be the newest.
    let overview = answering(backups).await?;
    let made = overview.entries.iter().find(|it| !it.is_bad() && !known.contains(&it.id));
    let message = run.message.unwrap_or_default();
    let made = made.ok_or_else(|| BackupError::NotMade(message.clone()))?;
    if !made.is_verified() {
        let id = made.id.to_string();
        let error = match made.notes.verification_error.clone() {
            Some(why) => BackupError::Unverified { id, why },
            // The result could not be recorded; the error has the whole sentence.
            None if message.contains(&id) => BackupError::RunFailed(message),
            None => BackupError::Unverified { id, why: message },
        };
        return Err(error.into());
    }
    Ok((StatusCode::CREATED, Json(view_of(&overview, made))))
}

/// One backup.
#[utoipa::path(
    get,
    path = "/api/backups/{id}",
    tag = "backups",
    params(("id" = String, Path, description = "Such as unoc_20261125_021500, or latest")),
    responses((status = 200, body = BackupView))
)]
async fn backup(
    State(state): State<ApiState>,
    PathName(id): PathName,
) -> Result<Json<BackupView>, ApiError> {
    let overview = state.backups().observe().await?;
    Ok(Json(view_of(&overview, overview.find(&id)?)))
}

/// Restores a backup into a scratch store and compares it. If verification fails, the answer is
/// `bad` and another backup is made.
#[utoipa::path(
    post,
    path = "/api/backups/{id}/verify",
    tag = "backups",
    params(("id" = String, Path, description = "Such as unoc_20261125_021500, or latest")),
    responses(
        (status = 200, body = BackupView),
        (status = 409, description = "Another operation on backups is running", body = ErrorBody),
    )
)]
async fn verify(
    State(state): State<ApiState>,
    PathName(id): PathName,
    Origin(origin): Origin,
) -> Result<Json<BackupView>, ApiError> {
    let runtime = Runtime::current();
    let verified = blocking(&state, move |backups| {
        let entry = runtime.block_on(backups.fetch(&backups.find(&id)?))?;
        let entry = backups.verify(entry.id.as_str(), Depth::Full, &|_| {})?;
        // Here, since a client that goes away ends the handler and not this.
        runtime.block_on(backups.record_verified(&entry, origin));
        view(backups, entry.id.as_str())
    });
    Ok(Json(verified.await?))
}

/// Replaces the site with a saved state, or shows what that would change.
#[utoipa::path(
    post,
    path = "/api/backups/{id}/restore",
    tag = "backups",
    params(("id" = String, Path, description = "Such as unoc_20261125_021500, or latest")),
    request_body = RestoreBody,
    responses(
        (status = 200, body = RestoreView),
        (status = 409, description = "Busy, the backup is damaged, or no key decrypts it", body = ErrorBody),
    )
)]
async fn restore(
    State(state): State<ApiState>,
    PathName(id): PathName,
    Origin(origin): Origin,
    Body422(body): Body422<RestoreBody>,
) -> Result<Json<RestoreView>, ApiError> {
    let runtime = Runtime::current();
    let restored = blocking(&state, move |backups| {
        let entry = runtime.block_on(backups.fetch(&backups.find(&id)?))?;
        let source = RestoreSource::Backup(entry.id);
        backups.restore(source, body.dry_run, &origin).map(RestoreView::new)
    });
    Ok(Json(restored.await?))
}

/// Undoes the last restore, or shows what that would change.
#[utoipa::path(
    post,
    path = "/api/backups/undo",
    tag = "backups",
    params(("dry_run" = Option<bool>, Query, description = "Show what would change, and change \
        nothing")),
    responses(
        (status = 200, body = RestoreView),
        (status = 409, description = "There is no restore to undo", body = ErrorBody),
    )
)]
async fn undo(
    State(state): State<ApiState>,
    Query422(query): Query422<UndoQuery>,
    Origin(origin): Origin,
) -> Result<Json<RestoreView>, ApiError> {
    let undone = blocking(&state, move |backups| {
        backups.restore(RestoreSource::Undo, query.dry_run, &origin).map(RestoreView::new)
    });
    Ok(Json(undone.await?))
}

/// Searches the off-host targets for backups that this host does not list, for example after the
/// old host was lost.
#[utoipa::path(
    post,
    path = "/api/backups/discover",
    tag = "backups",
    responses(
        (status = 200, body = BackupsView),
        (status = 409, description = "Another operation on backups is running", body = ErrorBody),
        (status = 503, description = "A target cannot be reached", body = ErrorBody),
    )
)]
async fn discover(
    State(state): State<ApiState>,
    Origin(origin): Origin,
) -> Result<Json<BackupsView>, ApiError> {
    let runtime = Runtime::current();
    let searched = blocking(&state, move |backups| {
        let found = runtime.block_on(backups.discover())?;
        runtime.block_on(backups.record_search(found, origin));
        Ok(())
    });
    searched.await?;
    backups(State(state)).await
}

/// What pruning would remove now.
#[utoipa::path(
    get,
    path = "/api/backups/prune",
    tag = "backups",
    responses((status = 200, body = PruningView))
)]
async fn pruning(State(state): State<ApiState>) -> Result<Json<PruningView>, ApiError> {
    let overview = state.backups().observe().await?;
    Ok(Json(PruningView::new(state.backups().pruning_of(&overview.entries))))
}

/// Removes the backups that the retention rules do not keep, here and at the off-host targets.
#[utoipa::path(
    post,
    path = "/api/backups/prune",
    tag = "backups",
    responses(
        (status = 200, body = PruningView),
        (status = 409, description = "Another operation on backups is running", body = ErrorBody),
    )
)]
async fn prune(
    State(state): State<ApiState>,
    Origin(origin): Origin,
) -> Result<Json<PruningView>, ApiError> {
    let runtime = Runtime::current();
    let pruned = blocking(&state, move |backups| runtime.block_on(backups.prune(&origin, &|_| {})));
    Ok(Json(PruningView::new(pruned.await?)))
}

fn view(backups: &Backups, id: &str) -> Result<BackupView, BackupError> {
    let overview = backups.overview()?;
    Ok(view_of(&overview, overview.find(id)?))
}

fn view_of(overview: &Overview, entry: &CatalogEntry) -> BackupView {
    let newest = overview.newest_verified.as_ref();
    BackupView::new(entry, newest.is_some_and(|newest| newest.id == entry.id), &overview.retained)
}

/// Checks that the backup directory responds.
async fn answering(backups: &Backups) -> Result<Overview, BackupError> {
    let overview = backups.observe().await?;
    match overview.is_answering {
        true => Ok(overview),
        false => Err(BackupError::DirectoryUnresponsive(backups.options().directory.clone())),
    }
}

/// Runs blocking work on files, after the directory has responded.
async fn blocking<T: Send + 'static>(
    state: &ApiState,
    work: impl FnOnce(&Backups) -> Result<T, BackupError> + Send + 'static,
) -> Result<T, ApiError> {
    answering(state.backups()).await?;
    Ok(state.backups().work(work).await?)
}
