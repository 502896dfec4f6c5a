//! Links.
#![expect(unused_qualifications, reason = "utoipa's `params` expands to a qualified name")]

use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::conditional;
use super::error::ApiError;
use super::extract::{Body422, Origin, PathId, Query422};
use super::listing::{self, PageParams, PageQuery};
use super::precondition::{ChangedLink, IfMatch};
use super::state::ApiState;
use super::validation::{Fields, FromFields, parse};
use crate::domain::{
    ConnectDevices, ConnectedDevices, CreateLink, DeleteLink, DeviceId, EndJoin, InterfaceId,
    InterfaceType, Lifecycle, Link, LinkId, LinkPatch, Medium, Override, OverrideReason, Revision,
    Status, Timestamp, UpdateLink,
};
use crate::store::AuditOrigin;
use crate::wire::{self, InterfaceView, LinkView};

/// Returns the routes with long answers.
pub(super) fn lists() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(list_links, create_link))
}

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(connect_devices))
        .routes(routes!(get_link, update_link, delete_link))
        .routes(routes!(clear_override))
}

/// A link to create between two interfaces.
#[derive(ToSchema)]
#[schema(as = NewLink)]
pub(super) struct NewLinkBody {
    #[schema(value_type = u64)]
    a_interface_id: InterfaceId,
    #[schema(value_type = u64)]
    b_interface_id: InterfaceId,
    #[schema(minimum = 0.0)]
    length_km: Option<f64>,
    #[schema(schema_with = wire::nullable_medium_schema, required = false)]
    physical_medium_id: Option<Medium>,
    /// The port to cross-connect the port of end A with, in the same ODF, NVT or HOP. Without one, the
    /// link is joined with the oldest unjoined one that it continues.
    #[schema(value_type = Option<u64>)]
    a_cross_connect_to: Option<InterfaceId>,
    #[schema(value_type = Option<u64>)]
    b_cross_connect_to: Option<InterfaceId>,
    /// Leaves the port of end A without a cross-connect; not with `a_cross_connect_to`.
    #[schema(value_type = Option<bool>, nullable = false)]
    a_stays_unjoined: bool,
    #[schema(value_type = Option<bool>, nullable = false)]
    b_stays_unjoined: bool,
}

/// Two devices to link.
#[derive(ToSchema)]
#[schema(as = ConnectDevices)]
pub(super) struct ConnectBody {
    #[schema(value_type = u64)]
    device_a_id: DeviceId,
    #[schema(value_type = u64)]
    device_b_id: DeviceId,
    /// `fiber` creates optical ports, any other value Ethernet ports.
    link_type: String,
    /// A free port to take instead of the next one of the right kind.
    #[schema(value_type = Option<u64>)]
    a_interface_id: Option<InterfaceId>,
    #[schema(value_type = Option<u64>)]
    b_interface_id: Option<InterfaceId>,
    /// DOWN and DEGRADED are kept as an override of the link.
    #[schema(schema_with = wire::status_schema, required = false)]
    status: Status,
    #[schema(minimum = 0.0)]
    length_km: Option<f64>,
    #[schema(schema_with = wire::nullable_medium_schema, required = false)]
    physical_medium_id: Option<Medium>,
}

impl FromFields for NewLinkBody {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let a = fields.required("a_interface_id", parse::id).map(InterfaceId);
        let b = fields.required("b_interface_id", parse::id).map(InterfaceId);
        let length_km = fields.optional("length_km", parse::not_negative);
        let physical_medium_id = fields.optional("physical_medium_id", parse::medium);
        let to = ["a_cross_connect_to", "b_cross_connect_to"]
            .map(|key| fields.optional(key, parse::id).map(InterfaceId));
        let [a_cross_connect_to, b_cross_connect_to] = to;
        let a_stays_unjoined = stays_unjoined(fields, "a_stays_unjoined", a_cross_connect_to);
        let b_stays_unjoined = stays_unjoined(fields, "b_stays_unjoined", b_cross_connect_to);
        Some(Self {
            a_interface_id: a?,
            b_interface_id: b?,
            length_km,
            physical_medium_id,
            a_cross_connect_to,
            b_cross_connect_to,
            a_stays_unjoined,
            b_stays_unjoined,
        })
    }
}

