//! `If-Match`: a change that is carried out only on the state that its caller has seen.

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::{HeaderMap, StatusCode, header, request::Parts};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::conditional;
use super::error::ApiError;
use super::state::ApiState;
use crate::domain::{
    Command, DeviceId, EntityKey, EntityKind, IfUnchanged, LinkId, Refusal, Revised, Revision,
};
use crate::engine::EngineError;
use crate::store::AuditOrigin;
use crate::wire::{DeviceView, LinkView};

/// The states that a change is meant for; none given, it is meant for any.
pub(super) struct IfMatch(Option<Vec<Revision>>);

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let mut lines = parts.headers.get_all(header::IF_MATCH).iter().peekable();
        if lines.peek().is_none() {
            return Ok(Self(None));
        }
        let lines: Vec<&str> = lines.filter_map(|line| line.to_str().ok()).collect();
        let tags = lines.join(",");
        Ok(Self((tags.trim() != "*").then(|| conditional::revisions(&tags))))
    }
}

impl IfMatch {
    /// Carries a command out on a device, unless the device was changed since its caller has seen it.
    ///
    /// # Errors
    /// As the engine's; 412 with the device as it is now.
    pub(super) async fn on_device<C: Command>(
        self,
        state: &ApiState,
        id: DeviceId,
        command: C,
        origin: AuditOrigin,
    ) -> Result<C::Reply, ApiError> {
        let of = Revised::Device(id);
        self.execute(state, of, command, origin, || changed_device(state, id)).await
    }

    /// The same for a link.
    ///
    /// # Errors
    /// As the engine's; 412 with the link as it is now.
    pub(super) async fn on_link<C: Command>(
        self,
        state: &ApiState,
        id: LinkId,
        command: C,
        origin: AuditOrigin,
    ) -> Result<C::Reply, ApiError> {
        let of = Revised::Link(id);
        self.execute(state, of, command, origin, || changed_link(state, id)).await
    }

    /// Carries a command out, unless what it changes was changed since its caller has seen it: then
    /// the answer is what `changed` returns.
    ///
    /// # Errors
    /// As the engine's; 412.
    pub(super) async fn execute<C: Command>(
        self,
        state: &ApiState,
        of: Revised,
        command: C,
        origin: AuditOrigin,
        changed: impl FnOnce() -> Result<Response, ApiError>,
    ) -> Result<C::Reply, ApiError> {
        let Some(revisions) = self.0 else {
            return Ok(state.handle().execute(command, origin).await?);
        };
        let command = IfUnchanged { of, revisions, command };
        match state.handle().execute(command, origin).await {
            Err(EngineError::Refused(Refusal::Changed)) => {
                Err(ApiError::Changed(Box::new(changed()?)))
            }
            result => Ok(result?),
        }
    }
}

/// Most changed devices, and most changed links, in an answer.
const CHANGED_SHOWN_MAX: usize = 100;

/// Carries out a command on many devices and links that names the state in which it has seen them.
///
/// # Errors
/// As the engine's; 412 with those that are in another state.
pub(super) async fn execute_unless_changed<C: Command>(
    state: &ApiState,
    command: C,
    origin: AuditOrigin,
) -> Result<C::Reply, ApiError> {
    match state.handle().execute(command, origin).await {
        Err(EngineError::Refused(Refusal::EntitiesChanged(entities))) => {
            Err(ApiError::Changed(Box::new(changed_entities(state, entities)?)))
        }
        result => Ok(result?),
    }
}

/// The body of a 412: devices and links that were changed since the caller has seen them.
#[derive(Serialize, ToSchema)]
pub(super) struct ChangedEntities<'a> {
    detail: String,
    /// At most 100 of them, as they are now.
    devices: Vec<DeviceView<'a>>,
    /// At most 100 of them, as they are now.
    links: Vec<LinkView<'a>>,
}

fn changed_entities(state: &ApiState, entities: Vec<EntityKey>) -> Result<Response, ApiError> {
    let snapshot = state.handle().read();
    let of_kind =
        |kind| entities.iter().filter(move |one| one.kind == kind).take(CHANGED_SHOWN_MAX);
    let mut devices = Vec::new();
    for entity in of_kind(EntityKind::Device) {
        devices.extend(snapshot.device(DeviceId(entity.id))?);
    }
    let mut links = Vec::new();
    for entity in of_kind(EntityKind::Link) {
        links.extend(snapshot.link(LinkId(entity.id))?);
    }
    let body = ChangedEntities {
        detail: Refusal::EntitiesChanged(entities).to_string(),
        devices: devices.iter().map(DeviceView::new).collect(),
        links: links.iter().map(LinkView::new).collect(),
    };
    Ok((StatusCode::PRECONDITION_FAILED, Json(body)).into_response())
}

/// The body of a 412: a device that was changed since the caller has seen it.
#[derive(Serialize, ToSchema)]
pub(super) struct ChangedDevice<'a> {
    detail: &'static str,
    /// As it is now; its tag is in the `ETag` of this answer.
    current: DeviceView<'a>,
}

/// The body of a 412: a link that was changed since the caller has seen it.
#[derive(Serialize, ToSchema)]
pub(super) struct ChangedLink<'a> {
    detail: &'static str,
    /// As it is now; its tag is in the `ETag` of this answer.
    current: LinkView<'a>,
}

fn changed_device(state: &ApiState, id: DeviceId) -> Result<Response, ApiError> {
    let snapshot = state.handle().read();
    let device = snapshot.device(id)?.ok_or(ApiError::NotFound("Device not found"))?;
    let detail = "The device was changed since it was read; nothing was done";
    let body = ChangedDevice { detail, current: DeviceView::new(&device) };
    Ok(failed(state, snapshot.seq(), Revision::of_device(&device), &body))
}

fn changed_link(state: &ApiState, id: LinkId) -> Result<Response, ApiError> {
    let snapshot = state.handle().read();
    let link = snapshot.link(id)?.ok_or(ApiError::NotFound("Link not found"))?;
    let detail = "The link was changed since it was read; nothing was done";
    let body = ChangedLink { detail, current: LinkView::new(&link) };
    Ok(failed(state, snapshot.seq(), Revision::of_link(&link), &body))
}

/// The answer 412 with the state as it is now.
pub(super) fn failed(
    state: &ApiState,
    seq: u64,
    revision: Revision,
    body: &impl Serialize,
) -> Response {
    let answer = conditional::entity(state, &HeaderMap::new(), seq, revision, body);
    (StatusCode::PRECONDITION_FAILED, answer).into_response()
}
