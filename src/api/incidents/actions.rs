//! What people do with an incident. Everything is kept in its timeline.

use axum::Json;
use axum::extract::State;
use serde_json::json;
use utoipa::ToSchema;

use super::view::IncidentDetailView;
use crate::api::error::{ApiError, ErrorBody};
use crate::api::extract::{Body422, Origin, PathId};
use crate::api::state::ApiState;
use crate::api::validation::{Fields, FromFields, parse};
use crate::incidents::{ActionKind, IncidentAction};
use crate::store::AuditOrigin;

/// Longest name of a person, and longest note: half a page.
pub(super) const NAME_CHARS_MAX: usize = 100;
pub(super) const NOTE_CHARS_MAX: usize = 1000;

/// Who does it, and what there is to say.
#[derive(ToSchema)]
#[schema(as = IncidentActionBody)]
pub(super) struct ActionBody {
    /// The name of the person.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    #[schema(value_type = Option<String>, max_length = 1000)]
    note: Option<String>,
}

impl FromFields for ActionBody {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let name = fields.required("name", parse::line(NAME_CHARS_MAX));
        let note = fields.nullable("note", parse::optional_line(NOTE_CHARS_MAX));
        Some(Self { name: name?, note: note.flatten().flatten() })
    }
}

/// A note of a person.
#[derive(ToSchema)]
#[schema(as = IncidentNoteBody)]
pub(super) struct NoteBody {
    /// The name of the person.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    #[schema(min_length = 1, max_length = 1000)]
    note: String,
}

impl FromFields for NoteBody {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let name = fields.required("name", parse::line(NAME_CHARS_MAX));
        let note = fields.required("note", parse::line(NOTE_CHARS_MAX));
        Some(Self { name: name?, note: note? })
    }
}

/// Notes who works on an incident. A later acknowledgement replaces an earlier one.
#[utoipa::path(
    post,
    path = "/api/incidents/{id}/acknowledge",
    tag = "incidents",
    params(("id" = u64, Path)),
    request_body = ActionBody,
    responses(
        (status = 200, body = IncidentDetailView),
        (status = 409, description = "It is closed", body = ErrorBody),
    )
)]
pub(super) async fn acknowledge_incident(
    State(state): State<ApiState>,
    PathId(id): PathId,
    Origin(origin): Origin,
    Body422(ActionBody { name, note }): Body422<ActionBody>,
) -> Result<Json<IncidentDetailView>, ApiError> {
    act(&state, origin, id, name, ActionKind::Acknowledge { note }).await
}

/// Adds a note to an incident, also to one that is closed.
#[utoipa::path(
    post,
    path = "/api/incidents/{id}/note",
    tag = "incidents",
    params(("id" = u64, Path)),
    request_body = NoteBody,
    responses((status = 200, body = IncidentDetailView))
)]
pub(super) async fn add_incident_note(
    State(state): State<ApiState>,
    PathId(id): PathId,
    Origin(origin): Origin,
    Body422(NoteBody { name, note }): Body422<NoteBody>,
) -> Result<Json<IncidentDetailView>, ApiError> {
    act(&state, origin, id, name, ActionKind::Note { text: note }).await
}

/// Closes an incident whose cause does not exist any longer: one that comes and goes, or an event such as
/// a failed run. All others close by themselves.
#[utoipa::path(
    post,
    path = "/api/incidents/{id}/close",
    tag = "incidents",
    params(("id" = u64, Path)),
    request_body = ActionBody,
    responses(
        (status = 200, body = IncidentDetailView),
        (status = 409, description = "It is closed, or its cause still exists", body = ErrorBody),
    )
)]
pub(super) async fn close_incident(
    State(state): State<ApiState>,
    PathId(id): PathId,
    Origin(origin): Origin,
    Body422(ActionBody { name, note }): Body422<ActionBody>,
) -> Result<Json<IncidentDetailView>, ApiError> {
    act(&state, origin, id, name, ActionKind::Close { note }).await
}

async fn act(
    state: &ApiState,
    origin: AuditOrigin,
    id: u64,
    name: String,
    kind: ActionKind,
) -> Result<Json<IncidentDetailView>, ApiError> {
    // The note may have personal data, which is erased in the timeline only.
    let details = json!({ "incident": id, "name": name });
    let action = match kind {
        ActionKind::Acknowledge { .. } => "acknowledge incident",
        ActionKind::Note { .. } => "add note to incident",
        ActionKind::Close { .. } => "close incident",
    };
    let incident = state.incidents().act(id, IncidentAction { name, kind }).await?;
    state.record(origin, action, details).await?;
    let notices = state.handle().read().notices_of(id)?;
    Ok(Json(IncidentDetailView::new(incident, notices)))
}