/// Whether an end gets no cross-connect, which it cannot where one with `to` is asked for.
fn stays_unjoined(fields: &mut Fields<'_>, key: &'static str, to: Option<InterfaceId>) -> bool {
    let read = |value: &Value| match parse::boolean(value)? {
        true if to.is_some() => Err(parse::contradiction("a port to cross-connect is given, too")),
        is_unjoined => Ok(is_unjoined),
    };
    fields.present(key, read).unwrap_or(false)
}

impl FromFields for ConnectBody {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let device_a_id = fields.required("device_a_id", parse::id).map(DeviceId);
        let device_b_id = fields.required("device_b_id", parse::id).map(DeviceId);
        let link_type = fields.required("link_type", parse::text);
        let ports = ["a_interface_id", "b_interface_id"]
            .map(|key| fields.optional(key, parse::id).map(InterfaceId));
        let [a_interface_id, b_interface_id] = ports;
        let status = fields.present("status", parse::status);
        let length_km = fields.optional("length_km", parse::not_negative);
        let physical_medium_id = fields.optional("physical_medium_id", parse::medium);
        Some(Self {
            device_a_id: device_a_id?,
            device_b_id: device_b_id?,
            link_type: link_type?,
            a_interface_id,
            b_interface_id,
            status: status.unwrap_or(Status::Up),
            length_km,
            physical_medium_id,
        })
    }
}

impl ConnectBody {
    pub(super) fn with_rules(self, validate: bool) -> ConnectDevices {
        let is_fiber = self.link_type == "fiber";
        ConnectDevices {
            a: self.device_a_id,
            b: self.device_b_id,
            interface_type: if is_fiber { InterfaceType::Optical } else { InterfaceType::Ethernet },
            ports: [self.a_interface_id, self.b_interface_id],
            status: self.status,
            length_km: self.length_km,
            medium: self.physical_medium_id,
            validate,
        }
    }
}

impl NewLinkBody {
    pub(super) fn with_rules(self, validate: bool) -> CreateLink {
        let join = |to: Option<InterfaceId>, stays_unjoined| match to {
            Some(to) => EndJoin::With(to),
            None if stays_unjoined => EndJoin::Nothing,
            None => EndJoin::Assumed,
        };
        CreateLink {
            a: self.a_interface_id,
            b: self.b_interface_id,
            length_km: self.length_km,
            medium: self.physical_medium_id,
            joins: [
                join(self.a_cross_connect_to, self.a_stays_unjoined),
                join(self.b_cross_connect_to, self.b_stays_unjoined),
            ],
            validate,
        }
    }
}

/// How to treat the link rules.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
struct RuleQuery {
    /// `false` skips the link rules, for repairs.
    #[param(value_type = Option<bool>)]
    validate: bool,
}

impl FromFields for RuleQuery {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { validate: fields.present("validate", parse::boolean).unwrap_or(true) })
    }
}

/// A new link with its new ports.
#[derive(Serialize, ToSchema)]
struct Connected<'a> {
    link: LinkView<'a>,
    interface_a: InterfaceView<'a>,
    interface_b: InterfaceView<'a>,
    message: String,
}

/// All links, ascending by id.
#[utoipa::path(
    get,
    path = "/api/links",
    tag = "links",
    params(PageParams),
    responses((status = 200, body = Vec<LinkView<'_>>), (status = 304, description = "Unchanged"))
)]
async fn list_links(
    State(state): State<ApiState>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    Query422(page): Query422<PageQuery>,
) -> Result<Response, ApiError> {
    listing::list::<Link>(&state, &headers, &page, &uri.to_string()).await
}

