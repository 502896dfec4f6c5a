//! What-if: the effect of changes, without making them.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::devices::NewDeviceBody;
use super::error::ApiError;
use super::extract::Body422;
use super::links::{ConnectBody, LinkPatchBody};
use super::state::ApiState;
use super::validation::{Fields, FromFields, parse};
use crate::domain::{
    Change, ClearDeviceOverride, DeleteDevice, DeleteLink, DeviceId, LinkId, LinkPatch, Override,
    ProvisionDevice, SetDeviceOverride, SimulatedCommand, Status, UpdateLink,
};
use crate::wire::{DeviceView, LinkView};

/// Most changes in one simulation, which takes milliseconds.
const CHANGES_MAX: usize = 1_000;

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(simulate))
}

/// Changes to try together.
#[derive(ToSchema)]
#[schema(as = Simulation)]
struct SimulationBody {
    #[schema(max_items = 1_000)]
    changes: Vec<SimulationStep>,
}

/// One change to try.
struct SimulationStep(SimulatedCommand);

/// One change: `op` and the keys that it needs.
#[derive(ToSchema)]
#[schema(as = SimulationStep)]
#[expect(
    dead_code,
    reason = "read by the OpenAPI generator only; `SimulationStep` holds the command"
)]
struct StepSchema {
    /// `provision` (with the keys of a new device), `delete_device`, `override_device` (with
    /// `status`; null clears the override), `connect` (with the keys of create-simple),
    /// `update_link` (with the keys of a change to a link), `delete_link`.
    op: String,
    device_id: Option<u64>,
    link_id: Option<u64>,
    status: Option<String>,
}

impl utoipa::PartialSchema for SimulationStep {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        StepSchema::schema()
    }
}

impl ToSchema for SimulationStep {}

impl FromFields for SimulationBody {
    const BODY_BYTES_MAX: usize = 1024 * 1024;

    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { changes: fields.objects("changes", CHANGES_MAX)? })
    }
}

const OPS: [&str; 6] =
    ["provision", "delete_device", "override_device", "connect", "update_link", "delete_link"];

impl FromFields for SimulationStep {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let op = fields.required("op", parse::one_of(&OPS))?;
        let command = match op {
            "provision" => ProvisionDevice(NewDeviceBody::from_fields(fields)?.into()).into(),
            "connect" => ConnectBody::from_fields(fields)?.with_rules(true).into(),
            "delete_device" => DeleteDevice(device_id(fields)?).into(),
            "override_device" => override_device(fields)?,
            "update_link" => {
                let id = link_id(fields);
                let patch: LinkPatch = LinkPatchBody::from_fields(fields)?.into();
                UpdateLink { id: id?, patch }.into()
            }
            _ => DeleteLink(link_id(fields)?).into(),
        };
        Some(Self(command))
    }
}

fn device_id(fields: &mut Fields<'_>) -> Option<DeviceId> {
    fields.required("device_id", parse::id).map(DeviceId)
}

fn link_id(fields: &mut Fields<'_>) -> Option<LinkId> {
    fields.required("link_id", parse::id).map(LinkId)
}

fn override_device(fields: &mut Fields<'_>) -> Option<SimulatedCommand> {
    let id = device_id(fields);
    let status: Option<Status> = fields.optional("status", parse::status);
    let id = id?;
    Some(match status {
        Some(status) => {
            let status_override = Override::new(status, None);
            SetDeviceOverride { id, status_override }.into()
        }
        None => ClearDeviceOverride(id).into(),
    })
}

/// The devices and links that would change.
#[derive(Serialize, ToSchema)]
struct Simulated<'a> {
    device_count: usize,
    link_count: usize,
    /// Devices that would change; `before` is null for new devices, `after` for deleted ones.
    devices: Vec<SimulatedDevice<'a>>,
    links: Vec<SimulatedLink<'a>>,
}

/// A device before and after.
#[derive(Serialize, ToSchema)]
struct SimulatedDevice<'a> {
    id: u64,
    before: Option<DeviceView<'a>>,
    after: Option<DeviceView<'a>>,
}

/// A link before and after.
#[derive(Serialize, ToSchema)]
struct SimulatedLink<'a> {
    id: u64,
    before: Option<LinkView<'a>>,
    after: Option<LinkView<'a>>,
}

/// Returns which devices and links would change, and how. Nothing is committed.
#[utoipa::path(
    post,
    path = "/api/simulate",
    tag = "topology",
    request_body = SimulationBody,
    responses((status = 200, body = Simulated<'_>))
)]
async fn simulate(
    State(state): State<ApiState>,
    Body422(body): Body422<SimulationBody>,
) -> Result<Response, ApiError> {
    let commands = body.changes.into_iter().map(|step| step.0).collect();
    let changes = state.handle().simulate(commands).await?;
    Ok(Json(shown(&changes)).into_response())
}

fn shown(changes: &[Change]) -> Simulated<'_> {
    let mut devices = Vec::new();
    let mut links = Vec::new();
    for change in changes {
        match change {
            Change::Device(edit) => devices.push(SimulatedDevice {
                id: edit.latest().id.0,
                before: edit.before.as_deref().map(DeviceView::new),
                after: edit.after.as_deref().map(DeviceView::new),
            }),
            Change::Link(edit) => links.push(SimulatedLink {
                id: edit.latest().id.0,
                before: edit.before.as_deref().map(LinkView::new),
                after: edit.after.as_deref().map(LinkView::new),
            }),
            Change::Interface(_) => {}
        }
    }
    Simulated { device_count: devices.len(), link_count: links.len(), devices, links }
}
