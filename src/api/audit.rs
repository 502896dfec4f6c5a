//! The audit trail: who changed what, when, from what to what.
#![expect(unused_qualifications, reason = "utoipa's `params` expands to a qualified name")]

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::ApiError;
use super::extract::Query422;
use super::state::ApiState;
use super::validation::{Fields, FromFields, parse};
use crate::store::{AuditEntry, AuditImage};
use crate::wire::{DeviceView, InterfaceView, LinkView, Time};

/// Rows of one answer: each may show many entities before and after.
const ROWS_MAX: u64 = 500;
const ROWS_DEFAULT: u64 = 50;
/// Entities shown per row; `change_count` tells how many there were.
const IMAGES_SHOWN_MAX: usize = 100;

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(list_audit))
}

/// Which rows of the trail.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
struct AuditQuery {
    /// How many rows at most.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 500)]
    limit: u64,
    /// Only rows with a smaller id: the id of the last row of the previous answer.
    before: Option<u64>,
}

impl FromFields for AuditQuery {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let limit = fields.optional("limit", parse::integer_in(1, ROWS_MAX));
        let before = fields.optional("before", parse::integer_in(0, u64::MAX));
        Some(Self { limit: limit.unwrap_or(ROWS_DEFAULT), before })
    }
}

/// One accepted command.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditRow)]
struct AuditView<'a> {
    id: u64,
    /// The commit that it became durable with.
    seq: u64,
    #[schema(value_type = String, format = DateTime)]
    at: Time,
    /// Who asked.
    actor: &'a str,
    /// The request's `X-Request-Id`; empty outside HTTP.
    request_id: &'a str,
    action: &'a str,
    /// How many entities changed.
    change_count: u64,
    /// At most 100 of them.
    changes: Vec<ImageView<'a>>,
}

/// One entity before and after; null where it did not exist.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditChange)]
#[serde(tag = "kind", rename_all = "lowercase")]
#[expect(clippy::large_enum_variant, reason = "lives while one answer is written")]
enum ImageView<'a> {
    Device { id: u64, before: Option<DeviceView<'a>>, after: Option<DeviceView<'a>> },
    Interface { id: u64, before: Option<InterfaceView<'a>>, after: Option<InterfaceView<'a>> },
    Link { id: u64, before: Option<LinkView<'a>>, after: Option<LinkView<'a>> },
}

/// Accepted changes, newest first.
#[utoipa::path(
    get,
    path = "/api/audit",
    tag = "site",
    params(AuditQuery),
    responses((status = 200, body = Vec<AuditView<'_>>))
)]
async fn list_audit(
    State(state): State<ApiState>,
    Query422(query): Query422<AuditQuery>,
) -> Result<Response, ApiError> {
    let snapshot = state.handle().read();
    let limit = usize::try_from(query.limit).expect("at most ROWS_MAX rows");
    let rows = snapshot.audit(query.before.unwrap_or(u64::MAX))?.take(limit);
    let entries: Vec<AuditEntry> = rows.collect::<Result<_, _>>()?;
    let views: Vec<_> = entries.iter().map(view).collect();
    Ok(Json(views).into_response())
}

fn view(entry: &AuditEntry) -> AuditView<'_> {
    AuditView {
        id: entry.id,
        seq: entry.seq,
        at: Time(entry.at),
        actor: &entry.origin.actor,
        request_id: &entry.origin.request_id,
        action: &entry.action,
        change_count: entry.change_count,
        changes: entry.images.iter().take(IMAGES_SHOWN_MAX).map(image_view).collect(),
    }
}

fn image_view(image: &AuditImage) -> ImageView<'_> {
    match image {
        AuditImage::Device { id, before, after } => ImageView::Device {
            id: *id,
            before: before.as_deref().map(DeviceView::new),
            after: after.as_deref().map(DeviceView::new),
        },
        AuditImage::Interface { id, before, after } => ImageView::Interface {
            id: *id,
            before: before.as_deref().map(InterfaceView::new),
            after: after.as_deref().map(InterfaceView::new),
        },
        AuditImage::Link { id, before, after } => ImageView::Link {
            id: *id,
            before: before.as_deref().map(LinkView::new),
            after: after.as_deref().map(LinkView::new),
        },
    }
}