/// One link.
#[utoipa::path(
    get,
    path = "/api/links/{id}",
    tag = "links",
    params(("id" = u64, Path, description = "Link id")),
    responses((status = 200, body = LinkView<'_>), (status = 304, description = "Unchanged"))
)]
async fn get_link(
    State(state): State<ApiState>,
    PathId(id): PathId,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let snapshot = state.handle().read();
    let link = snapshot.link(LinkId(id))?.ok_or(ApiError::NotFound("Link not found"))?;
    let seq = snapshot.seq();
    let revision = Revision::of_link(&link);
    Ok(conditional::entity(&state, &headers, seq, revision, &LinkView::new(&link)))
}

/// Links two existing interfaces.
#[utoipa::path(
    post,
    path = "/api/links",
    tag = "links",
    params(RuleQuery),
    request_body = NewLinkBody,
    responses((status = 201, body = LinkView<'_>))
)]
async fn create_link(
    State(state): State<ApiState>,
    Query422(rules): Query422<RuleQuery>,
    Origin(origin): Origin,
    Body422(body): Body422<NewLinkBody>,
) -> Result<Response, ApiError> {
    let link = state.handle().execute(body.with_rules(rules.validate), origin).await?;
    Ok((StatusCode::CREATED, Json(LinkView::new(&link))).into_response())
}

/// Links two devices, at the ports that are chosen, or else at the next free port of the right kind
/// of each, or a new one.
#[utoipa::path(
    post,
    path = "/api/links/create-simple",
    tag = "links",
    params(RuleQuery),
    request_body = ConnectBody,
    responses((status = 200, body = Connected<'_>))
)]
async fn connect_devices(
    State(state): State<ApiState>,
    Query422(rules): Query422<RuleQuery>,
    Origin(origin): Origin,
    Body422(body): Body422<ConnectBody>,
) -> Result<Response, ApiError> {
    let command = body.with_rules(rules.validate);
    let ConnectedDevices { link, a, b, names: [a_name, b_name] } =
        state.handle().execute(command, origin).await?;
    let message = format!("Link created: {a_name} ({}) <-> {b_name} ({})", a.name, b.name);
    let answer = Connected {
        link: LinkView::new(&link),
        interface_a: InterfaceView::new(&a),
        interface_b: InterfaceView::new(&b),
        message,
    };
    Ok(Json(answer).into_response())
}

/// Changes to a link; absent keys do not change.
#[derive(ToSchema)]
#[schema(as = LinkPatch)]
pub(super) struct LinkPatchBody {
    #[schema(value_type = Option<f64>, minimum = 0.0)]
    length_km: Option<Option<f64>>,
    #[schema(schema_with = wire::nullable_medium_schema, required = false)]
    physical_medium_id: Option<Option<Medium>>,
    /// `UP` and `DOWN` override the status (`DOWN` for a fibre cut); null clears the override.
    #[schema(schema_with = wire::nullable_status_schema, required = false)]
    status_override: Option<Option<Status>>,
    #[schema(value_type = Option<String>, max_length = 255)]
    override_reason: Option<OverrideReason>,
    /// When the override ends by itself: a time in the future.
    #[schema(value_type = Option<String>, format = DateTime)]
    override_ends_at: Option<Timestamp>,
    /// Planned work alarms nobody.
    #[schema(required = false)]
    override_is_planned_work: bool,
    /// Only what is in service alarms.
    #[schema(schema_with = wire::lifecycle_schema, required = false)]
    lifecycle: Option<Lifecycle>,
}

/// The keys of an override beside its status.
const OVERRIDE_TERMS: [&str; 3] =
    ["override_reason", "override_ends_at", "override_is_planned_work"];

