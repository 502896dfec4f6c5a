//! Provisioning many devices at once.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::provision::ProvisionBody;
use crate::api::error::ApiError;
use crate::api::extract::{Body422, Origin};
use crate::api::state::ApiState;
use crate::api::validation::{Fields, FromFields};
use crate::domain::{ProvisionDevices, ProvisionedDevices};
use crate::wire::{DeviceView, LinkView};

/// Most rows in one request; they take a commit of at most about half a second.
pub(in crate::api) const BULK_ROWS_MAX: usize = 10_000;

/// Devices to provision together.
#[derive(ToSchema)]
#[schema(as = NewDevices)]
pub(super) struct BulkBody {
    /// In order: a row may refer to those above it.
    #[schema(max_items = 10_000)]
    devices: Vec<ProvisionBody>,
}

impl FromFields for BulkBody {
    /// About 1.6 kB per row; a typical row has 150 bytes.
    const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { devices: fields.objects("devices", BULK_ROWS_MAX)? })
    }
}

/// The provisioned devices, in the order of the rows.
#[derive(Serialize, ToSchema)]
pub(super) struct ProvisionedMany<'a> {
    devices: Vec<DeviceView<'a>>,
    interface_count: usize,
    message: String,
    /// The links of the rows with `connect_to`, in their order; absent if there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    links: Vec<LinkView<'a>>,
    /// Warnings about names that are easily confused with others, at most 101; absent if there are
    /// none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

/// Provisions up to 10,000 devices. If any row is invalid, none is provisioned and the errors are
/// returned.
#[utoipa::path(
    post,
    path = "/api/devices/bulk",
    tag = "devices",
    request_body = BulkBody,
    responses((status = 201, body = ProvisionedMany<'_>))
)]
pub(super) async fn provision_devices(
    State(state): State<ApiState>,
    Origin(origin): Origin,
    Body422(body): Body422<BulkBody>,
) -> Result<Response, ApiError> {
    let rows = body.devices.into_iter().map(Into::into).collect();
    let ProvisionedDevices { devices, links, interface_count, lookalikes } =
        state.handle().execute(ProvisionDevices(rows), origin).await?;
    let mut message = format!(
        "{} devices provisioned successfully with {interface_count} interfaces",
        devices.len()
    );
    if !links.is_empty() {
        message.push_str(&format!(" and {} links", links.len()));
    }
    let devices = devices.iter().map(|device| DeviceView::new(device)).collect();
    let links = links.iter().map(|link| LinkView::new(link)).collect();
    let warnings = lookalikes.warnings();
    let answer = ProvisionedMany { devices, interface_count, message, links, warnings };
    Ok((StatusCode::CREATED, Json(answer)).into_response())
}
