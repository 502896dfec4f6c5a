//! Interfaces.

use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::ApiError;
use super::extract::{Body422, Origin, Query422};
use super::listing::{self, PageParams, PageQuery};
use super::state::ApiState;
use super::validation::{Fields, FromFields, parse};
use crate::domain::{CreateInterface, DeviceId, Interface, InterfaceType, Name};
use crate::wire::{self, InterfaceView};

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(list_interfaces, create_interface))
}

/// A port to create.
#[derive(ToSchema)]
#[schema(as = NewInterface)]
struct NewInterfaceBody {
    /// 1 to 128 characters, not blank, no control characters; unique on its device.
    #[schema(value_type = String, min_length = 1, max_length = 128)]
    name: Name,
    #[schema(schema_with = wire::interface_type_schema)]
    interface_type: InterfaceType,
    #[schema(value_type = u64)]
    device_id: DeviceId,
}

impl FromFields for NewInterfaceBody {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let name = fields.required("name", parse::name);
        let interface_type = fields.required("interface_type", parse::interface_type);
        let device_id = fields.required("device_id", parse::id).map(DeviceId);
        Some(Self { name: name?, interface_type: interface_type?, device_id: device_id? })
    }
}

/// All interfaces, ascending by id.
#[utoipa::path(
    get,
    path = "/api/interfaces",
    tag = "interfaces",
    params(PageParams),
    responses((status = 200, body = Vec<InterfaceView<'_>>), (status = 304, description = "Unchanged"))
)]
async fn list_interfaces(
    State(state): State<ApiState>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    Query422(page): Query422<PageQuery>,
) -> Result<Response, ApiError> {
    listing::list::<Interface>(&state, &headers, &page, &uri.to_string()).await
}

/// Creates a port on a device.
#[utoipa::path(
    post,
    path = "/api/interfaces",
    tag = "interfaces",
    request_body = NewInterfaceBody,
    responses((status = 201, body = InterfaceView<'_>))
)]
async fn create_interface(
    State(state): State<ApiState>,
    Origin(origin): Origin,
    Body422(body): Body422<NewInterfaceBody>,
) -> Result<Response, ApiError> {
    let command = CreateInterface {
        device: body.device_id,
        name: body.name,
        interface_type: body.interface_type,
    };
    let interface = state.handle().execute(command, origin).await?;
    Ok((StatusCode::CREATED, Json(InterfaceView::new(&interface))).into_response())
}