impl FromFields for LinkPatchBody {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self {
            length_km: fields.nullable("length_km", parse::not_negative),
            physical_medium_id: fields.nullable("physical_medium_id", parse::medium),
            status_override: if !fields.has("status_override")
                && OVERRIDE_TERMS.into_iter().any(|key| fields.has(key))
            {
                // A reason or an end without a status has no meaning.
                fields.required("status_override", parse::status).map(Some)
            } else {
                fields.nullable("status_override", parse::status)
            },
            override_reason: fields.optional("override_reason", parse::reason),
            override_ends_at: fields.optional("override_ends_at", parse::time),
            override_is_planned_work: fields
                .present("override_is_planned_work", parse::boolean)
                .unwrap_or(false),
            lifecycle: fields.present("lifecycle", parse::lifecycle),
        })
    }
}

impl From<LinkPatchBody> for LinkPatch {
    fn from(body: LinkPatchBody) -> Self {
        let set = |status| Override {
            status,
            reason: body.override_reason,
            ends_at: body.override_ends_at,
            is_planned_work: body.override_is_planned_work,
        };
        Self {
            length_km: body.length_km,
            medium: body.physical_medium_id,
            lifecycle: body.lifecycle,
            status_override: body.status_override.map(|status| status.map(set)),
        }
    }
}

/// A message and the link.
#[derive(Serialize, ToSchema)]
struct LinkMessage<'a> {
    message: &'static str,
    link: LinkView<'a>,
}

/// Changes a link, puts it into or out of service, or overrides its status: a fibre cut is `{"status_override":"DOWN"}`.
#[utoipa::path(
    patch,
    path = "/api/links/{id}",
    tag = "links",
    params(
        ("id" = u64, Path, description = "Link id"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that the change is meant for")
    ),
    request_body = LinkPatchBody,
    responses(
        (status = 200, body = LinkMessage<'_>),
        (status = 412, body = ChangedLink<'_>, description = "Changed meanwhile")
    )
)]
async fn update_link(
    State(state): State<ApiState>,
    PathId(id): PathId,
    if_match: IfMatch,
    Origin(origin): Origin,
    Body422(body): Body422<LinkPatchBody>,
) -> Result<Response, ApiError> {
    execute_patch(&state, if_match, LinkId(id), body.into(), "Link updated", origin).await
}

/// Clears the override of a link.
#[utoipa::path(
    delete,
    path = "/api/links/{id}/override",
    tag = "links",
    params(
        ("id" = u64, Path, description = "Link id"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that the change is meant for")
    ),
    responses(
        (status = 200, body = LinkMessage<'_>),
        (status = 412, body = ChangedLink<'_>, description = "Changed meanwhile")
    )
)]
async fn clear_override(
    State(state): State<ApiState>,
    PathId(id): PathId,
    if_match: IfMatch,
    Origin(origin): Origin,
) -> Result<Response, ApiError> {
    let patch = LinkPatch { status_override: Some(None), ..LinkPatch::default() };
    execute_patch(&state, if_match, LinkId(id), patch, "Status override cleared", origin).await
}

async fn execute_patch(
    state: &ApiState,
    if_match: IfMatch,
    id: LinkId,
    patch: LinkPatch,
    message: &'static str,
    origin: AuditOrigin,
) -> Result<Response, ApiError> {
    let link = if_match.on_link(state, id, UpdateLink { id, patch }, origin).await?;
    Ok(Json(LinkMessage { message, link: LinkView::new(&link) }).into_response())
}

/// Deletes a link; its interfaces stay.
#[utoipa::path(
    delete,
    path = "/api/links/{id}",
    tag = "links",
    params(
        ("id" = u64, Path, description = "Link id"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that the change is meant for")
    ),
    responses(
        (status = 204, description = "Deleted"),
        (status = 412, body = ChangedLink<'_>, description = "Changed meanwhile")
    )
)]
async fn delete_link(
    State(state): State<ApiState>,
    PathId(id): PathId,
    if_match: IfMatch,
    Origin(origin): Origin,
) -> Result<StatusCode, ApiError> {
    let id = LinkId(id);
    if_match.on_link(&state, id, DeleteLink(id), origin).await?;
    Ok(StatusCode::NO_CONTENT)
}
